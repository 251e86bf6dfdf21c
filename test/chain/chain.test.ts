import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { totalSupply } from '../../src/ledger/supply.ts';
import { accountKey } from '../../src/primitives/account.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { Block } from '../../src/primitives/block.ts';
import { FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { receiptCode } from '../../src/primitives/receipt.ts';
import { verifyStateProof } from '../../src/primitives/state-proof.ts';
import {
  account,
  applySynced,
  BALANCE,
  certify,
  codeOf,
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

test.run();
