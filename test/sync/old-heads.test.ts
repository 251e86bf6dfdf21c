// Where stake is at work, what follows an old head could be signed by anyone who once had some: without a checkpoint its
// blocks are not fetched, with one they must lead there. Two thirds of the unbonding period are 200 ms here.

import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Checkpoint } from '../../src/chain/checkpoint.ts';
import type { ConsensusMode } from '../../src/primitives/genesis.ts';
import { CatchUp } from '../../src/sync/catch-up.ts';
import { Trust, UNSAFE } from '../../src/sync/trust.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { applySynced, GENESIS_TIME, Node } from '../chain/fixture.ts';
import {
  buildChain,
  caughtUp,
  GENESIS,
  holds,
  rangeOf,
  type SampleBlock,
  sign,
  TestNetwork,
  TRUSTING,
} from './fixture.ts';

const test = suite('old heads');
const LENGTH = 24;
const blocks = await buildChain(LENGTH);
const block = (height: number) => blocks[height - 1] as SampleBlock;
const timeOf = (height: number) => block(height).block.header.timestamp;
const checkpointAt = (height: number): Checkpoint => ({ height, hash: block(height).hash });

interface World {
  readonly mode: ConsensusMode;
  readonly now: number;
  readonly checkpoint?: Checkpoint | typeof UNSAFE;
}

interface Outcome {
  readonly height: number;
  readonly refusal: string | undefined;
  readonly fatal: readonly string[];
  readonly reports: readonly string[];
  readonly trust: Trust;
  readonly node: Node;
}

/** A new node that has asked one honest peer for all that it has. */
async function synced({ mode, now, checkpoint }: World, look: (outcome: Outcome) => Promise<void> | void) {
  const node = await Node.open(GENESIS, undefined, checkpoint === UNSAFE ? undefined : checkpoint);
  const { chain } = node;
  const network = new TestNetwork({ id: 'peer', height: LENGTH, blocks: rangeOf(blocks) });
  const fatal: string[] = [];
  const trust = new Trust({
    mode,
    checkpoint,
    head: () => chain.head.header,
    present: () => ({ epoch: chain.epoch.epoch, unbondingPeriod: 300 }),
    requestBlocks: (id, request, signal) => network.requestBlocks(id, request, signal),
    clock: { now: () => now },
  });
  const catchUp = new CatchUp({
    network,
    chain,
    trust,
    bodyMatches: (one) => chain.bodyMatches(one),
    holds,
    onSynced: () => undefined,
    onFatal: ({ message }) => fatal.push(message),
    now: () => performance.now(),
    logger: silentLogger(),
  });
  try {
    catchUp.begin();
    await caughtUp(catchUp);
    const { refusal } = catchUp.status;
    await look({ height: chain.head.height, refusal, fatal, reports: network.reports, trust, node });
  } finally {
    await catchUp.stop();
    await node.remove();
  }
}

test('nothing changes where authorities vote, or the head is young', async () => {
  const all = ({ height, refusal }: Outcome) => assert.equal([height, refusal], [LENGTH, undefined]);
  await synced({ mode: 'poa', now: GENESIS_TIME + 1_000_000 }, all);
  await synced({ mode: 'pos', now: GENESIS_TIME + 200 }, all);
});

for (const mode of ['pos', 'hybrid'] as const) {
  test(`in ${mode} nothing is fetched onto an old head, and it is said what to do`, () =>
    synced({ mode, now: GENESIS_TIME + 201 }, ({ height, refusal, reports }) => {
      assert.is(height, 0);
      assert.match(refusal ?? '', /too old .* set checkpoint to the height and hash of a recent final block/);
      assert.equal(reports, [], 'peers can not help it');
    }));
}

test('a checkpoint leads there and on', () =>
  synced({ mode: 'pos', now: timeOf(LENGTH) + 200, checkpoint: checkpointAt(LENGTH) }, ({ height, refusal, fatal }) => {
    assert.equal([height, refusal, fatal], [LENGTH, undefined, []]);
  }));

test('a recent one leads on to the head', () =>
  synced({ mode: 'pos', now: timeOf(12) + 200, checkpoint: checkpointAt(12) }, ({ height, refusal }) => {
    assert.equal([height, refusal], [LENGTH, undefined]);
  }));

test('an old one leads no further than to itself', () =>
  synced({ mode: 'pos', now: timeOf(12) + 201, checkpoint: checkpointAt(12) }, ({ height, refusal }) => {
    assert.is(height, 12);
    assert.match(refusal ?? '', /too old/);
  }));

test('a chain that does not lead to the checkpoint stops the node before it', async () => {
  const checkpoint = { height: 12, hash: block(13).hash };
  await synced({ mode: 'pos', now: timeOf(12) + 200, checkpoint }, async ({ height, fatal }) => {
    assert.is(height, 11);
    assert.is(fatal.length, 1);
    assert.match(fatal[0] as string, /block 12 is .* not that of the checkpoint.* begin anew/);
  });
});

test('what consensus does not take in is fetched, however near it is', async () => {
  const height = LENGTH - 1;
  const node = await Node.open(GENESIS);
  for (const { hash, block } of blocks.slice(0, height))
    await applySynced(node.chain, block, sign(hash, block.header.height));
  const considered = async (doubt: string | undefined) => {
    const network = new TestNetwork({ id: 'peer', height: LENGTH, blocks: rangeOf(blocks) });
    const catchUp = new CatchUp({
      network,
      chain: node.chain,
      trust: { ...TRUSTING, doubt: () => doubt },
      bodyMatches: (one) => node.chain.bodyMatches(one),
      holds,
      onSynced: () => undefined,
      onFatal: (error) => assert.unreachable(error.message),
      now: () => performance.now(),
      logger: silentLogger(),
    });
    catchUp.consider();
    await caughtUp(catchUp);
    await catchUp.stop();
    return node.chain.head.height;
  };
  try {
    assert.is(await considered(undefined), height, 'nothing is fetched');
    assert.is(await considered('below a checkpoint'), LENGTH);
  } finally {
    await node.remove();
  }
});

test('on an old head it is said what to do, though nobody is ahead', async () => {
  const node = await Node.open(GENESIS);
  const catchUp = new CatchUp({
    network: new TestNetwork({ id: 'peer', height: 0 }),
    chain: node.chain,
    trust: { ...TRUSTING, doubt: () => 'too old', refusal: () => 'too old' },
    bodyMatches: (one) => node.chain.bodyMatches(one),
    holds,
    onSynced: () => undefined,
    onFatal: (error) => assert.unreachable(error.message),
    now: () => performance.now(),
    logger: silentLogger(),
  });
  catchUp.consider();
  assert.equal([catchUp.status.syncing, catchUp.status.refusal], [false, 'too old']);
  await catchUp.stop();
  await node.remove();
});

test('and said again every five minutes, however often peers tell something', async () => {
  const node = await Node.open(GENESIS);
  let now = 0;
  let refusal: string | undefined = 'too old';
  const lines: string[] = [];
  const catchUp = new CatchUp({
    network: new TestNetwork({ id: 'peer', height: LENGTH, blocks: rangeOf(blocks) }),
    chain: node.chain,
    trust: { ...TRUSTING, doubt: () => refusal, refusal: () => refusal },
    bodyMatches: (one) => node.chain.bodyMatches(one),
    holds,
    onSynced: () => undefined,
    onFatal: (error) => assert.unreachable(error.message),
    now: () => now,
    logger: pino({ level: 'error' }, { write: (line) => void lines.push(JSON.parse(line).msg) }),
  });
  const said = async (at: number) => {
    now = at;
    for (let news = 0; news < 3; news++) {
      catchUp.consider();
      await caughtUp(catchUp);
    }
    return lines.splice(0);
  };
  assert.equal(await said(0), ['too old']);
  assert.equal(await said(299_999), []);
  assert.equal(await said(300_000), ['too old']);
  assert.equal(await said(599_999), []);
  refusal = undefined;
  assert.equal(await said(600_000), []);
  assert.is(node.chain.head.height, LENGTH);
  refusal = 'too old again';
  assert.equal(await said(600_001), ['too old again']);
  await catchUp.stop();
  await node.remove();
});

test('who knows everybody may do without', () =>
  synced({ mode: 'pos', now: GENESIS_TIME + 1_000_000, checkpoint: UNSAFE }, ({ height, refusal }) => {
    assert.equal([height, refusal], [LENGTH, undefined]);
  }));

test.run();
