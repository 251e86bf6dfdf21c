import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChainError } from '../../src/chain/errors.ts';
import type { BuiltBlock } from '../../src/chain/types.ts';
import { totalSupply } from '../../src/ledger/supply.ts';
import { accountKey } from '../../src/primitives/account.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { Block } from '../../src/primitives/block.ts';
import { FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { receiptCode } from '../../src/primitives/receipt.ts';
import { verifyStateProof } from '../../src/primitives/state-proof.ts';
import { withTimeout } from '../helpers/timeout.ts';
import {
  account,
  applySynced,
  BALANCE,
  certify,
  GENESIS_TIME,
  keyOf,
  makeGenesis,
  Node,
  pay,
  verdict,
  withNodes,
} from './fixture.ts';

const test = suite('chain');
const genesis = makeGenesis();
const SUPPLY = 4n * BALANCE;
const stranger = new Uint8Array(20).fill(9);

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'done';
  } catch (error) {
    if (error instanceof ChainError) return error.code;
    throw error;
  }
}

test('an empty store gets block 0, the same everywhere', () =>
  withNodes(genesis, 2, async (a, b) => {
    assert.is(a.chain.head.height, 0);
    assert.equal(a.chain.head.hash, b.chain.head.hash);
    assert.is(a.chain.head.header.timestamp, GENESIS_TIME);
    assert.is(a.chain.getAccount(account(2)).balance, BALANCE);
    assert.is((await a.store.verify({ supply: SUPPLY })).height, 0);
  }));

test('what one node builds, another verifies and both finalize, with equal roots and no unit lost', () =>
  withNodes(genesis, 2, async (a, b) => {
    for (let round = 0; round < 4; round++) {
      const payments = [0, 1, 2].map((from) => pay(genesis, { from, nonce: round, to: account(3), amount: 100n }));
      const [builder, other] = round % 2 === 0 ? [a, b] : [b, a];
      const { hash, block } = await builder.build(payments, { proposer: round });
      // The block travels as bytes.
      const received = Block.deserialize(Block.serialize(block));
      const proposer = addressOf(keyOf(round).publicKey);
      assert.is(verdict(await other.chain.verify(received, proposer)), 'valid');
      await a.chain.finalize(hash, certify(genesis, block));
      await b.chain.finalize(hash, certify(genesis, block));
      assert.equal(a.chain.head, b.chain.head);
      assert.equal(a.chain.head.hash, hash);
      for (const node of [a, b]) {
        const entries: [Uint8Array, Uint8Array][] = [];
        for await (const [key, value] of node.store.entries()) entries.push([key, value]);
        assert.is(totalSupply(entries), SUPPLY);
        await node.store.verify({ supply: SUPPLY });
      }
    }
    assert.is(a.chain.getAccount(account(3)).balance, BALANCE + 12n * 100n);
    assert.is(a.chain.getAccount(account(0)).nonce, 4);
    assert.is(a.finalized.length, 4);
    const [first] = b.finalized;
    assert.is(first?.receipts.length, 3);
    assert.equal(
      first?.transactionIds,
      first?.envelopes.map(({ id }) => id),
    );
    const location = await b.store.transaction(first?.transactionIds[1] as Uint8Array);
    assert.equal(location, { height: 1, index: 1 });
  }));

test('a build leaves out what is not valid at its turn, and keeps what fails with its receipt', () =>
  withNodes(genesis, 1, async (node) => {
    const good = pay(genesis, { from: 0, to: account(1) });
    const gap = pay(genesis, { from: 1, to: account(1), nonce: 2 });
    const expired = pay(genesis, { from: 2, to: account(1), validUntil: GENESIS_TIME });
    const poor = pay(genesis, { from: 3, to: account(1), amount: 2n * BALANCE });
    const twice = pay(genesis, { from: 0, to: account(2) });
    const { hash, block } = await node.build([good, gap, expired, poor, twice]);
    assert.equal(block.body.transactions.toArray(), [good.bytes, poor.bytes]);
    const codes = node.chain.executed(hash)?.receipts.map(receiptCode);
    assert.equal(codes, ['SUCCESS', 'INSUFFICIENT_BALANCE']);
  }));

test('states are read from the parent’s overlay before it is final, from the store after', () =>
  withNodes(genesis, 1, async (node) => {
    const { hash, block } = await node.build([]);
    assert.is(node.builtOn, node.store);
    await node.build([], { parent: hash });
    assert.is(node.builtOn, node.chain.executed(hash)?.overlay);
    await node.chain.finalize(hash, certify(genesis, block));
    await node.build([], { parent: hash });
    assert.is(node.builtOn, node.store);
  }));

test('an empty block is built unless it is not wanted', () =>
  withNodes(genesis, 1, async (node) => {
    const { hash } = node.chain.head;
    const request = {
      parent: hash,
      timestamp: GENESIS_TIME + 1,
      proposer: addressOf(keyOf(0).publicKey),
      parentCertificate: undefined,
      lateVotes: [],
    };
    assert.is(await node.chain.build({ ...request, whenEmpty: 'skip' }), undefined);
    assert.is((await node.chain.build(request))?.block.body.transactions.length, 0);
    const late = { ...request, timestamp: GENESIS_TIME };
    assert.is(await codeOf(node.chain.build(late)), 'INVALID_REQUEST');
    const nowhere = { ...request, parent: new Uint8Array(32).fill(7) };
    assert.is(await codeOf(node.chain.build(nowhere)), 'UNKNOWN_BLOCK');
  }));

test('a chain of unfinalized blocks: each on the state of the one before it, finalized in one go', () =>
  withNodes(genesis, 2, async (a, b) => {
    const first = await a.build([pay(genesis, { from: 0, to: stranger, amount: 50n })]);
    const second = await a.build([pay(genesis, { from: 0, nonce: 1, to: stranger })], { parent: first.hash });
    const third = await a.build([pay(genesis, { from: 1, to: stranger })], { parent: second.hash });
    assert.equal(a.chain.head.height, 0);
    assert.is(a.chain.getAccount(stranger).balance, 0n, 'reads are of the head');

    assert.is(verdict(await b.chain.verify(third.block)), 'missing parent');
    for (const { block } of [first, second, third]) assert.is(verdict(await b.chain.verify(block)), 'valid');
    await b.chain.finalize(third.hash, certify(genesis, third.block));
    assert.equal(
      b.finalized.map(({ block }) => block.header.height),
      [1, 2, 3],
    );
    assert.equal(
      b.finalized.map(({ certificate }) => certificate?.kind),
      [NOTAR, NOTAR, FINAL],
    );
    assert.equal(b.finalized[0]?.certificate?.hash, first.hash);
    assert.is(b.chain.getAccount(stranger).balance, 52n);
    assert.is(b.chain.block(third.hash), undefined, 'what is final is not in the tree');
    await b.store.verify({ supply: SUPPLY });
  }));

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

test('blocks are built, verified and proven while a commit is under way', () =>
  withNodes(genesis, 2, async (a, b) => {
    const first = await a.build([pay(genesis, { from: 0, to: stranger, amount: 70n })]);
    await b.chain.verify(first.block);
    const committing = b.chain.finalize(first.hash, certify(genesis, first.block));
    let turns = 0;
    let last = first;
    let done = false;
    committing.finally(() => {
      done = true;
    });
    while (!done && turns < 1_000) {
      const { header, hash, value, proof } = b.chain.prove(accountKey(stranger));
      assert.ok(verifyStateProof(header.stateRoot, accountKey(stranger), value, proof), `proof in turn ${turns}`);
      assert.equal(hash, b.chain.head.hash);
      assert.is(value === undefined, header.height === 0);
      if (turns < 5) {
        const next = await a.build([pay(genesis, { from: 1, nonce: turns, to: stranger })], { parent: last.hash });
        assert.is(verdict(await b.chain.verify(next.block)), 'valid');
        last = next;
      }
      turns++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await committing;
    await b.chain.finalize(last.hash, certify(genesis, last.block));
    await b.store.verify({ supply: SUPPLY });
  }));

test('proofs of an account and of none, against the head’s state root', () =>
  withNodes(genesis, 1, async (node) => {
    await node.grow([pay(genesis, { from: 0, to: account(1) })]);
    for (const address of [account(0), stranger]) {
      const { header, value, proof } = node.chain.prove(accountKey(address));
      assert.is(header.height, 1);
      assert.is(value === undefined, address === stranger);
      assert.ok(verifyStateProof(header.stateRoot, accountKey(address), value, proof));
    }
  }));

test('a chain opened again goes on where it was', async () => {
  const node = await Node.open(genesis);
  const { hash } = await node.grow([pay(genesis, { from: 0, to: account(1) })]);
  await node.build([pay(genesis, { from: 0, nonce: 1, to: account(1) })]);
  await node.stop();
  const again = await Node.open(genesis, node.directory);
  try {
    assert.equal(again.chain.head.hash, hash);
    assert.is(again.chain.getAccount(account(0)).nonce, 1, 'what was not final is gone');
    const next = await again.grow([pay(genesis, { from: 0, nonce: 1, to: account(1) })]);
    assert.is(next.block.header.height, 2);
    await again.store.verify({ supply: SUPPLY });
  } finally {
    await again.remove();
  }
});

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

test('catching up by ranges', () =>
  withNodes(genesis, 2, async (a, b) => {
    for (let nonce = 0; nonce < 5; nonce++) await a.grow([pay(genesis, { from: 0, nonce, to: account(1) })]);
    const last = a.finalized.at(-1);
    assert.is(await codeOf(applySynced(b.chain, last?.block as Block, last?.certificate)), 'MISSING_PARENT');
    for (const { block, certificate: known } of a.finalized) {
      // Only the last of a range need have a certificate.
      await applySynced(b.chain, block, block.header.height === 5 ? known : undefined);
    }
    assert.equal(b.chain.head, a.chain.head);
    assert.is(b.takeChecked().length, 5, 'every signature was checked');
    assert.is((await b.store.blockByHeight(4))?.certificate, undefined);
    assert.is((await b.store.blockByHeight(5))?.certificate?.kind, FINAL);
    const [first] = a.finalized;
    await applySynced(b.chain, first?.block as Block, first?.certificate);
    assert.is(b.chain.head.height, 5, 'once more is no harm');
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
