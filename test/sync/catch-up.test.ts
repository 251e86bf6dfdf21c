// A node that was away catches up from peers, honest and lying, with real blocks on a real database.

import { mock } from 'node:test';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Anchor } from '../../src/consensus/types.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { FINAL } from '../../src/primitives/consensus.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { CATCH_UP_DISTANCE, CatchUp, type CatchUpOptions } from '../../src/sync/catch-up.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { applySynced, Node } from '../chain/fixture.ts';
import { withTimeout } from '../helpers/timeout.ts';
import {
  type BlocksAnswer,
  buildChain,
  encode,
  forge,
  GENESIS,
  hang,
  holds,
  rangeOf,
  type SampleBlock,
  sign,
  stream,
  TestNetwork,
  type TestPeer,
  TRUSTING,
} from './fixture.ts';

const catchUpTest = suite('catch-up');
const LENGTH = 24;
const blocks = await buildChain(LENGTH);
const block = (height: number) => blocks[height - 1] as SampleBlock;

interface Setup {
  readonly node: Node;
  readonly network: TestNetwork;
  readonly catchUp: CatchUp;
  /** blocks after which consensus goes on */
  readonly anchors: Anchor[];
  readonly fatal: Error[];
  /** blocks until nothing more is to be had from anyone */
  settle(): Promise<void>;
  height(): number;
}

/** @param changes to the chain as catch-up sees it */
async function withCatchUp(
  peers: readonly TestPeer[],
  body: (setup: Setup) => Promise<void>,
  changes: (node: Node) => Partial<CatchUpOptions['chain']> = () => ({}),
): Promise<void> {
  const node = await Node.open(GENESIS);
  const network = new TestNetwork(...peers);
  const anchors: Anchor[] = [];
  const fatal: Error[] = [];
  const { chain } = node;
  const catchUp = new CatchUp({
    network,
    chain: {
      get head() {
        return chain.head;
      },
      get epoch() {
        return chain.epoch;
      },
      prepare: (one) => chain.prepare(one),
      executeSynced: (one, certificate) => chain.executeSynced(one, certificate),
      finalize: (hash, certificate) => chain.finalize(hash, certificate),
      ...changes(node),
    },
    trust: TRUSTING,
    bodyMatches: (one) => chain.bodyMatches(one),
    holds,
    onSynced: (anchor) => anchors.push(anchor),
    onFatal: (error) => fatal.push(error),
    now: () => Date.now(),
    logger: silentLogger(),
  });
  const settle = async () => {
    // Not withTimeout: tests move the timers.
    for (const limit = performance.now() + 20_000; catchUp.status.syncing; await new Promise(setImmediate)) {
      if (performance.now() > limit) throw new Error('catch-up does not come to an end');
    }
  };
  try {
    const height = () => chain.head.height;
    await body({
      node,
      network,
      catchUp,
      anchors,
      fatal,
      settle,
      height,
    });
  } finally {
    mock.timers.reset();
    await withTimeout(catchUp.stop(), 5000, 'catch-up to stop');
    await node.remove();
  }
}

/** From here on time stands still until `mock.timers.tick`. */
function holdTime(): void {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_800_000_000_000 });
}

const honest = (changes: Partial<TestPeer> = {}): TestPeer => ({
  id: 'honest',
  height: LENGTH,
  blocks: rangeOf(blocks),
  ...changes,
});

catchUpTest('brings the chain to the head of a peer and tells consensus each Final', async () => {
  const isFinal = (height: number) => height % 3 === 0;
  await withCatchUp(
    [honest({ blocks: rangeOf(blocks, isFinal) })],
    async ({ node, catchUp, anchors, fatal, settle }) => {
      catchUp.consider();
      assert.ok(catchUp.status.syncing);
      assert.is(catchUp.status.target, LENGTH);
      await settle();
      assert.equal(node.chain.head.hash, block(LENGTH).hash);
      assert.equal(
        anchors.map(({ header }) => header.height),
        [3, 6, 9, 12, 15, 18, 21, 24],
      );
      for (const { hash, certificate, slot } of anchors) {
        assert.is(certificate?.kind, FINAL);
        assert.equal(certificate?.hash, hash);
        assert.is(certificate?.slot, slot);
      }
      assert.is((await node.store.blockByHeight(3))?.certificate?.kind, FINAL, 'kept, to serve others');
      assert.equal(fatal, []);
      assert.ok(catchUp.status.blocksPerSecond > 0);
      assert.equal(catchUp.status.target, LENGTH);
    },
  );
});

catchUpTest('applies up to the last Final and leaves the rest', async () => {
  const peer = honest({ blocks: rangeOf(blocks, (height) => height === 5 || height === 20) });
  await withCatchUp([peer], async ({ catchUp, anchors, network, settle, height }) => {
    catchUp.begin();
    await settle();
    assert.is(height(), 20);
    assert.equal(
      anchors.map(({ header }) => header.height),
      [5, 20],
    );
    const asked = network.requests.map(({ value }) => (value as { from: number }).from);
    assert.equal(asked, [1], 'and asks no more where nothing more is vouched for');
  });
});

catchUpTest('asks on when an answer is full before a Final stands in it', async () => {
  const peer = honest({ blocks: rangeOf(blocks, (height) => height === 10 || height === LENGTH, { most: 4 }) });
  await withCatchUp([peer], async ({ catchUp, network, settle, height }) => {
    catchUp.begin();
    await settle();
    assert.is(height(), LENGTH);
    const asked = network.requests.map(({ value }) => (value as { from: number }).from);
    assert.equal(asked, [1, 5, 9, 13, 17, 21]);
  });
});

async function* failAfter(count: number, message = 'the stream was reset'): AsyncGenerator<Uint8Array> {
  for (let height = 1; height <= count; height++) yield encode(block(height), 'final');
  throw new Error(message);
}

/** To the request for block 1; nothing to others. */
const onlyOnce =
  (...chunks: readonly Uint8Array[]): BlocksAnswer =>
  ({ selector, value }) =>
    selector === 0 && value.from === 1 ? stream(...chunks) : stream();

const swapped = { hash: block(1).hash, block: { header: block(1).block.header, body: block(2).block.body } };
const LIES: readonly (readonly [name: string, answer: BlocksAnswer, good: number, offence?: 'untrue'])[] = [
  ['that has nothing of what it claims', () => stream(), 0],
  ['that sends garbage', () => stream(new Uint8Array(1000).fill(3)), 0, 'untrue'],
  ['that sends blocks that do not follow', () => stream(encode(block(2), 'final')), 0, 'untrue'],
  ['that sends another body', () => stream(encode(swapped, 'final')), 0, 'untrue'],
  ['that sends the Final of another block', onlyOnce(encode(block(1), sign(block(2).hash, 2))), 0, 'untrue'],
  ['that forges a Final', onlyOnce(encode(block(1), forge(sign(block(1).hash, 1)))), 0, 'untrue'],
  ['that sends no Final', rangeOf(blocks, () => false), 0],
  ['that fails at once', () => failAfter(0), 0],
  ['that fails after some blocks', () => failAfter(3), 3],
  [
    'that is gone when it is asked',
    () => {
      throw new Error('no connection');
    },
    0,
  ],
];

for (const [name, answer, good, offence] of LIES) {
  catchUpTest(`a peer ${name} costs time, never state`, async () => {
    const liar: TestPeer = { id: 'liar', height: 1_000_000, blocks: answer };
    await withCatchUp([liar], async ({ catchUp, network, fatal, settle, height }) => {
      holdTime();
      catchUp.begin();
      await settle();
      assert.is(height(), good);
      assert.is(catchUp.status.target, good, 'its claim is not believed for now');
      const before = network.asked.splice(0);
      assert.ok(before.length > 0 && before.every((id) => id === 'liar'));
      assert.equal(network.reports, offence === undefined ? [] : [`liar: ${offence}`]);
      network.list.push(honest({ height: 5, blocks: rangeOf(blocks.slice(0, 5)) }));
      catchUp.begin();
      await settle();
      assert.is(height(), 5);
      assert.equal(network.asked, ['honest'], 'the liar is set aside');
      assert.equal(fatal, []);
    });
  });
}

catchUpTest('of several peers the highest is asked first, and the next one when it lies', async () => {
  const peers = [
    honest({ id: 'low', height: 10 }),
    honest({ id: 'liar', height: 99, blocks: () => stream() }),
    honest({ id: 'high', height: LENGTH }),
  ];
  await withCatchUp(peers, async ({ catchUp, network, settle, height }) => {
    catchUp.begin();
    await settle();
    assert.is(height(), LENGTH);
    assert.equal(network.asked, ['liar', 'high']);
  });
});

catchUpTest(
  'a peer that does not help is asked again later, each time after twice as long, up to a minute',
  async () => {
    const liar: TestPeer = { id: 'liar', height: 99 };
    await withCatchUp([liar], async ({ catchUp, network, settle }) => {
      holdTime();
      const attempts = async () => {
        catchUp.consider();
        await settle();
        return network.asked.length;
      };
      assert.is(await attempts(), 1);
      let count = 1;
      for (const pause of [5000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
        mock.timers.tick(pause - 1);
        assert.is(await attempts(), count);
        mock.timers.tick(1);
        assert.is(await attempts(), ++count);
      }
      mock.timers.tick(120_000);
      assert.is(await attempts(), ++count);
      mock.timers.tick(5000);
      assert.is(await attempts(), ++count, 'forgotten after it was left alone for long');
    });
  },
);

catchUpTest('begins only when somebody is far enough ahead', async () => {
  const peer = honest({ height: CATCH_UP_DISTANCE - 1 });
  await withCatchUp([peer], async ({ catchUp, network, settle, height }) => {
    catchUp.consider();
    assert.not(catchUp.status.syncing);
    peer.height = CATCH_UP_DISTANCE;
    catchUp.consider();
    catchUp.begin();
    await settle();
    assert.is(height(), LENGTH);
    assert.is(network.asked.length, 1, 'one at a time');
    catchUp.begin();
    await settle();
    assert.is(network.asked.length, 1, 'nobody has more');
  });
});

catchUpTest('without peers there is nothing to do', async () => {
  await withCatchUp([], async ({ catchUp, settle }) => {
    catchUp.consider();
    assert.not(catchUp.status.syncing);
    catchUp.begin();
    await settle();
    const idle = { target: 0, syncing: false, refusal: undefined, blocksPerSecond: 0, snapshot: undefined };
    assert.equal(catchUp.status, idle);
  });
});

catchUpTest('a peer that does not answer is given up after half a minute', async () => {
  let given: AbortSignal | undefined;
  const silent: TestPeer = {
    id: 'silent',
    height: 99,
    async *blocks(_, signal) {
      yield encode(block(1), 'final');
      given = signal;
      await hang(signal);
    },
  };
  await withCatchUp([silent], async ({ catchUp, settle, height }) => {
    holdTime();
    catchUp.begin();
    while (given === undefined || height() < 1) await new Promise(setImmediate);
    mock.timers.tick(29_999);
    await new Promise(setImmediate);
    assert.equal([given.aborted, catchUp.status.syncing, height()], [false, true, 1]);
    mock.timers.tick(1);
    await settle();
    assert.ok(given.aborted);
    assert.is(catchUp.status.target, 1, 'and left aside');
  });
});

catchUpTest('a peer that is silent for two seconds is not waited for when somebody else has the block', async () => {
  let given: AbortSignal | undefined;
  const silent: TestPeer = {
    id: 'silent',
    height: LENGTH,
    async *blocks(_, signal) {
      given = signal;
      await hang(signal);
      yield* [];
    },
  };
  await withCatchUp([silent, honest()], async ({ catchUp, network, settle, height }) => {
    holdTime();
    catchUp.begin();
    while (given === undefined) await new Promise(setImmediate);
    mock.timers.tick(1999);
    await new Promise(setImmediate);
    assert.equal(network.asked, ['silent']);
    mock.timers.tick(1);
    await settle();
    assert.is(height(), LENGTH);
    assert.equal(network.asked, ['silent', 'honest']);
    assert.ok(given.aborted, 'what is there already is not waited for');
    assert.equal(network.reports, [], 'slow is no lie');
  });
});

catchUpTest('peers that claim much and answer nothing do not keep the others from their turn', async () => {
  const liars = Array.from(
    { length: 8 },
    (_, index): TestPeer => ({
      id: `liar ${index}`,
      height: 1000 + index,
      async *blocks(_, signal) {
        await hang(signal);
        yield* [];
      },
    }),
  );
  await withCatchUp([...liars, honest()], async ({ catchUp, network, height }) => {
    holdTime();
    catchUp.begin();
    for (let asked = 1; asked <= 2 * liars.length && height() < LENGTH; asked++) {
      for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
      network.list.push({ ...(liars[0] as TestPeer), id: `newcomer ${asked}` });
      mock.timers.tick(30_000);
    }
    assert.ok(network.asked.includes('honest'), network.asked.join());
  });
});

catchUpTest('so is one that lets a block drip now and then', async () => {
  const slow: TestPeer = {
    id: 'slow',
    height: 99,
    async *blocks(_, signal) {
      for (const one of blocks) {
        await Promise.race([hang(signal), new Promise((resolve) => setTimeout(resolve, 11_000))]);
        yield encode(one, 'final');
      }
    },
  };
  await withCatchUp([slow], async ({ catchUp, network, settle, height }) => {
    holdTime();
    catchUp.begin();
    for (const expected of [1, 2]) {
      await new Promise(setImmediate);
      mock.timers.tick(11_000);
      for (let turns = 0; height() < expected && turns < 100_000; turns++) await new Promise(setImmediate);
      assert.is(height(), expected);
    }
    await new Promise(setImmediate);
    mock.timers.tick(8000);
    await settle();
    network.list.push(honest());
    catchUp.begin();
    await settle();
    assert.is(height(), LENGTH);
    assert.equal(network.asked, ['slow', 'honest']);
    assert.equal(network.requests[1], { selector: 0, value: { from: 3, count: 64 } });
  });
});

catchUpTest('the time that this node takes for a block is not the peer’s', async () => {
  const chain = (node: Node): Partial<CatchUpOptions['chain']> => ({
    executeSynced: async (one, certificate) => {
      mock.timers.tick(31_000);
      return node.chain.executeSynced(one, certificate);
    },
  });
  const signals: AbortSignal[] = [];
  const serve = rangeOf(blocks);
  const peer = honest({
    async *blocks(request, signal) {
      signals.push(signal);
      for await (const bytes of serve(request, signal)) {
        signal.throwIfAborted();
        yield bytes;
      }
    },
  });
  await withCatchUp(
    [peer],
    async ({ catchUp, settle, height }) => {
      holdTime();
      catchUp.begin();
      await settle();
      assert.is(height(), LENGTH);
      assert.is(signals.length, 1);
      assert.ok(catchUp.status.blocksPerSecond > 0 && catchUp.status.blocksPerSecond < 0.1, 'and counts for the rate');
    },
    chain,
  );
});

catchUpTest('stop ends a request that hangs', async () => {
  let given: AbortSignal | undefined;
  const silent = honest({
    async *blocks(_, signal) {
      given = signal;
      await hang(signal);
      yield new Uint8Array();
    },
  });
  await withCatchUp([silent], async ({ catchUp, network, fatal }) => {
    catchUp.begin();
    while (given === undefined) await new Promise(setImmediate);
    await withTimeout(catchUp.stop(), 2000, 'stop');
    assert.ok(given.aborted);
    assert.not(catchUp.status.syncing);
    catchUp.begin();
    catchUp.consider();
    assert.not(catchUp.status.syncing, 'and nothing begins after it');
    assert.is(network.asked.length, 1);
    assert.equal(fatal, []);
  });
});

catchUpTest('stop waits for the block under way and for no more of its run', async () => {
  const peer = honest({ blocks: rangeOf(blocks, (height) => height === LENGTH) });
  await withCatchUp([peer], async ({ node, catchUp, fatal, height }) => {
    const open = node.holdSignatures();
    catchUp.begin();
    for (let turns = 0; turns < 200; turns++) await new Promise(setImmediate);
    const stopped = catchUp.stop();
    open();
    await withTimeout(stopped, 5000, 'stop');
    assert.is(height(), 1);
    assert.equal(fatal, []);
    await node.stop();
    const again = await Node.open(GENESIS, node.directory);
    assert.is(again.chain.head.height, 1);
    await again.stop();
  });
});

catchUpTest('a vouched block that does not execute stops the node, and nothing of it is kept', async () => {
  const header = { ...block(2).block.header, stateRoot: ZERO_HASH };
  const wrong = { hash: headerHash(header), block: { header, body: block(2).block.body } };
  const peer = honest({ blocks: onlyOnce(encode(block(1), 'final'), encode(wrong, 'final')) });
  await withCatchUp([peer], async ({ catchUp, anchors, fatal, network, settle, height }) => {
    catchUp.begin();
    await settle();
    assert.is(fatal.length, 1);
    assert.match((fatal[0] as Error).message, /STATE_ROOT/);
    assert.is(height(), 1);
    assert.is(anchors.length, 1);
    catchUp.begin();
    await settle();
    assert.is(network.requests.filter(({ value }) => 'from' in value && value.from === 1).length, 1, 'not again');
  });
});

catchUpTest('blocks that consensus finalized meanwhile do no harm', async () => {
  await withCatchUp([honest()], async ({ node, network, catchUp, fatal, settle, height }) => {
    const serve = rangeOf(blocks);
    network.list[0] = honest({
      async *blocks(request, signal) {
        for await (const bytes of serve(request, signal)) {
          const next = block(node.chain.head.height + 1);
          if (next !== undefined && node.chain.head.height < 8) await applySynced(node.chain, next.block, undefined);
          yield bytes;
        }
      },
    });
    catchUp.begin();
    await settle();
    assert.is(height(), LENGTH);
    assert.equal(fatal, []);
    assert.equal(network.reports, []);
  });
});

catchUpTest(
  'a certificate that looks wrong when consensus has moved the chain on is not held against the peer',
  async () => {
    await withCatchUp([], async ({ node, network, catchUp, settle }) => {
      const moving = honest({
        async *blocks() {
          await applySynced(node.chain, block(1).block, undefined);
          yield encode(block(1), forge(sign(block(1).hash, 1)));
        },
      });
      network.list.push(moving);
      catchUp.begin();
      await settle();
      assert.ok(network.asked.length > 0);
      assert.equal(network.reports, []);
    });
  },
);

/** Blocks that a liar makes up on an honest one. */
function invented(from: number, to: number): SampleBlock[] {
  let parent = block(from - 1).hash;
  return blocks.slice(from - 1, to).map(({ block: { header, body } }) => {
    const lie = { header: { ...header, parent, timestamp: header.timestamp + 1 }, body };
    parent = headerHash(lie.header);
    return { hash: parent, block: lie };
  });
}

const bareUntil20 = (height: number) => height >= 20;

catchUpTest('where a block does not fit onto that of another peer, a Final tells that the other one lied', async () => {
  const lies = [...blocks.slice(0, 2), ...invented(3, 4)];
  const liar: TestPeer = { id: 'liar', height: 99, blocks: rangeOf(lies, () => false) };
  const peers = [liar, honest({ blocks: rangeOf(blocks, bareUntil20) })];
  await withCatchUp(peers, async ({ catchUp, network, fatal, settle, height }) => {
    catchUp.begin();
    await settle();
    assert.is(height(), LENGTH);
    assert.equal(network.asked, ['liar', 'liar', 'honest', 'honest'], 'the honest one for all of them');
    assert.equal(network.reports, ['liar: untrue']);
    assert.equal(fatal, []);
  });
});

catchUpTest('or that it is the later one; nobody is blamed before that is sure', async () => {
  const [, ...lies] = invented(4, LENGTH);
  const liar: TestPeer = {
    id: 'liar',
    height: LENGTH,
    oldestHeight: 5,
    blocks: rangeOf([...blocks.slice(0, 4), ...lies], () => false),
  };
  const short = honest({ id: 'short', height: 4, blocks: rangeOf(blocks.slice(0, 4), () => false) });
  await withCatchUp([liar, short], async ({ catchUp, network, settle, height }) => {
    catchUp.begin();
    await settle();
    assert.equal([height(), network.reports], [0, []]);
    network.list.push(honest({ blocks: rangeOf(blocks, bareUntil20) }));
    catchUp.begin();
    await settle();
    assert.is(height(), LENGTH);
    assert.equal(network.reports, ['liar: untrue']);
  });
});

for (const [what, answer] of [
  ['drips', dripping(rangeOf(blocks, () => false, { most: 4 }))],
  ['hangs', dripping(() => stream(), 30_000)],
] as const) {
  catchUpTest(`a witness that ${what} makes room for the next one after two seconds without a Final`, async () => {
    let isDisputed = false;
    const lies = [...blocks.slice(0, 2), ...invented(3, 4)];
    const liar: TestPeer = { id: 'liar', height: LENGTH, blocks: rangeOf(lies, () => false) };
    const slow: TestPeer = {
      id: 'slow',
      height: LENGTH,
      blocks(request, signal) {
        if (isDisputed) return answer(request, signal);
        isDisputed = true;
        return rangeOf(blocks, () => false)(request, signal);
      },
    };
    await withCatchUp([liar, slow, honest()], async ({ catchUp, network, settle, height }) => {
      holdTime();
      catchUp.begin();
      while (!isDisputed) await new Promise(setImmediate);
      for (let seconds = 0; seconds < 10 && !network.asked.includes('honest'); seconds++) {
        for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
        mock.timers.tick(1000);
      }
      for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
      assert.equal(network.asked, ['liar', 'liar', 'slow', 'slow', 'honest']);
      await settle();
      assert.is(height(), LENGTH);
    });
  });
}

catchUpTest(
  'witnesses who contradict each other keep the honest one from his turn for a few seconds each',
  async () => {
    const liar = (id: string, from: number, to: number): TestPeer => {
      const lies = [...blocks.slice(0, from - 1), ...invented(from, to)];
      return { id, height: LENGTH, blocks: dripping(rangeOf(lies, () => false, { most: 4 })) };
    };
    const peers = [liar('first', 2, 4), liar('second', 3, LENGTH), liar('third', 4, LENGTH), honest()];
    await withCatchUp(peers, async ({ catchUp, network, settle, height }) => {
      holdTime();
      catchUp.begin();
      for (let seconds = 0; seconds < 60 && height() < LENGTH; seconds++) {
        for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
        mock.timers.tick(1000);
      }
      await settle();
      assert.is(height(), LENGTH);
      assert.equal(network.asked, ['first', 'first', 'second', 'second', 'third', 'third', 'honest', 'honest']);
      assert.equal(network.reports, ['third: untrue']);
    });
  },
);

/** The same a block in so many ms. */
function dripping(answer: BlocksAnswer, interval = 1000): BlocksAnswer {
  return async function* (request, signal) {
    const pause = () => Promise.race([hang(signal), new Promise((resolve) => setTimeout(resolve, interval))]);
    await pause();
    for await (const bytes of answer(request, signal)) {
      yield bytes;
      await pause();
    }
  };
}

catchUpTest('nobody is asked for blocks that it says not to have', async () => {
  const pruned = honest({ id: 'pruned', oldestHeight: 9 });
  await withCatchUp([pruned], async ({ network, catchUp, settle, height }) => {
    catchUp.consider();
    await settle();
    assert.equal([height(), network.asked], [0, []]);
    network.list.push(honest({ height: 10, blocks: rangeOf(blocks.slice(0, 10)) }));
    catchUp.begin();
    await settle();
    assert.is(height(), LENGTH);
    const asked = network.requests.map(({ value }, index) => [network.asked[index], 'from' in value && value.from]);
    assert.equal(asked, [
      ['honest', 1],
      ['pruned', 11],
    ]);
  });
});

catchUpTest.run();
