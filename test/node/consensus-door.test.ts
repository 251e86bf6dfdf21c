// On too old a head a real consensus above a real chain follows nobody, whatever is signed by its members; below a
// checkpoint neither. Two thirds of the unbonding period are 200 ms here.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Checkpoint } from '../../src/chain/checkpoint.ts';
import type { ConsensusDriver } from '../../src/consensus/driver.ts';
import { type ConsensusDoor, consensusDoor } from '../../src/node/consensus-door.ts';
import type { Certificate } from '../../src/primitives/consensus.ts';
import { GossipVote } from '../../src/primitives/wire.ts';
import { Trust, UNSAFE } from '../../src/sync/trust.ts';
import { applySynced, GENESIS_TIME, Node } from '../chain/fixture.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { buildChain, GENESIS, type SampleBlock, sign } from '../sync/fixture.ts';
import { followerOf } from './follower.ts';

const test = suite('door of consensus');
const blocks = await buildChain(2);
const [first, second] = blocks as [SampleBlock, SampleBlock];
const YOUNG = GENESIS_TIME + 200;
const OLD = GENESIS_TIME + 201;

interface World {
  readonly door: ConsensusDoor;
  readonly node: Node;
  readonly consensus: ConsensusDriver;
  readonly asked: () => number;
  /** the chain has come to a height */
  readonly reached: (height: number) => Promise<void>;
}

/** A follower on genesis; whatever block it asks for, it gets. */
async function world(now: number, checkpoint: Checkpoint | typeof UNSAFE | undefined, body: (world: World) => unknown) {
  const node = await Node.open(GENESIS);
  const { chain } = node;
  let asked = 0;
  const consensus = await followerOf(chain, now, (hash) => {
    asked += 1;
    const found = blocks.find((one) => one.hash.every((byte, index) => byte === hash[index]));
    if (found !== undefined) queueMicrotask(() => door.onBlock(hash, found.block));
  });
  const trust = new Trust({
    mode: 'pos',
    checkpoint,
    head: () => chain.head.header,
    present: () => ({ epoch: chain.epoch.epoch, unbondingPeriod: 300 }),
    requestBlocks: async function* nobody() {
      yield* [];
    },
    clock: { now: () => now },
  });
  const door = consensusDoor(() => consensus, trust);
  const reached = async (height: number) => {
    while (chain.head.height < height) await new Promise(setImmediate);
  };
  consensus.start();
  try {
    await body({ door, node, consensus, asked: () => asked, reached });
  } finally {
    await consensus.stop();
    await node.remove();
  }
}

const gossip = (certificate: Certificate) =>
  GossipVote.serialize({ attempt: 0, message: { selector: 1, value: certificate } });
const final = ({ hash, block }: SampleBlock) => sign(hash, block.header.height);

test('a Final that is told is followed where the head is young, or its operator says so', async () => {
  for (const [now, checkpoint] of [
    [YOUNG, undefined],
    [OLD, UNSAFE],
  ] as const) {
    await world(now, checkpoint, async ({ door, reached }) => {
      assert.is(await door.onVote(gossip(final(first))), 'accept');
      await withTimeout(reached(1), 10_000, 'the block');
    });
  }
});

for (const [what, now, checkpoint] of [
  ['on an old head', OLD, undefined],
  ['below a checkpoint', YOUNG, { height: 2, hash: second.hash }],
] as const) {
  test(`nothing that peers say comes in ${what}`, () =>
    world(now, checkpoint, async ({ door, node, consensus, asked }) => {
      assert.is(await door.onVote(gossip(final(first))), 'ignore');
      assert.is(await door.onProposal(new Uint8Array(1), 'peer'), 'ignore', 'not even what is malformed');
      assert.is(await door.onCertificates([final(first)]), true);
      door.onBlock(first.hash, first.block);
      for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
      assert.equal([node.chain.head.height, consensus.core.lastFinalSlot, asked()], [0, 0, 0]);
    }));
}

test('when sync has led past it they are heard', () =>
  world(first.block.header.timestamp + 200, undefined, async ({ door, node, consensus, reached }) => {
    assert.is(await door.onVote(gossip(final(second))), 'ignore');
    await applySynced(node.chain, first.block, final(first));
    consensus.onSynced({ slot: 1, hash: first.hash, header: first.block.header, certificate: final(first) });
    assert.is(await door.onVote(gossip(final(second))), 'accept');
    await withTimeout(reached(2), 10_000, 'the block');
  }));

test.run();
