// What consensus hears of the chain when it asks for blocks, with a real chain.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BlockPort } from '../../src/consensus/ports.ts';
import { consensusBlocks } from '../../src/node/consensus-blocks.ts';
import { type Address, addressOf } from '../../src/primitives/address.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { keyOf, type Node, withNodes } from '../chain/fixture.ts';
import { GENESIS, sign } from '../sync/fixture.ts';

const blocksTest = suite('blocks of consensus');
const proposer = addressOf(keyOf(0).publicKey);
const open = ({ chain }: Node, seat: { address?: Address } = { address: proposer }): BlockPort =>
  consensusBlocks({
    chain,
    proposer: () => seat.address,
    mayLack: () => false,
    completion: { complete: async () => undefined },
    logger: silentLogger(),
  });
const ask = ({ chain }: Node) => ({
  type: 'build' as const,
  slot: 1,
  parent: chain.head.hash,
  parentCertificate: undefined,
  lateVotes: [],
  timestamp: chain.head.header.timestamp + 1,
  allowEmpty: true,
});

blocksTest('builds for this validator, verifies and finalizes', async () => {
  await withNodes(GENESIS, 2, async (leader, follower) => {
    const built = await open(leader).build(ask(leader));
    assert.ok(built);
    if (built === undefined) return;
    assert.equal(built.block.header.proposer, proposer);
    assert.is(built.block.header.epoch, 1);
    const port = open(follower);
    assert.ok(port.compactHolds(port.compact(built.block)));
    assert.equal(await port.verify(built.hash, built.block), { verdict: 'valid' });
    const final = sign(built.hash, 1);
    await port.finalize(built.hash, final);
    await port.finalize(built.hash, final);
    assert.equal(follower.chain.head.hash, built.hash);
    assert.is((await follower.store.blockByHeight(1))?.certificate?.kind, FINAL);

    await open(leader).finalize(built.hash, final);
    const parentCertificate = sign(built.hash, 1, { kind: NOTAR });
    const next = await open(leader).build({ ...ask(leader), parentCertificate });
    assert.equal(next?.block.body.justification.parentCertificate, parentCertificate);
  });
});

blocksTest('without transactions there is a block only where an empty one is wanted', async () => {
  await withNodes(GENESIS, 1, async (node) => {
    assert.is(await open(node).build({ ...ask(node), allowEmpty: false }), undefined);
  });
});

blocksTest('a node that only follows builds nothing', async () => {
  await withNodes(GENESIS, 1, async (node) => {
    assert.is(await open(node, {}).build(ask(node)), undefined);
  });
});

blocksTest('what can not be built is no reason to stop', async () => {
  await withNodes(GENESIS, 1, async (node) => {
    const port = open(node);
    assert.is(await port.build({ ...ask(node), parent: ZERO_HASH }), undefined, 'a parent that lost');
    assert.is(await port.build({ ...ask(node), timestamp: 1 }), undefined, 'a time before the parent');
  });
});

blocksTest('a verdict on the block, or on the moment', async () => {
  await withNodes(GENESIS, 2, async (leader, follower) => {
    const { hash, block } = await leader.build([]);
    const child = await leader.build([], { parent: hash });
    const rival = await leader.build([], { delay: 2 });
    const port = open(follower);
    assert.equal(await port.verify(child.hash, child.block), { verdict: 'postponed' }, 'its parent is not executed');
    const wrong = { ...block, header: { ...block.header, stateRoot: ZERO_HASH } };
    const { verdict, reason } = await port.verify(headerHash(wrong.header), wrong);
    assert.is(verdict, 'invalid');
    assert.match(reason ?? '', /^STATE_ROOT: /);
    assert.equal(await port.verify(hash, block), { verdict: 'valid' });
    await port.finalize(hash, sign(hash, 1));
    assert.equal(await port.verify(rival.hash, rival.block), { verdict: 'lost' });
    assert.equal(await port.verify(hash, block), { verdict: 'valid' }, 'final already');
    assert.not(port.compactHolds(port.compact({ header: block.header, body: child.block.body })));
  });
});

blocksTest.run();
