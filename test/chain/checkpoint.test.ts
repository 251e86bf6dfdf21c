// The chain never stores another block than the checkpoint's at its height: not by a Final, not by a snapshot; and does not
// open with one.

import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Checkpoint } from '../../src/chain/checkpoint.ts';
import type { EpochBoundary } from '../../src/primitives/snapshot.ts';
import { Snapshots } from '../../src/store/snapshots.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { chunksOf } from '../store/boundary.ts';
import { applySynced, certify, makeGenesis, Node, withNodes } from './fixture.ts';

const test = suite('chain with a checkpoint');
const LENGTH = 3;
const genesis = makeGenesis({ parameters: { epochDuration: LENGTH } });

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );

/** A source of blocks, and a node in a directory that is opened anew with a checkpoint. */
const world = (body: (source: Node, open: (checkpoint?: Checkpoint) => Promise<Node>, path: string) => Promise<void>) =>
  withTempDir((directory) =>
    withNodes(genesis, 1, (source) =>
      body(source, (checkpoint) => Node.open(genesis, join(directory, 'node'), checkpoint), directory),
    ),
  );

test('what a Final makes final must be it, and nothing else is stored', () =>
  world(async (source, open) => {
    const [first, second, third] = [await source.grow(), await source.grow(), await source.grow()];
    const blocks = [first, second, third];
    const wrong = await open({ height: 2, hash: third.hash });
    for (const { block } of blocks) assert.ok((await wrong.chain.verify(block)).valid);
    // Under a descendant's Final as well.
    assert.is(await codeOf(wrong.chain.finalize(third.hash, certify(genesis, third.block))), 'NOT_CHECKPOINT');
    assert.is(wrong.chain.head.height, 1);
    assert.is(await wrong.store.hashByHeight(2), undefined);
    await wrong.stop();
    const right = await open({ height: 2, hash: second.hash });
    for (const { block } of [second, third]) await applySynced(right.chain, block, certify(genesis, block));
    assert.is(right.chain.head.height, 3);
    await right.stop();
  }));

test('a chain that has another block in its place does not open', () =>
  world(async (source, open) => {
    const first = await source.grow();
    const node = await open();
    await applySynced(node.chain, first.block, certify(genesis, first.block));
    await node.stop();
    assert.is(await codeOf(open({ height: 1, hash: genesisOf(source) })), 'NOT_CHECKPOINT');
    for (const good of [
      { height: 1, hash: first.hash },
      { height: 2, hash: first.hash },
    ]) {
      await (await open(good)).stop();
    }
  }));

test('a snapshot of another block in its place is not gone on from', () =>
  world(async (source, open, directory) => {
    const [first] = [await source.grow(), await source.grow(), await source.grow()];
    const node = await open({ height: LENGTH, hash: first.hash });
    const snapshots = await Snapshots.open(join(directory, 'snapshots'), { keep: 1, rest: async () => undefined });
    await snapshots.make(source.store.freeze());
    const { hash, header } = source.chain.head;
    const restoration = await node.store.restore((await source.store.boundary(header.epoch)) as EpochBoundary);
    for (const chunk of await chunksOf(snapshots, hash, header.stateRoot)) await restoration.add(chunk);
    assert.is(await codeOf(node.chain.restore(restoration)), 'NOT_CHECKPOINT');
    assert.is(node.chain.head.height, 0);
    await node.stop();
  }));

function genesisOf({ chain }: Node) {
  return chain.head.header.parent;
}

test.run();
