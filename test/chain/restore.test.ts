// The chain goes on from a snapshot while blocks around it are executed and about to become final.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Verification } from '../../src/chain/verifier.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { account, applySynced, certify, makeGenesis, pay, verdict, withNodes } from './fixture.ts';
import { restorationOf } from './restoration.ts';

const test = suite('chain on a snapshot');
/** Blocks of an epoch: the snapshot is of the last one. */
const LENGTH = 3;
const genesis = makeGenesis({ parameters: { epochDuration: LENGTH } });

test('finalizations that wait for it are left as they are below it, refused beside it, and go on above it', () =>
  withTempDir((directory) =>
    withNodes(genesis, 2, async (source, node) => {
      const [first, second] = [await source.grow(), await source.grow()];
      const loser = await source.build([], { delay: 2 });
      const base = await source.grow();
      const restoration = await restorationOf(source, node, directory);
      const above = await source.grow();
      for (const { block } of [first, second, loser, base, above]) {
        assert.ok((await node.chain.verify(block)).valid);
      }
      const results = await Promise.allSettled([
        node.chain.restore(restoration),
        ...[first, second, base, loser, above].map(({ hash, block }) =>
          node.chain.finalize(hash, certify(genesis, block)),
        ),
      ]);
      assert.equal(
        results.map((result) => (result.status === 'fulfilled' ? 'done' : result.reason.code)),
        ['done', 'done', 'done', 'done', 'CONFLICT', 'done'],
      );
      assert.equal(node.chain.head.hash, above.hash);
      assert.is(node.store.base?.height, LENGTH);
      const next = await source.grow();
      await applySynced(node.chain, next.block, certify(genesis, next.block));
      assert.equal((await node.store.verify()).stateRoot, source.chain.head.header.stateRoot);
    }),
  ));

test('blocks that catch-up had on the way are left as they are, and those above it go on', () =>
  withTempDir((directory) =>
    withNodes(genesis, 2, async (source, node) => {
      const blocks = [await source.grow(), await source.grow(), await source.grow()];
      const restoration = await restorationOf(source, node, directory);
      const above = await source.grow();
      const [first, second, base] = blocks as [typeof above, typeof above, typeof above];
      await applySynced(node.chain, first.block, certify(genesis, first.block));
      const open = node.holdSignatures();
      const underway = node.chain.executeSynced(second.block, certify(genesis, second.block));
      await node.chain.restore(restoration);
      open();
      assert.is(await underway, undefined);
      assert.is(await node.chain.executeSynced(second.block, undefined), undefined);
      await applySynced(node.chain, base.block, certify(genesis, base.block));
      await applySynced(node.chain, above.block, certify(genesis, above.block));
      assert.equal(node.chain.head.hash, above.hash);
    }),
  ));

test('of blocks that it went past none is called a conflict where nothing is known of their height', () =>
  withTempDir((directory) =>
    withNodes(genesis, 2, async (source, node) => {
      const rivals = [await source.build([], { delay: 2 })];
      const first = await source.grow();
      const second = await source.grow();
      rivals.push(await source.build([], { delay: 2 }));
      await source.grow();
      const restoration = await restorationOf(source, node, directory);
      await applySynced(node.chain, first.block, certify(genesis, first.block));
      const open = node.holdSignatures();
      const underway = node.chain.verify(second.block);
      await node.chain.restore(restoration);
      open();
      assert.is(verdict(await underway), 'missing parent');
      assert.is(verdict(await node.chain.verify(second.block)), 'missing parent');
      for (const { block } of rivals) {
        assert.is(verdict(await node.chain.verify(block)), 'CONFLICTS_WITH_FINALIZED', `height ${block.header.height}`);
        const [result] = await Promise.allSettled([applySynced(node.chain, block, certify(genesis, block))]);
        assert.is(result.status === 'rejected' && result.reason.code, 'CONFLICT');
      }
    }),
  ));

test('no block is executed on the new state as if it were the old one', () =>
  withTempDir((directory) =>
    withNodes(genesis, 2, async (source, node) => {
      const first = await source.grow([pay(genesis, { from: 0, to: account(1) })]);
      while (source.chain.head.height < LENGTH) await source.grow();
      const restoration = await restorationOf(source, node, directory);
      const { store, chain } = node;
      const adopt = store.adopt.bind(store);
      let between: Promise<Verification> | undefined;
      store.adopt = async (...given) => {
        await adopt(...given);
        between = chain.verify(first.block);
      };
      assert.ok(await chain.restore(restoration));
      assert.is(verdict((await between) as Verification), 'missing parent');
    }),
  ));

test.run();
