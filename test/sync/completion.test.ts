// What a compact block lacks, from peers that hold it, hold a part, say nothing, or lie.

import { SerializedList } from '@chainsafe/ssz';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compactBlock } from '../../src/chain/compact.ts';
import { DEFAULT_RATE_LIMITS } from '../../src/network/rate-limit.ts';
import { Block, CompactBlock } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { type Hash, sha256 } from '../../src/primitives/hash.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { CertifiedBlock } from '../../src/primitives/wire.ts';
import { Completion, type CompletionOptions } from '../../src/sync/completion.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { account, makeGenesis, Node, pay } from '../chain/fixture.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { hang, stream, TestNetwork, type TestPeer } from './fixture.ts';

const completionTest = suite('completion of proposals');
const ACCOUNTS = 20;
const GENESIS = makeGenesis({ accounts: ACCOUNTS });
const payments = Array.from({ length: ACCOUNTS }, (_, from) => pay(GENESIS, { from, to: account(from + 1) }));
const strange = pay(GENESIS, { from: 0, to: account(1), memo: 'another' });

let judge: Node;
let block: Block;
let hash: Hash;
completionTest.before(async () => {
  judge = await Node.open(GENESIS);
  ({ block, hash } = await judge.build(payments));
});
completionTest.after(() => judge.remove());

type Held = Pick<TransactionEnvelope, 'idHex' | 'bytes'>;

/** A peer that holds these transactions, and not the block. */
function holderOf(id: string, envelopes: readonly Held[]): TestPeer {
  const held = new Map(envelopes.map(({ idHex, bytes }) => [idHex, bytes]));
  return { id, height: 0, transactions: async (ids) => ids.flatMap((one) => held.get(toHex(one)) ?? []) };
}

const whole = (one: Block) => () => stream(CertifiedBlock.serialize({ block: one, certificate: null }));

/** A proposal, of the front or not, and until when it is waited for. */
interface Arrival {
  readonly of?: { readonly hash: Hash; readonly block: CompactBlock };
  readonly isAtFront?: () => boolean;
  readonly signal?: AbortSignal;
}

interface Rig {
  /** what comes of a compact block when it arrives from this peer, `block` unless said otherwise; its encoding */
  complete(from: string, arrival?: Arrival): Promise<Uint8Array | undefined>;
  readonly network: TestNetwork;
  readonly completion: Completion;
  /** ids of what had to be asked for */
  readonly fetched: string[];
}

/** @param missing what this node lacks of the block, from the first transaction on */
async function withRig(
  { peers, missing }: { peers: readonly TestPeer[]; missing: number },
  body: (rig: Rig) => Promise<void>,
  changes: Partial<CompletionOptions> = {},
): Promise<void> {
  const network = new TestNetwork(...peers);
  const order = Array.from(block.body.transactions);
  const held = new Map(payments.map(({ idHex, bytes }) => [idHex, bytes]));
  const fetched: string[] = [];
  const compact = CompactBlock.deserialize(CompactBlock.serialize(compactBlock(block, () => false)));
  const lacking = new Set(compact.transactionIds.slice(0, missing).map(toHex));
  assert.is(order.length, ACCOUNTS);
  const completion = new Completion({
    network,
    held: () => undefined,
    find: (idHex) => (lacking.has(idHex) ? undefined : held.get(idHex)),
    bodyMatches: (one) => judge.chain.bodyMatches(one),
    onFetched: (transactions) => fetched.push(...transactions.map((one) => toHex(one))),
    logger: silentLogger(),
    ...changes,
  });
  const complete = async (from: string, arrival: Arrival = {}) => {
    const { of = { hash, block: compact }, isAtFront = () => false, signal = new AbortController().signal } = arrival;
    const completed = await withTimeout(
      Promise.resolve(completion.complete(of.hash, of.block, from, { signal, isAtFront })),
      8000,
      'the completion of a block',
    );
    return completed && Block.serialize(completed);
  };
  try {
    await body({ complete, network, completion, fetched });
  } finally {
    completion.stop();
  }
}

const expected = () => Block.serialize(block);

completionTest('nothing is asked for where nothing is missing', async () => {
  await withRig({ peers: [holderOf('a', payments)], missing: 0 }, async ({ complete, network, fetched }) => {
    assert.equal(await complete('a'), expected());
    assert.equal(network.asked, []);
    assert.equal(fetched, []);
  });
});

completionTest('a block that is here already is taken as it is', async () => {
  await withRig({ peers: [], missing: 20 }, async ({ complete }) => assert.equal(await complete('a'), expected()), {
    held: () => block,
  });
});

completionTest('what is missing comes from the peer that sent the proposal', async () => {
  const peers = ['a', 'b', 'c'].map((id) => holderOf(id, payments));
  await withRig({ peers, missing: 10 }, async ({ complete, network, fetched }) => {
    assert.equal(await complete('c'), expected());
    assert.equal(network.asked, ['c']);
    assert.is(fetched.length, 10);
  });
});

completionTest('several peers may have a part of it each', async () => {
  const peers = [
    holderOf('a', payments.slice(0, 7)),
    holderOf('b', payments.slice(7, 14)),
    holderOf('c', payments.slice(14)),
  ];
  await withRig({ peers, missing: 10 }, async ({ complete, network }) => {
    assert.equal(await complete('a'), expected());
    assert.ok(network.asked.length <= 3);
    assert.equal(network.requests, [], 'no whole block was asked for');
  });
});

completionTest('a peer that says nothing is not waited for alone', async () => {
  const silent: TestPeer = { id: 'silent', height: 0, transactions: (_ids, signal) => hang(signal) };
  await withRig({ peers: [silent, holderOf('b', payments)], missing: 3 }, async ({ complete, network }) => {
    assert.equal(await complete('silent'), expected());
    assert.equal(network.asked, ['silent', 'b']);
    assert.equal(network.reports, [], 'to be slow is no offence');
  });
});

completionTest('who answers with something else is told on, and others are asked', async () => {
  const liar: TestPeer = { id: 'liar', height: 0, transactions: async () => [strange.bytes] };
  await withRig({ peers: [liar, holderOf('b', payments)], missing: 3 }, async ({ complete, network, fetched }) => {
    assert.equal(await complete('liar'), expected());
    assert.equal(network.reports, ['liar: untrue']);
    assert.not(fetched.includes(toHex(strange.bytes)));
  });
});

completionTest('the whole block where much is missing, or nobody has the transactions', async () => {
  const peers: TestPeer[] = [
    { id: 'empty', height: 0 },
    { id: 'whole', height: 0, blocks: () => whole(block)() },
  ];
  await withRig({ peers, missing: 11 }, async ({ complete, network }) => {
    assert.equal(await complete('whole'), expected());
    assert.equal(network.asked, ['whole']);
    assert.equal(network.requests, [{ selector: 1, value: [hash] }]);
  });
  await withRig({ peers, missing: 2 }, async ({ complete, network, fetched }) => {
    assert.equal(await complete('empty'), expected());
    assert.equal(network.asked.slice(0, 2), ['empty', 'whole'], 'first for the transactions');
    assert.is(network.requests.length >= 1, true);
    assert.equal(fetched, []);
  });
});

completionTest('another block in the place of this one counts against its sender', async () => {
  const other = (await judge.build(payments.slice(1), { delay: 2 })).block;
  const body = { ...block.body, transactions: other.body.transactions };
  for (const lie of [other, { header: block.header, body }]) {
    const peers: TestPeer[] = [
      { id: 'liar', height: 0, blocks: () => whole(lie)() },
      { id: 'whole', height: 0, blocks: () => whole(block)() },
    ];
    await withRig({ peers, missing: 20 }, async ({ complete, network }) => {
      assert.equal(await complete('liar'), expected());
      assert.equal(network.reports, ['liar: untrue']);
    });
  }
});

completionTest('what nobody has leaves nothing, and blames nobody', async () => {
  const peers = Array.from({ length: 12 }, (_, index): TestPeer => ({ id: `peer ${index}`, height: 0 }));
  await withRig({ peers, missing: 1 }, async ({ complete, network }) => {
    assert.is(await complete('peer 3'), undefined);
    assert.is(network.asked[0], 'peer 3');
    assert.is(network.asked.length, 3 * 2 * 8, 'eight peers, twice in each of three rounds');
    assert.equal(network.reports, []);
  });
  await withRig({ peers: [], missing: 1 }, async ({ complete }) => assert.is(await complete('gone'), undefined));
});

completionTest('however many proposals lack something, a peer is asked less than it grants', async () => {
  const { burst } = DEFAULT_RATE_LIMITS.requests;
  await withRig({ peers: [{ id: 'only', height: 0 }], missing: 1 }, async ({ complete, network }) => {
    const arrivals = Array.from({ length: burst }, (_, index) => ({ isAtFront: () => index % 2 === 0 }));
    await Promise.all(arrivals.map((arrival) => complete('only', arrival)));
    const { asked } = network;
    assert.ok(asked.length >= 20, 'it is asked');
    assert.ok(asked.length < burst / 2, `${asked.length} requests`);
  });
});

/** Another block, and transactions of it that nobody has gossiped: `count` of so many bytes, half of which it carries. */
function strangeBlock(count: number, bytes: number): { of: NonNullable<Arrival['of']>; missing: Held[] } {
  const transactions = Array.from({ length: count }, (_, index) => new Uint8Array(bytes).fill(index));
  const ids = transactions.map((one) => sha256(one));
  const half = Math.floor(count / 2);
  const carried = SerializedList.fromArray(transactions.slice(0, half));
  const { header, body } = block;
  const compact = { header, justification: body.justification, transactionIds: ids, carried };
  const missing = transactions.slice(half).map((one) => ({ idHex: toHex(sha256(one)), bytes: one }));
  return { of: { hash: sha256(ids[0] as Hash), block: compact }, missing };
}

completionTest('the proposal that can be voted on now is completed, whatever is asked for others', async () => {
  const { of } = strangeBlock(2, 100);
  await withRig({ peers: [holderOf('only', payments)], missing: 3 }, async ({ complete, network }) => {
    let isOver = false;
    const others = Array.from({ length: 64 }, async () => {
      while (!isOver) await complete('only', { of });
    });
    await Promise.resolve();
    assert.ok(network.asked.length > 0, 'others are asked for');
    try {
      for (let repeat = 0; repeat < 3; repeat++) {
        assert.equal(await complete('only', { isAtFront: () => true }), expected());
      }
    } finally {
      isOver = true;
      await Promise.all(others);
    }
  });
});

completionTest('nor do the bytes count that come for others, which are bounded too', async () => {
  const { of, missing } = strangeBlock(30, 60_000);
  await withRig({ peers: [holderOf('rich', [...payments, ...missing])], missing: 3 }, async ({ complete }) => {
    const started = performance.now();
    let times = 0;
    while ((await complete('rich', { of })) !== undefined) times++;
    const seconds = (performance.now() - started) / 1000;
    const mebibytes = (times * 15 * 60_000) / 2 ** 20;
    assert.ok(times > 1);
    assert.ok(mebibytes < 4 + seconds, `${mebibytes} MiB in ${seconds} s`);
    assert.equal(await complete('rich', { isAtFront: () => true }), expected());
  });
});

completionTest('a slot that comes to the front has its share from then on', async () => {
  let isAtFront = false;
  const { of } = strangeBlock(2, 100);
  await withRig({ peers: [holderOf('only', payments)], missing: 3 }, async ({ complete }) => {
    const others = Array.from({ length: 64 }, () => complete('only', { of }));
    const ours = complete('only', { isAtFront: () => isAtFront });
    isAtFront = true;
    assert.equal(await ours, expected());
    await Promise.all(others);
  });
});

completionTest('who does not wait any more has nobody asked', async () => {
  const over = new AbortController();
  const silent: TestPeer = { id: 'silent', height: 0, transactions: (_ids, signal) => hang(signal) };
  const peers = [silent, ...['b', 'c', 'd'].map((id): TestPeer => ({ id, height: 0 }))];
  await withRig({ peers, missing: 1 }, async ({ complete, network }) => {
    const completed = complete('silent', { signal: over.signal });
    over.abort();
    assert.is(await completed, undefined);
    assert.equal(network.asked, ['silent']);
    assert.equal(network.requests, []);
    assert.is(await complete('silent', { signal: over.signal }), undefined);
    assert.equal(network.asked, ['silent']);
  });
});

completionTest('only what is missing is looked for again', async () => {
  let looked = 0;
  const held = new Map(payments.map(({ idHex, bytes }) => [idHex, bytes]));
  const find = (idHex: string) => {
    looked++;
    return idHex === payments[0]?.idHex ? undefined : held.get(idHex);
  };
  const peers = ['a', 'b', 'c', 'd'].map((id): TestPeer => ({ id, height: 0 }));
  await withRig(
    { peers, missing: 0 },
    async ({ complete }) => {
      assert.is(await complete('a'), undefined);
      assert.ok(looked < 3 * ACCOUNTS, `${looked} times`);
    },
    { find },
  );
});

completionTest('who waits for the same is asked again', async () => {
  let rounds = 0;
  const waiting: TestPeer = {
    id: 'waiting',
    height: 0,
    transactions: async (ids) => {
      const envelopes = rounds++ === 0 ? [] : payments;
      return ids.flatMap((id) => envelopes.find(({ idHex }) => idHex === toHex(id))?.bytes ?? []);
    },
  };
  await withRig({ peers: [waiting], missing: 4 }, async ({ complete, network }) => {
    assert.equal(await complete('waiting'), expected());
    assert.is(rounds, 2);
    assert.equal(network.reports, []);
  });
});

completionTest('the block may come another way while peers are asked', async () => {
  let isHere = false;
  const empty: TestPeer = {
    id: 'empty',
    height: 0,
    transactions: async () => {
      isHere = true;
      return [];
    },
  };
  await withRig(
    { peers: [empty], missing: 1 },
    async ({ complete, network }) => {
      assert.equal(await complete('empty'), expected());
      assert.equal(network.asked, ['empty']);
    },
    { held: () => (isHere ? block : undefined) },
  );
});

completionTest('what comes by gossip meanwhile need not be asked for', async () => {
  let all = false;
  const held = new Map(payments.map(({ idHex, bytes }) => [idHex, bytes]));
  const slow: TestPeer = {
    id: 'slow',
    height: 0,
    transactions: (_ids, signal) => {
      all = true;
      return hang(signal);
    },
  };
  await withRig(
    { peers: [slow, { id: 'b', height: 0 }], missing: 0 },
    async ({ complete, network, fetched }) => {
      assert.equal(await complete('slow'), expected());
      assert.equal(network.asked, ['slow']);
      assert.equal(fetched, []);
    },
    { find: (idHex) => (all || idHex !== payments[0]?.idHex ? held.get(idHex) : undefined) },
  );
});

completionTest('once stopped, nothing more is found', async () => {
  const silent: TestPeer = { id: 'silent', height: 0, transactions: (_ids, signal) => hang(signal) };
  await withRig({ peers: [silent], missing: 1 }, async ({ complete, completion }) => {
    const completed = complete('silent');
    completion.stop();
    assert.is(await completed, undefined);
  });
});

completionTest.run();
