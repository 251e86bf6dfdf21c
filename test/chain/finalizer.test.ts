// How blocks become final: in turn, once, against those that lost, and not after a failure or a stop.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BuiltBlock } from '../../src/chain/types.ts';
import { NOTAR } from '../../src/primitives/consensus.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { account, applySynced, BALANCE, certify, codeOf, makeGenesis, pay, verdict, withNodes } from './fixture.ts';

const test = suite('finalizing');
const genesis = makeGenesis();
const SUPPLY = 4n * BALANCE;
const stranger = new Uint8Array(20).fill(9);

test('a fork: the finalized child stays, its sibling and all that stands on it is dropped', () =>
  withNodes(genesis, 1, async (node) => {
    const { chain } = node;
    const left = await node.build([pay(genesis, { from: 0, to: stranger, amount: 1n })], { proposer: 0 });
    const right = await node.build([pay(genesis, { from: 0, to: stranger, amount: 2n })], { proposer: 1 });
    const onLeft = await node.build([pay(genesis, { from: 1, to: stranger })], { parent: left.hash });
    const onRight = await node.build([pay(genesis, { from: 1, to: stranger })], { parent: right.hash });
    const farRight = await node.build([], { parent: onRight.hash });
    await chain.finalize(left.hash, certify(genesis, left.block));
    for (const { hash } of [right, onRight, farRight]) assert.is(chain.block(hash), undefined);
    assert.equal(chain.block(onLeft.hash), onLeft.block);

    assert.is(verdict(await chain.verify(right.block)), 'CONFLICTS_WITH_FINALIZED');
    assert.is(verdict(await chain.verify(onRight.block)), 'CONFLICTS_WITH_FINALIZED');
    assert.is(verdict(await chain.verify(farRight.block)), 'missing parent', 'nobody can know that by its header');
    for (const { hash, block } of [right, onRight]) {
      assert.is(await codeOf(chain.finalize(hash, certify(genesis, block))), 'CONFLICT');
      assert.is(await codeOf(applySynced(chain, block, certify(genesis, block))), 'CONFLICT');
      assert.is(await codeOf(applySynced(chain, block, certify(genesis, block, { kind: NOTAR }))), 'INVALID_BLOCK');
    }

    await chain.finalize(onLeft.hash, certify(genesis, onLeft.block));
    assert.is(chain.getAccount(stranger).balance, 2n);
    await node.store.verify({ supply: SUPPLY });
  }));

test('finalizing again changes nothing; an unknown block or another’s certificate is an error', () =>
  withNodes(genesis, 1, async (node) => {
    const first = await node.grow();
    const second = await node.grow();
    await node.chain.finalize(first.hash, certify(genesis, first.block));
    await node.chain.finalize(second.hash, certify(genesis, second.block));
    assert.is(node.finalized.length, 2);
    assert.is(verdict(await node.chain.verify(first.block)), 'valid');
    const unknown = new Uint8Array(32).fill(3);
    assert.is(
      await codeOf(node.chain.finalize(unknown, { ...certify(genesis, first.block), hash: unknown })),
      'UNKNOWN_BLOCK',
    );
    assert.is(await codeOf(node.chain.finalize(second.hash, certify(genesis, first.block))), 'WRONG_CERTIFICATE');
  }));

test('concurrent finalizations take their turns', () =>
  withNodes(genesis, 1, async (node) => {
    const blocks = [await node.build([])];
    for (let i = 0; i < 5; i++) blocks.push(await node.build([], { parent: blocks.at(-1)?.hash as Uint8Array }));
    const order = [1, 5, 0, 3, 5].map((index) => blocks[index] as BuiltBlock);
    const all = Promise.all(order.map(({ hash, block }) => node.chain.finalize(hash, certify(genesis, block))));
    await withTimeout(all, 5_000, 'five finalizations');
    assert.equal(
      node.finalized.map(({ block }) => block.header.height),
      [1, 2, 3, 4, 5, 6],
    );
  }));

test('a stopped chain finalizes nothing more, and asks nothing of a store that is closed', () =>
  withNodes(genesis, 1, async (node) => {
    const final = await node.grow();
    const { hash, block } = await node.build([]);
    await node.chain.stop();
    await node.store.close();
    assert.is(await codeOf(node.chain.finalize(hash, certify(genesis, block))), 'STOPPED');
    assert.is(await codeOf(node.chain.finalize(final.hash, certify(genesis, final.block))), 'STOPPED');
    assert.is(node.chain.head.height, 1);
  }));

test('a failed commit ends finalization, loudly, each time', () =>
  withNodes(genesis, 1, async (node) => {
    const first = await node.build([]);
    await node.store.close();
    const fail = () => node.chain.finalize(first.hash, certify(genesis, first.block)).catch((error: unknown) => error);
    const error = await fail();
    assert.instance(error, Error);
    assert.is(await fail(), error);
    assert.is(node.chain.head.height, 0);
    assert.is(node.finalized.length, 0);
  }));

test('a Final is kept that comes when catch-up has committed its block without one', () =>
  withNodes(genesis, 2, async (a, b) => {
    for (let nonce = 0; nonce < 3; nonce++) await a.grow([pay(genesis, { from: 0, nonce, to: account(1) })]);
    const [first, second, third] = a.finalized;
    assert.ok(first && second && third);
    for (const { block } of [first, second]) await applySynced(b.chain, block, undefined);
    const anchorHeight = async () => (await b.chain.instance()).anchor.header.height;
    assert.is(await anchorHeight(), 0);
    // The head's, and one below it.
    await b.chain.finalize(first.hash, certify(genesis, first.block));
    assert.is(await anchorHeight(), 1, 'consensus goes on from there');
    await b.chain.finalize(second.hash, certify(genesis, second.block));
    assert.is(await anchorHeight(), 2);
    // What is there stays.
    await b.chain.finalize(second.hash, certify(genesis, second.block, { slot: 77 }));
    await b.chain.finalize(second.hash, undefined);
    assert.is.not((await b.store.certificateByHeight(2))?.slot, 77);
    await applySynced(b.chain, third.block, third.certificate);
    await b.store.verify({ supply: SUPPLY });
  }));

test.run();
