// A chain by stake: a newcomer registers, has a seat and its weight from the next epoch on, proposes, leaves, and is paid
// out when its stake is free. An epoch here takes twelve blocks.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressOf } from '../../src/primitives/address.ts';
import { Block } from '../../src/primitives/block.ts';
import { CONSENSUS_MODES, genesisHash } from '../../src/primitives/genesis.ts';
import { receiptCode } from '../../src/primitives/receipt.ts';
import { possessionSigningBytes } from '../../src/primitives/staking.ts';
import type { TransactionAction } from '../../src/primitives/transaction.ts';
import {
  account,
  BALANCE,
  certify,
  keyOf,
  makeGenesis,
  membersOf,
  type Node,
  send,
  verdict,
  withNodes,
} from './fixture.ts';

const test = suite('a chain by stake');
const LENGTH = 12;
const BOND = 10_000_000_000n;
const base = makeGenesis({
  parameters: {
    epochDuration: LENGTH,
    evidenceWindow: 2 * LENGTH,
    unbondingPeriod: 4 * LENGTH,
    blockTime: 1,
    minBlockInterval: 1,
    votingPeriod: LENGTH,
    epochReward: 1_000_000n,
  },
});
const genesis = {
  ...base,
  mode: CONSENSUS_MODES.indexOf('pos'),
  authorities: [],
  stakers: base.authorities.map((one) => ({ ...one, commission: 0, selfBond: BOND })),
  accounts: [...base.accounts, ...base.authorities.map(({ address }) => ({ address, balance: BALANCE }))],
};
const SUPPLY = 8n * BALANCE;
/** The newcomer: account 0 of the genesis, with a consensus key of its own. */
const NEWCOMER = 1000;
const operator = keyOf(NEWCOMER);
const consensusKey = keyOf(7);

/** Nobody is absent here. */
const byAll = (block: Block) => certify(genesis, block, { voters: [...membersOf(block).list.keys()] });

test('a newcomer registers, is elected, proposes, leaves and is paid out', () =>
  withNodes(genesis, 2, async (a, b) => {
    const [builder, other] = [a as Node, b as Node];
    const { chain } = builder;
    let nonce = 0;
    const grow = async (action?: TransactionAction, proposer?: number): Promise<void> => {
      const transactions = action === undefined ? [] : [send(genesis, operator, action, { nonce: nonce++ })];
      const parent = builder.finalized.at(-1)?.block;
      const built = await builder.build(transactions, {
        ...(proposer === undefined ? {} : { proposer }),
        ...(parent === undefined ? {} : { parentCertificate: byAll(parent) }),
      });
      assert.equal(
        chain.executed(built.hash)?.receipts.map(receiptCode),
        transactions.map(() => 'SUCCESS'),
      );
      assert.is(verdict(await other.chain.verify(Block.deserialize(Block.serialize(built.block)))), 'valid');
      for (const node of [builder, other]) await node.chain.finalize(built.hash, byAll(built.block));
    };
    const toEpoch = async (epoch: number): Promise<void> => {
      while (chain.epoch.epoch < epoch) await grow();
    };
    /** In thousandths: rewards join the stakes and move weights a little. */
    const weights = () => {
      const all = chain.epoch.validators.map(({ weight }) => weight).sort((one, two) => one - two);
      assert.is(
        all.reduce((sum, weight) => sum + weight, 0),
        1_000_000,
      );
      return all.map((weight) => Math.round(weight / 1_000));
    };

    assert.equal(weights(), [250, 250, 250, 250]);
    await builder.build([], { proposer: NEWCOMER }).then(
      () => assert.unreachable('no member may propose'),
      (error: Error) => assert.match(error.message, /PROPOSER/),
    );
    const { publicKey } = consensusKey;
    const message = possessionSigningBytes(addressOf(operator.publicKey), publicKey, genesisHash(genesis));
    const value = { publicKey, commission: 0, selfBond: BOND, proof: consensusKey.sign(message) };
    await grow({ selector: 2, value });
    assert.is(chain.epoch.validators.length, 4, 'not before the next epoch');
    await toEpoch(2);
    assert.equal(weights(), [200, 200, 200, 200, 200]);
    await grow(undefined, NEWCOMER);
    assert.equal(chain.head.header.proposer, account(0));

    await grow({ selector: 5, value: { validator: account(0), amount: 0n } });
    const before = chain.getAccount(account(0)).balance;
    await toEpoch(3);
    assert.equal(weights(), [250, 250, 250, 250]);
    const left = chain.getAccount(account(0)).balance;
    assert.ok(left > before && left < before + genesis.parameters.epochReward, 'its last reward, and no stake yet');
    const due = chain.epoch.start + genesis.parameters.unbondingPeriod;
    while (chain.head.header.timestamp < due) await grow();
    assert.is(chain.getAccount(account(0)).balance, left + BOND);
    const { supply } = await other.store.verify({ supply: SUPPLY });
    assert.is(supply, SUPPLY + BigInt(chain.epoch.epoch - 1) * genesis.parameters.epochReward);
  }));

test.run();
