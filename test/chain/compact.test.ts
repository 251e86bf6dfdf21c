// Compact blocks: the way there and back, whatever is carried and whatever is missing; and what does not hold.

import { SerializedList } from '@chainsafe/ssz';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compactBlock, compactHolds, onlyAsked, wholeBlock } from '../../src/chain/compact.ts';
import { Block, CompactBlock, Header, headerHash, justificationHash } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { MAX_GOSSIP_BYTES } from '../../src/primitives/wire.ts';
import { account, makeGenesis, Node, pay } from './fixture.ts';

const compact = suite('compact blocks');
const ACCOUNTS = 40;
const GENESIS = makeGenesis({ accounts: ACCOUNTS });
const payments = Array.from({ length: ACCOUNTS }, (_, from) => pay(GENESIS, { from, to: account(from + 1) }));
const byId = new Map(payments.map(({ idHex, bytes }) => [idHex, bytes]));

let block: Block;
compact.before(async () => {
  const node = await Node.open(GENESIS);
  block = (await node.build(payments)).block;
  await node.remove();
});

/** As it arrives: encoded and decoded. */
function travelled(carried: ReadonlySet<string>): CompactBlock {
  return CompactBlock.deserialize(CompactBlock.serialize(compactBlock(block, (idHex) => carried.has(idHex))));
}

function missingOf(result: ReturnType<typeof wholeBlock>): string[] {
  if (!('missing' in result)) throw new Error('nothing is missing');
  return result.missing.map(toHex);
}

compact('whatever is carried and whatever is held: the same block, or what is missing', () => {
  const some = fc.subarray(payments);
  fc.assert(
    fc.property(some, some, (carriedOnes, heldOnes) => {
      const carried = new Set(carriedOnes.map(({ idHex }) => idHex));
      const held = new Set(heldOnes.map(({ idHex }) => idHex));
      const compacted = travelled(carried);
      assert.is(compacted.carried.length, carried.size);
      assert.ok(compactHolds(compacted));
      const result = wholeBlock(compacted, (idHex) => (held.has(idHex) ? byId.get(idHex) : undefined));
      const order = Array.from(block.body.transactions, (bytes) => toHex(sha256(bytes)));
      const missing = order.filter((idHex) => !carried.has(idHex) && !held.has(idHex));
      if (missing.length > 0) return assert.equal(missingOf(result), missing);
      assert.ok('header' in result && compactHolds(compactBlock(result, () => false)));
      assert.equal(Block.serialize(result as Block), Block.serialize(block));
    }),
  );
});

compact('another header, justification, list or order does not hold', () => {
  const good = travelled(new Set(payments.slice(0, 3).map(({ idHex }) => idHex)));
  const { header, transactionIds: ids, carried } = good;
  const [first, second, third] = carried.toArray() as [Uint8Array, Uint8Array, Uint8Array];
  const strange = pay(GENESIS, { from: 0, to: account(1), memo: 'another' }).bytes;
  const list = (...transactions: Uint8Array[]) => SerializedList.fromArray(transactions);
  const voter = { epoch: 1, kind: 0, slot: 1, hash: ZERO_HASH, member: 0, signature: new Uint8Array(64) };
  const bad: readonly (readonly [name: string, changes: Partial<CompactBlock>])[] = [
    ['another root', { header: { ...header, transactionsRoot: ZERO_HASH } }],
    ['another justification', { justification: { parentCertificate: null, lateVotes: [voter] } }],
    ['an id less', { transactionIds: ids.slice(1) }],
    ['an id more', { transactionIds: [...ids, ZERO_HASH] }],
    ['another order of ids', { transactionIds: [...ids].reverse() }],
    ['another id', { transactionIds: [ZERO_HASH, ...ids.slice(1)] }],
    ['a strange transaction', { carried: list(first, second, third, strange) }],
    ['another order', { carried: list(second, first, third) }],
    ['one twice', { carried: list(first, first) }],
    ['more than there are', { carried: list(...payments.map(({ bytes }) => bytes), strange) }],
  ];
  for (const [name, changes] of bad) assert.not(compactHolds({ ...good, ...changes }), name);
});

compact('a list that names a transaction twice does not hold, though the header commits to it', () => {
  const { header, justification, transactionIds: ids } = travelled(new Set());
  const twice = [...ids, ids[0] as Uint8Array];
  const doubled = { header: { ...header, transactionsRoot: merkleRoot(twice) }, justification, transactionIds: twice };
  assert.not(compactHolds({ ...doubled, carried: SerializedList.empty() }));
});

compact('an empty block is complete by itself', () => {
  const justification = { parentCertificate: null, lateVotes: [] };
  const header = {
    ...Header.defaultValue(),
    transactionsRoot: merkleRoot([]),
    justificationHash: justificationHash(justification),
  };
  const empty: Block = { header, body: { justification, transactions: SerializedList.empty() } };
  const compacted = compactBlock(empty, () => true);
  assert.ok(compactHolds(compacted));
  const whole = wholeBlock(compacted, () => undefined);
  assert.equal(headerHash((whole as Block).header), headerHash(header));
});

compact('what is carried is bounded', () => {
  const large = Array.from({ length: 80 }, (_, index) => new Uint8Array(8000).fill(index));
  const body = { justification: block.body.justification, transactions: SerializedList.fromArray(large) };
  const { transactionIds: ids, carried } = compactBlock({ header: block.header, body }, () => true);
  assert.is(ids.length, 80);
  assert.is(carried.length, 65);
  assert.equal(carried.toArray(), large.slice(0, 65));

  const { justification } = body;
  const transactionsRoot = merkleRoot(ids);
  const header = { ...block.header, transactionsRoot, justificationHash: justificationHash(justification) };
  const holds = (count: number) =>
    compactHolds({
      header,
      justification,
      transactionIds: ids,
      carried: SerializedList.fromArray(large.slice(0, count)),
    });
  assert.equal([65, 66].map(holds), [true, false], 'where it is sent and where it comes in');
});

compact('no block is put together that could not be sent', () => {
  const bytes = new Uint8Array(8192);
  const { header, justification } = travelled(new Set());
  const transactionIds = Array.from({ length: MAX_GOSSIP_BYTES / bytes.length + 1 }, () => sha256(bytes));
  const endless = { header, justification, transactionIds, carried: SerializedList.empty() };
  assert.equal(
    wholeBlock(endless, () => bytes),
    { tooLarge: true },
  );
});

compact('of an answer only what was asked for is taken', () => {
  const [a, b, c] = payments as [TransactionEnvelope, TransactionEnvelope, TransactionEnvelope];
  assert.equal(onlyAsked([b.bytes], [a.id, b.id]), new Map([[b.idHex, b.bytes]]));
  assert.equal(onlyAsked([], [a.id]), new Map());
  assert.is(onlyAsked([a.bytes, c.bytes], [a.id, b.id]), undefined);
});

compact.run();
