// How transactions leave this node and how those of peers are judged, with a real mempool and real signatures.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TransactionRelay } from '../../src/node/transaction-relay.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { decodeTransaction, type TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { MAX_BATCH_TRANSACTIONS, MAX_GOSSIP_BYTES } from '../../src/primitives/wire.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { Account, forge, setup } from '../mempool/fixture.ts';

const relayTest = suite('transaction relay');
const accounts = Array.from({ length: 80 }, (_, number) => new Account(number));
const [alice, bob] = accounts as [Account, Account];
/** As in src/node/transaction-relay.ts. */
const MAX_BATCH_BYTES = 128 * 1024;
/** After this (ms) a relay has all transactions that others have. */
const WARM_MS = 30_000;

/** ssz(TransactionBatch), written out: an offset for each transaction, then the transactions. */
function batchOf(...envelopes: readonly TransactionEnvelope[]): Uint8Array {
  const offsets = new DataView(new ArrayBuffer(4 * envelopes.length));
  let offset = 4 * envelopes.length;
  for (const [index, { bytes }] of envelopes.entries()) {
    offsets.setUint32(4 * index, offset, true);
    offset += bytes.length;
  }
  return Buffer.concat([new Uint8Array(offsets.buffer), ...envelopes.map(({ bytes }) => bytes)]);
}

function idsIn(batch: Uint8Array): string[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  const count = view.getUint32(0, true) / 4;
  const starts = Array.from({ length: count }, (_, index) => view.getUint32(4 * index, true));
  return starts.map((start, index) => decodeTransaction(batch.slice(start, starts[index + 1])).idHex);
}

const idsOf = (envelopes: readonly TransactionEnvelope[]) => envelopes.map(({ idHex }) => idHex);

function open({ publish = async (_batch: Uint8Array): Promise<void> => undefined, limits = {} } = {}) {
  const { mempool, head } = setup(accounts, limits);
  const batches: Uint8Array[] = [];
  const rejected: string[] = [];
  const clock = { now: 0 };
  const relay = new TransactionRelay({
    mempool,
    publish: (batch) => {
      batches.push(batch);
      return publish(batch);
    },
    onSubmitted: () => undefined,
    onRejected: (code) => rejected.push(code),
    now: () => clock.now,
    logger: silentLogger(),
    random: () => 0.5,
  });
  clock.now = WARM_MS;
  /** Until this many transactions were published in all. */
  const published = async (count: number) => {
    const all = async () => {
      while (batches.flatMap(idsIn).length < count) await new Promise((resolve) => setTimeout(resolve, 2));
    };
    await withTimeout(all(), 5000, `${count} transactions to be published`);
    return batches.map(idsIn);
  };
  return { relay, mempool, head, batches, rejected, published, clock };
}

/** As many as asked for, from senders in turn, with nonces that fit. */
function payments(count: number, wish: { memoBytes?: number } = {}): TransactionEnvelope[] {
  return Array.from({ length: count }, (_, i) =>
    (accounts[i % accounts.length] as Account).pay({ nonce: Math.floor(i / accounts.length), ...wish }),
  );
}

relayTest('a lone transaction leaves at once, those after it together', async () => {
  const { relay, batches, published } = open();
  const sent = payments(6);
  const [first, ...rest] = sent as [TransactionEnvelope, ...TransactionEnvelope[]];
  assert.equal(await relay.submit(first), { status: 'accepted' });
  assert.equal(batches.map(idsIn), [[first.idHex]]);
  await Promise.all(rest.map((one) => relay.submit(one)));
  assert.is(batches.length, 1, 'gathered');
  assert.equal(await published(6), [[first.idHex], idsOf(rest)]);
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.is(batches.length, 2, 'nothing is published twice, and no empty batch');
  const later = alice.pay({ nonce: 1 });
  await relay.submit(later);
  assert.equal(batches.map(idsIn).at(-1), [later.idHex], 'after a quiet time the next one leaves at once');
  relay.stop();
});

relayTest('a batch holds no more transactions than its type', async () => {
  const { relay, batches, published } = open();
  const sent = payments(MAX_BATCH_TRANSACTIONS + 10);
  // Accepted in one turn: no timer can part them.
  await Promise.all(sent.map((one) => relay.submit(one)));
  assert.equal(
    batches.map((batch) => idsIn(batch).length),
    [1, MAX_BATCH_TRANSACTIONS],
    'a full batch does not wait',
  );
  const all = await published(sent.length);
  assert.equal(all.flat(), idsOf(sent));
  assert.is(all.length, 3);
  relay.stop();
});

relayTest('a batch holds no more bytes than votes can wait for', async () => {
  const { relay, batches, published } = open();
  const sent = payments(500, { memoBytes: 256 });
  await Promise.all(sent.map((one) => relay.submit(one)));
  const all = await published(sent.length);
  assert.equal(all.flat(), idsOf(sent));
  assert.ok(all.length >= 3);
  const sizes = batches.map((batch) => batch.length - 4 * idsIn(batch).length);
  assert.ok(Math.max(...sizes) <= MAX_BATCH_BYTES, `${Math.max(...sizes)} bytes`);
  assert.ok(Math.max(...sizes) > MAX_BATCH_BYTES - 1024, 'and is filled before it leaves');
  relay.stop();
});

relayTest('what the mempool refuses or knows is not published', async () => {
  const { relay, batches, rejected } = open();
  const one = alice.pay();
  await relay.submit(one);
  assert.equal(await relay.submit(one), { status: 'known' });
  assert.is((await relay.submit(forge(bob.pay()))).status, 'rejected');
  assert.is((await relay.submit(bob.pay({ nonce: 5 }))).status, 'rejected');
  assert.equal(rejected, ['BAD_SIGNATURE', 'NONCE_TOO_HIGH']);
  assert.is(batches.length, 1);
  relay.stop();
});

relayTest('a client does not hear of a network that fails', async () => {
  const { relay, mempool } = open({ publish: () => Promise.reject(new Error('not running')) });
  const one = alice.pay();
  assert.equal(await relay.submit(one), { status: 'accepted' });
  assert.ok(mempool.has(one.idHex));
  relay.stop();
});

relayTest('a batch of a peer goes on when something in it is new', async () => {
  const { relay, mempool, batches, rejected } = open();
  const [first, second, third] = payments(3) as [TransactionEnvelope, TransactionEnvelope, TransactionEnvelope];
  assert.is(await relay.receive(batchOf(first, second)), 'accept');
  assert.is(mempool.size, 2);
  assert.is(await relay.receive(batchOf(first, second)), 'ignore', 'known');
  assert.is(await relay.receive(batchOf(second, third)), 'accept');
  assert.is(await relay.receive(batchOf(third, third)), 'ignore');
  assert.equal(rejected, []);
  assert.is(batches.length, 0, 'gossip itself forwards what came by gossip');
  relay.stop();
});

relayTest('a peer is not blamed for what depends on the head', async () => {
  const { relay, head, rejected } = open();
  head.set(alice, 1_000_000n, 3);
  const poor = new Account(999);
  const verdicts = [
    await relay.receive(batchOf(alice.pay({ nonce: 2 }))),
    await relay.receive(batchOf(alice.pay({ nonce: 9 }))),
    await relay.receive(batchOf(bob.pay({ validUntil: 1 }))),
    await relay.receive(batchOf(bob.pay({ fee: 1n }))),
    await relay.receive(batchOf(poor.pay())),
  ];
  assert.equal(verdicts, new Array(5).fill('ignore'));
  assert.equal(rejected, ['NONCE_TOO_LOW', 'NONCE_TOO_HIGH', 'EXPIRED', 'FEE_TOO_LOW', 'INSUFFICIENT_FUNDS_FOR_FEE']);
  assert.is(await relay.receive(batchOf(alice.pay({ nonce: 2 }), alice.pay({ nonce: 3 }))), 'accept');
  relay.stop();
});

relayTest(
  'while transactions are missing here, after a start or when there was no room, nothing is said of the peer',
  async () => {
    const { relay, clock, mempool } = open({ limits: { maxTransactions: 2 } });
    const ahead = () => relay.receive(batchOf(alice.pay({ nonce: 9 })));
    assert.is(await ahead(), 'ignore');
    clock.now = WARM_MS - 1;
    assert.is(await ahead(), 'unjudged', 'after a start');
    clock.now = WARM_MS;
    assert.is(await relay.receive(batchOf(...payments(2))), 'accept');
    assert.is(mempool.size, 2);
    assert.is(await relay.receive(batchOf(...payments(3).slice(2))), 'unjudged', 'no room');
    assert.is(await ahead(), 'unjudged');
    assert.is(await relay.receive(new Uint8Array(3)), 'reject', 'garbage is garbage');
    clock.now = 2 * WARM_MS;
    assert.is(await ahead(), 'ignore');
    relay.stop();
  },
);

relayTest('one bad signature blames the batch; what was good in it is kept', async () => {
  const { relay, mempool, rejected } = open();
  const good = alice.pay();
  assert.is(await relay.receive(batchOf(good, forge(bob.pay()))), 'reject');
  assert.ok(mempool.has(good.idHex));
  assert.is(mempool.size, 1);
  assert.equal(rejected, ['BAD_SIGNATURE']);
  const longer = Buffer.concat([batchOf(bob.pay()), Uint8Array.of(0)]);
  assert.is(await relay.receive(longer), 'reject', 'a byte more is another memo');
  relay.stop();
});

relayTest('so does a signature inside an action that does not hold', async () => {
  const { relay, mempool, rejected } = open();
  const key = { publicKey: alice.key.publicKey, proof: new Uint8Array(64) };
  const unproven = bob.send({ selector: 3, value: { key, commission: null } });
  assert.is(await relay.receive(batchOf(unproven)), 'reject');
  const same = { kind: 0, hash: ZERO_HASH, signature: new Uint8Array(64) } as const;
  const messages = { selector: 0, value: { first: same, second: same } } as const;
  const evidence = { epoch: 1, validatorsRoot: ZERO_HASH, publicKey: alice.key.publicKey, slot: 1, messages };
  assert.is(await relay.receive(batchOf(bob.send({ selector: 7, value: { evidence } }))), 'reject');
  assert.is(mempool.size, 0);
  assert.equal(rejected, ['BAD_PROOF', 'BAD_EVIDENCE']);
  relay.stop();
});

relayTest('garbage, truncated and overlong batches are blamed and cost no signature check', async () => {
  let checks = 0;
  const { mempool } = setup(accounts, {}, async (envelopes) => {
    checks += envelopes.length;
    return envelopes.map(() => 'good' as const);
  });
  const options = {
    publish: async () => undefined,
    onSubmitted: () => undefined,
    onRejected: () => undefined,
    now: () => 0,
    logger: silentLogger(),
    random: () => 0.5,
  };
  const relay = new TransactionRelay({ mempool, ...options });
  const batch = batchOf(alice.pay(), bob.pay());
  const bad: Uint8Array[] = [
    new Uint8Array(),
    new Uint8Array(3),
    new Uint8Array(1000).fill(0xff),
    new Uint8Array(1000),
    batch.slice(0, -1),
    batch.slice(0, 10),
    batch.slice(1),
    batchOf(...payments(MAX_BATCH_TRANSACTIONS + 1)),
    batchOf({ ...alice.pay(), bytes: new Uint8Array(100) }),
    new Uint8Array(MAX_GOSSIP_BYTES),
  ];
  for (const [index, bytes] of bad.entries()) assert.is(await relay.receive(bytes), 'reject', `bytes ${index}`);
  assert.is(checks, 0);
  assert.is(mempool.size, 0);
  assert.is(await relay.receive(batchOf(...payments(MAX_BATCH_TRANSACTIONS))), 'accept', 'as long as may be');
});

relayTest('stop sends what was gathered; what is still being checked does not leave any more', async () => {
  const { relay, batches } = open();
  const [first, second, third] = payments(3) as [TransactionEnvelope, TransactionEnvelope, TransactionEnvelope];
  await relay.submit(first);
  await relay.submit(second);
  const late = relay.submit(third);
  relay.stop();
  assert.equal(await late, { status: 'accepted' });
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.equal(batches.map(idsIn), [[first.idHex], [second.idHex]]);
  relay.stop();
});

relayTest('what nobody could hear is said again when peers come, whatever became of the first time', async () => {
  let isAlone = true;
  const { relay, batches, published, clock } = open({
    publish: async () => {
      if (isAlone) throw new Error('nobody is connected');
    },
  });
  const sent = payments(3);
  for (const one of sent) await relay.submit(one);
  await published(3);
  batches.length = 0;
  clock.now += 5_000;
  isAlone = false;
  relay.peerCame();
  // Drawn in the middle of two seconds, after a look that is made each second.
  await withTimeout(
    eventuallyTrue(() => {
      clock.now += 50;
      return batches.length > 0;
    }),
    5000,
    'to be said again',
  );
  assert.equal(batches.flatMap(idsIn), idsOf(sent), 'in the order of nonces');
  relay.stop();
});

relayTest('what is in a block, or gone, is not said again', async () => {
  const { relay, batches, mempool, head, clock } = open();
  const [first, second] = [alice.pay(), alice.pay({ nonce: 1 })] as const;
  for (const one of [first, second]) await relay.submit(one);
  head.set(alice, 1_000_000n, 1);
  mempool.onFinalized([first], head);
  batches.length = 0;
  clock.now += 60_000;
  await withTimeout(
    eventuallyTrue(() => batches.length > 0),
    5000,
    'to be said again',
  );
  assert.equal(batches.flatMap(idsIn), [second.idHex]);
  relay.stop();
});

relayTest('what was fetched for a proposal waits here too, and is not passed on', async () => {
  const { relay, batches, mempool } = open();
  const [good, other] = [alice.pay(), bob.pay()];
  relay.fetched([good.bytes, new Uint8Array(200), forge(other).bytes]);
  await withTimeout(
    eventuallyTrue(() => mempool.has(good.idHex)),
    5000,
    'to be taken',
  );
  assert.is(mempool.size, 1);
  assert.equal(batches, []);
  assert.not(relay.isFresh(good.idHex));
  relay.stop();
});

async function eventuallyTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}

relayTest.run();
