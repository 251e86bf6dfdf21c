// What governance changes takes effect with the epoch, for building and judging alike: parameters, authorities, and the
// version of the protocol. An epoch here takes twelve blocks.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChainError } from '../../src/chain/errors.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { Block } from '../../src/primitives/block.ts';
import { equalBytes } from '../../src/primitives/bytes.ts';
import type { Change } from '../../src/primitives/governance.ts';
import { PARAMETER_NAMES, type ParameterName } from '../../src/primitives/parameters.ts';
import { receiptCode } from '../../src/primitives/receipt.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import {
  account,
  applySynced,
  BALANCE,
  certify,
  keyOf,
  makeGenesis,
  type Node,
  pay,
  send,
  verdict,
  withNodes,
} from './fixture.ts';

const test = suite('a governed chain');
const LENGTH = 12;
const AUTHORITIES = [0, 1, 2, 3];
const base = makeGenesis({
  parameters: {
    epochDuration: LENGTH,
    evidenceWindow: 2 * LENGTH,
    unbondingPeriod: 4 * LENGTH,
    blockTime: 1,
    minBlockInterval: 1,
    votingPeriod: 2 * LENGTH,
  },
});
const rich = AUTHORITIES.map((number) => ({ address: addressOf(keyOf(number).publicKey), balance: BALANCE }));
const genesis = { ...base, accounts: [...base.accounts, ...rich] };

const set = (parameter: ParameterName, value: bigint): Change => ({
  selector: 2,
  value: { changes: [{ parameter: PARAMETER_NAMES.indexOf(parameter), value }] },
});

/** Grows both chains by one block, in which every transaction is done. */
async function grow(nodes: readonly [Node, Node], transactions: readonly TransactionEnvelope[] = []): Promise<void> {
  const [builder, other] = nodes;
  const { hash, block } = await builder.build(transactions);
  const { receipts = [] } = builder.chain.executed(hash) ?? {};
  assert.equal(
    receipts.map(receiptCode),
    transactions.map(() => 'SUCCESS'),
  );
  assert.is(verdict(await other.chain.verify(Block.deserialize(Block.serialize(block)))), 'valid');
  const final = certify(genesis, block);
  for (const { chain } of nodes) await chain.finalize(hash, final);
}

/** Every authority votes for the changes, in the first epoch; ends with the first block of the second in reach. */
async function decide(nodes: readonly [Node, Node], ...changes: readonly Change[]): Promise<void> {
  const nonces = AUTHORITIES.map(() => 0);
  const by = (number: number, action: Parameters<typeof send>[2]) => {
    const nonce = nonces[number] ?? 0;
    nonces[number] = nonce + 1;
    return send(genesis, keyOf(number), action, { nonce });
  };
  await grow(
    nodes,
    changes.map((change) => by(0, { selector: 8, value: { epoch: 0, change } })),
  );
  const votes = changes.flatMap((_, index) =>
    AUTHORITIES.map((number) => by(number, { selector: 9, value: { proposal: index + 1, choice: 1 } })),
  );
  await grow(nodes, votes);
  while (nodes[0].chain.epoch.epoch === 1) await grow(nodes);
}

const withTwo = (body: (nodes: readonly [Node, Node]) => Promise<void>) =>
  withNodes(genesis, 2, (a, b) => body([a as Node, b as Node]));

test('fees and the size of blocks are those of the epoch', () =>
  withTwo(async (nodes) => {
    const [builder, other] = nodes;
    const memo = 'x'.repeat(200);
    const many = Array.from({ length: 400 }, (_, nonce) => pay(genesis, { from: 0, nonce, to: account(1), memo }));
    const { block: large } = await builder.build(many);
    assert.is(verdict(await other.chain.verify(large)), 'valid', 'within what genesis allows');
    const bytes = Block.serialize(large).length;

    await decide(nodes, set('maxBlockBytes', 65_536n), set('minFee', 20_000n));
    assert.equal(
      nodes.map(({ chain }) => [chain.epoch.parameters.maxBlockBytes, chain.epoch.parameters.minFee]),
      [
        [65_536, 20_000n],
        [65_536, 20_000n],
      ],
    );
    assert.ok(bytes > 65_536);
    assert.is((await builder.build(many.slice(0, 1))).block.body.transactions.length, 0, 'the fee is too low by now');
    const dear = many.map((_, nonce) => pay(genesis, { from: 0, nonce, to: account(1), memo, fee: 30_000n }));
    const error = await builder.build(dear).catch((reason: unknown) => reason);
    assert.instance(error, ChainError);
    assert.match((error as ChainError).message, /TOO_LARGE/);
    const { block } = await builder.build(dear.slice(0, 100));
    assert.is(verdict(await other.chain.verify(block)), 'valid');
    const cheap = { ...block, body: { ...block.body, transactions: large.body.transactions } };
    const header = { ...block.header, transactionsRoot: large.header.transactionsRoot };
    assert.is(verdict(await other.chain.verify({ ...cheap, header })), 'TOO_LARGE');
  }));

test('an authority voted in proposes in the next epoch, and one voted out does not', () =>
  withTwo(async (nodes) => {
    const [builder, other] = nodes;
    const { publicKey } = keyOf(9);
    const address = addressOf(publicKey);
    // One of those in every certificate: it has its seat until it is taken away.
    const leaving = builder.chain.members(1)?.at(0).address as Uint8Array;
    const numberOfLeaving = AUTHORITIES.findIndex((number) => equalBytes(addressOf(keyOf(number).publicKey), leaving));
    await grow(nodes);
    const tooEarly = await builder.build([], { proposer: 9 }).catch((reason: unknown) => reason);
    assert.match((tooEarly as ChainError).message, /PROPOSER/);
    await decide(nodes, { selector: 0, value: { address, publicKey } }, { selector: 1, value: { address: leaving } });
    const { block } = await builder.build([], { proposer: 9 });
    assert.equal(block.header.proposer, address);
    assert.is(verdict(await other.chain.verify(block, address)), 'valid');
    const tooLate = await builder.build([], { proposer: numberOfLeaving }).catch((reason: unknown) => reason);
    assert.match((tooLate as ChainError).message, /PROPOSER/);
    assert.is(
      verdict(await other.chain.verify({ ...block, header: { ...block.header, proposer: leaving } })),
      'PROPOSER',
    );
  }));

test('before an epoch that needs another program the chain stops, and says so', () =>
  withTwo(async (nodes) => {
    const [builder, other] = nodes;
    await decide(nodes, { selector: 3, value: { protocolVersion: 2 } });
    const { block, hash } = builder.finalized.at(-1) as (typeof builder.finalized)[number];
    assert.is(builder.finalized.at(-1)?.nextEpoch?.protocolVersion, 2);
    assert.equal(builder.chain.head.hash, hash, 'the boundary itself is final');
    const codeOf = (reason: unknown) => (reason instanceof ChainError ? reason.code : reason);
    assert.is(await builder.build([]).catch(codeOf), 'UPGRADE_REQUIRED');
    const header = { ...block.header, parent: hash, height: block.header.height + 1 };
    assert.is(await other.chain.verify({ ...block, header }).catch(codeOf), 'UPGRADE_REQUIRED');
    assert.is(await applySynced(other.chain, { ...block, header }, undefined).catch(codeOf), 'UPGRADE_REQUIRED');
  }));

test.run();
