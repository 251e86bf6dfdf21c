import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodedTransactions } from '../../src/chain/body.ts';
import { isBodyFault } from '../../src/chain/rules.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { Block, type Header, type Justification, justificationHash } from '../../src/primitives/block.ts';
import { type Certificate, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import type { Genesis } from '../../src/primitives/genesis.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';
import { decodeTransaction, encodeTransaction, type TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { account, applySynced, certify, keyOf, makeGenesis, type Node, pay, verdict, withNodes } from './fixture.ts';

const test = suite('block verifier');
const genesis = makeGenesis();
const proposer = addressOf(keyOf(0).publicKey);

/** Block 2 on two nodes that have finalized block 1: the second has not seen it. */
async function atHeightTwo(body: (block: Block, node: Node) => Promise<void>): Promise<void> {
  await withNodes(genesis, 2, async (builder, node) => {
    const first = await builder.grow([pay(genesis, { from: 0, to: account(1) })]);
    await applySynced(node.chain, first.block, certify(genesis, first.block));
    const payments = [pay(genesis, { from: 1, to: account(2) }), pay(genesis, { from: 2, to: account(3) })];
    const { block } = await builder.build(payments);
    node.takeChecked();
    await body(block, node);
  });
}

function withHeader(block: Block, header: Partial<Header>): Block {
  return { ...block, header: { ...block.header, ...header } };
}

function flip(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  changed[0] = (changed[0] ?? 0) ^ 1;
  return changed;
}

test('a header with any field altered', () =>
  atHeightTwo(async (block, node) => {
    const { header } = block;
    const cases: Record<keyof Header, [Partial<Header>, string]> = {
      height: [{ height: 3 }, 'HEIGHT'],
      epoch: [{ epoch: 2 }, 'EPOCH'],
      timestamp: [{ timestamp: node.chain.head.header.timestamp }, 'TIMESTAMP'],
      parent: [{ parent: flip(header.parent) }, 'CONFLICTS_WITH_FINALIZED'],
      proposer: [{ proposer: addressOf(keyOf(1).publicKey) }, 'PROPOSER'],
      transactionsRoot: [{ transactionsRoot: flip(header.transactionsRoot) }, 'TRANSACTIONS_ROOT'],
      receiptsRoot: [{ receiptsRoot: flip(header.receiptsRoot) }, 'RECEIPTS_ROOT'],
      stateRoot: [{ stateRoot: flip(header.stateRoot) }, 'STATE_ROOT'],
      validatorsRoot: [{ validatorsRoot: flip(header.validatorsRoot) }, 'VALIDATORS_ROOT'],
      nextValidatorsRoot: [{ nextValidatorsRoot: flip(header.nextValidatorsRoot) }, 'NEXT_VALIDATORS_ROOT'],
      justificationHash: [{ justificationHash: flip(header.justificationHash) }, 'JUSTIFICATION_HASH'],
    };
    for (const [field, [change, reason]] of Object.entries(cases)) {
      assert.is(verdict(await node.chain.verify(withHeader(block, change), proposer)), reason, field);
    }
    const low = withHeader(block, { height: 1 });
    assert.is(verdict(await node.chain.verify(low, proposer)), 'HEIGHT');
    assert.is(verdict(await node.chain.verify(block, proposer)), 'valid', 'the block itself is none the worse');
  }));

test('a body with any part altered is the sender’s fault, not the hash’s', () =>
  atHeightTwo(async (block, node) => {
    const { justification, transactions } = block.body;
    const [first, second] = Array.from(transactions, (bytes) => decodeTransaction(bytes)) as [
      TransactionEnvelope,
      TransactionEnvelope,
    ];
    const resigned = encodeTransaction({ ...first.signed, signature: flip(first.signed.signature) });
    const parent = justification.parentCertificate as Certificate;
    const late = {
      epoch: 1,
      kind: NOTAR,
      slot: 1,
      hash: block.header.parent,
      member: 0,
      signature: new Uint8Array(64),
    };
    const bodies: [string, Block['body']][] = [
      ['a transaction missing', { justification, transactions: encodedTransactions([first]) }],
      ['a transaction twice', { justification, transactions: encodedTransactions([first, second, second]) }],
      ['the order', { justification, transactions: encodedTransactions([second, first]) }],
      ['a signature', { justification, transactions: encodedTransactions([resigned, second]) }],
      ['no certificate', { justification: { ...justification, parentCertificate: null }, transactions }],
      ['its slot', { justification: { ...justification, parentCertificate: { ...parent, slot: 9 } }, transactions }],
      ['a late vote', { justification: { ...justification, lateVotes: [late] }, transactions }],
    ];
    for (const [what, body] of bodies) {
      const verification = await node.chain.verify({ header: block.header, body }, proposer);
      assert.ok(!verification.valid && 'reason' in verification && isBodyFault(verification.reason), what);
    }
    assert.equal(node.takeChecked(), [], 'found before any signature was checked');
    assert.is(verdict(await node.chain.verify(block, proposer)), 'valid');
    const again = { header: block.header, body: { justification, transactions: encodedTransactions([first]) } };
    assert.is(verdict(await node.chain.verify(again, proposer)), 'TRANSACTIONS_ROOT', 'even when the hash is known');
  }));

test('a justification that the header commits to, and that is none', () =>
  atHeightTwo(async (block, node) => {
    const { header } = block;
    const parent = block.body.justification.parentCertificate as Certificate;
    const vote = { epoch: 1, kind: NOTAR, slot: 1, hash: header.parent, member: 0, signature: new Uint8Array(64) };
    const cases: [string, Justification, string][] = [
      ['missing', { parentCertificate: null, lateVotes: [] }, 'PARENT_CERTIFICATE'],
      ['SKIP', { parentCertificate: { ...parent, kind: SKIP }, lateVotes: [] }, 'PARENT_CERTIFICATE'],
      ['other', { parentCertificate: { ...parent, hash: flip(parent.hash) }, lateVotes: [] }, 'PARENT_CERTIFICATE'],
      ['epoch', { parentCertificate: { ...parent, epoch: 2 }, lateVotes: [] }, 'PARENT_CERTIFICATE'],
      ['late votes', { parentCertificate: parent, lateVotes: [vote] }, 'LATE_VOTES'],
    ];
    for (const [what, justification, reason] of cases) {
      const changed = withHeader(block, { justificationHash: justificationHash(justification) });
      const body = { ...block.body, justification };
      assert.is(verdict(await node.chain.verify({ header: changed.header, body }, proposer)), reason, what);
    }
  }));

/** The block with other transactions under a header that commits to them. */
function carrying(block: Block, envelopes: readonly TransactionEnvelope[]): Block {
  const transactionsRoot = merkleRoot(envelopes.map(({ id }) => id));
  const transactions = encodedTransactions(envelopes);
  return { header: { ...block.header, transactionsRoot }, body: { ...block.body, transactions } };
}

test('a transaction that is not valid at its position, or not its sender’s', () =>
  atHeightTwo(async (block, node) => {
    const good = pay(genesis, { from: 1, to: account(2) });
    const cases: [string, TransactionEnvelope[], string][] = [
      ['used nonce', [pay(genesis, { from: 0, to: account(2) })], 'INVALID_TRANSACTION'],
      ['gap', [pay(genesis, { from: 1, nonce: 1, to: account(2) })], 'INVALID_TRANSACTION'],
      ['twice', [good, good], 'INVALID_TRANSACTION'],
      ['fee', [pay(genesis, { from: 1, to: account(2), fee: 1n })], 'INVALID_TRANSACTION'],
      ['expired', [pay(genesis, { from: 1, to: account(2), validUntil: 1 })], 'INVALID_TRANSACTION'],
      ['forged', [good, encodeTransaction({ ...good.signed, signature: new Uint8Array(64) })], 'BAD_SIGNATURE'],
    ];
    for (const [what, envelopes, reason] of cases) {
      assert.is(verdict(await node.chain.verify(carrying(block, envelopes), proposer)), reason, what);
    }
  }));

test('a block with more bytes than genesis allows; the bound itself is allowed', async () => {
  const blockOf = (builder: Node, rules: Genesis) =>
    builder.build([0, 1, 2].map((from) => pay(rules, { from, to: account(3), memo: 'x'.repeat(from) })));
  let bytes = 0;
  await withNodes(genesis, 1, async (node) => {
    bytes = Block.serialize((await blockOf(node, genesis)).block).length;
  });
  const exact = makeGenesis({ parameters: { maxBlockBytes: bytes } });
  await withNodes(exact, 2, async (builder, node) => {
    const { block } = await blockOf(builder, exact);
    assert.is(verdict(await node.chain.verify(block, proposer)), 'valid');
    const longer = pay(exact, { from: 2, to: account(3), memo: 'xxx' });
    const kept = Array.from(block.body.transactions, (each) => decodeTransaction(each)).slice(0, 2);
    assert.is(verdict(await node.chain.verify(carrying(block, [...kept, longer]), proposer)), 'TOO_LARGE');
  });
});

test('concurrent verifications of one block share the work', () =>
  atHeightTwo(async (block, node) => {
    const all = Promise.all([1, 2, 3].map(() => node.chain.verify(block, proposer)));
    const verdicts = await withTimeout(all, 5_000, 'three verifications');
    assert.equal(verdicts.map(verdict), ['valid', 'valid', 'valid']);
    assert.is(node.takeChecked().length, block.body.transactions.length);
    assert.is(verdict(await node.chain.verify(block, proposer)), 'valid');
    assert.equal(node.takeChecked(), [], 'nor is a known block executed again');
  }));

test('a proposer must be of the set even when a quorum vouches for the block', () =>
  atHeightTwo(async (block, node) => {
    assert.is(verdict(await node.chain.verify(withHeader(block, { proposer: account(0) }))), 'PROPOSER');
    assert.is(verdict(await node.chain.verify(block)), 'valid');
  }));

test('the parent may become final, or lose, while signatures are checked', () =>
  withNodes(genesis, 2, async (builder, node) => {
    const left = await builder.build([], { proposer: 0 });
    const right = await builder.build([], { proposer: 1 });
    const payment = pay(genesis, { from: 0, to: account(1) });
    const onLeft = await builder.build([payment], { parent: left.hash });
    const onRight = await builder.build([payment], { parent: right.hash });
    await node.chain.verify(left.block);
    await node.chain.verify(right.block);
    const open = node.holdSignatures();
    const [good, lost] = [node.chain.verify(onLeft.block), node.chain.verify(onRight.block)];
    await node.chain.finalize(left.hash, certify(genesis, left.block));
    open();
    assert.is(verdict(await good), 'valid');
    assert.is(verdict(await lost), 'CONFLICTS_WITH_FINALIZED');
    assert.is(node.chain.block(onRight.hash), undefined);
    await node.chain.finalize(onLeft.hash, certify(genesis, onLeft.block));
    assert.is(node.chain.getAccount(account(0)).nonce, 1);
    await node.store.verify();
  }));

test.run();
