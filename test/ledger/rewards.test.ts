import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { getFeePool, setFeePool } from '../../src/ledger/accounts.ts';
import type { BlockContext } from '../../src/ledger/block.ts';
import { activity, stakes, validators } from '../../src/ledger/records.ts';
import { update } from '../../src/ledger/registration.ts';
import { payRewards, rewardsOf } from '../../src/ledger/rewards.ts';
import { getSupply, totalSupply } from '../../src/ledger/supply.ts';
import type { Activity, EpochRecord } from '../../src/primitives/epoch.ts';
import { MILLION } from '../../src/primitives/parameters.ts';
import { MAX_AMOUNT } from '../../src/primitives/ssz.ts';
import { TOMBSTONED } from '../../src/primitives/staking.ts';
import { person } from './build.ts';
import { Chain } from './epochs.ts';

const test = suite('rewards');
const AIT = 1_000_000_000n;
/** Half of the weight is two authorities', half two stakers' of three to one. */
const HYBRID = {
  mode: 'hybrid',
  authorities: [0, 1],
  stakers: [
    [2, 75n * AIT],
    [3, 25n * AIT],
  ],
  commission: 100_000,
  parameters: { authorityShare: 500_000, targetBonded: 100n * AIT, proposerBonus: 0, epochReward: 0n },
} as const;

/** All were there in all of ten blocks, and nobody recorded more than the quorum. */
function fullActivity(chain: Chain): Activity {
  const members = chain.epoch.validators.map(() => ({ participated: 10, proposed: 0, missed: 0, recorded: 0n }));
  return { blocks: 10, members, recent: [] };
}

test('fees go by weight: to an authority itself, to a staker less its commission into the pool', () => {
  const chain = new Chain(HYBRID);
  setFeePool(chain.state, 8_000n);
  payRewards(chain.state, chain.epoch, fullActivity(chain));
  assert.equal(
    [0, 1, 2, 3].map((index) => chain.balance(index)),
    [2_000n, 2_000n, 300n, 100n],
  );
  assert.is(chain.record(2).pool.tokens, 75n * AIT + 2_700n);
  assert.is(chain.record(3).pool.tokens, 25n * AIT + 900n);
  assert.is(chain.record(2).pool.shares, 75n * AIT, 'for those who have shares already');
  assert.is(getFeePool(chain.state), 0n);
});

test('what the absent would have earned, and what rounding leaves, stays in the fee pool', () => {
  const chain = new Chain(HYBRID);
  setFeePool(chain.state, 8_003n);
  const record = fullActivity(chain);
  const absent = record.members[chain.member(1)];
  if (absent !== undefined) absent.participated = 4;
  payRewards(chain.state, chain.epoch, record);
  assert.equal(
    [0, 1].map((index) => chain.balance(index)),
    [2_000n, 800n],
  );
  assert.is(getFeePool(chain.state), 8_003n - 2_000n - 800n - 3_001n - 1_000n);
});

test('the bonus goes by what was recorded above the quorum', () => {
  const chain = new Chain({ ...HYBRID, parameters: { ...HYBRID.parameters, proposerBonus: 250_000 } });
  const record = fullActivity(chain);
  assert.equal(
    rewardsOf(8_000n, chain.epoch, record).reduce((sum, one) => sum + one, 0n),
    6_000n,
    'kept when there is none',
  );
  const bonuses = { 0: 600n, 1: 0n, 2: 200n, 3: 200n };
  for (const [index, weight] of Object.entries(bonuses)) {
    const member = record.members[chain.member(Number(index))];
    if (member !== undefined) member.recorded = weight;
  }
  const rewards = rewardsOf(8_000n, chain.epoch, record);
  assert.equal(
    [0, 1, 2, 3].map((index) => rewards[chain.member(index)]),
    [1_500n + 1_200n, 1_500n, 2_250n + 400n, 750n + 400n],
  );
});

test('what is minted is given out with the fees, and counted', () => {
  const chain = new Chain({ ...HYBRID, parameters: { ...HYBRID.parameters, epochReward: 4_000n } });
  setFeePool(chain.state, 4_000n);
  const before = totalSupply(chain.state.entries());
  payRewards(chain.state, chain.epoch, fullActivity(chain));
  assert.is(chain.balance(0), 2_000n);
  assert.is(getSupply(chain.state).minted, 4_000n);
  assert.is(totalSupply(chain.state.entries()), before + 4_000n);
});

test('nothing is minted past 64 bits', () => {
  const parameters = { ...HYBRID.parameters, epochReward: 4_000n };
  const chain = new Chain({ ...HYBRID, parameters, balances: [[9, MAX_AMOUNT - 100n * AIT - 1_000n]] });
  payRewards(chain.state, chain.epoch, fullActivity(chain));
  assert.is(getSupply(chain.state).minted, 1_000n);
  assert.is(totalSupply(chain.state.entries()), MAX_AMOUNT);
});

test('an epoch is paid at the commission with which it began, however often that is changed in it', () => {
  const parameters = { epochReward: 3_000n, proposerBonus: 0 };
  const chain = new Chain({ mode: 'pos', stakers: [[0, AIT]], commission: 100_000, parameters });
  const { address } = person(0);
  const change = (commission: number) => (context: BlockContext) =>
    assert.is(update(chain.state, address, { key: null, commission }, context), 'SUCCESS');
  let paid = 0n;
  /** An epoch of three blocks. */
  const epoch = (expected: bigint, first?: number, last?: number) => {
    chain.add(first === undefined ? {} : { within: change(first) });
    chain.add();
    const after = chain.epoch.parameters.epochDuration;
    chain.add(last === undefined ? { after } : { after, within: change(last) });
    assert.is(chain.balance(0) - paid, expected, `epoch ${chain.epoch.epoch - 1}`);
    paid += expected;
  };
  epoch(300n, undefined, MILLION);
  epoch(3_000n, 0, 500_000);
  epoch(1_500n, MILLION, 500_000);
  epoch(1_500n);
  assert.is(chain.record(0).pool.tokens, AIT + 2_700n + 1_500n + 1_500n);
});

test('the tombstoned earn nothing, and a staker without a pool earns for its account', () => {
  const chain = new Chain(HYBRID);
  setFeePool(chain.state, 8_000n);
  validators.set(chain.state, { ...chain.record(0), status: TOMBSTONED }, person(0).address);
  const pool = { tokens: 0n, shares: 0n };
  validators.set(chain.state, { ...chain.record(2), pool }, person(2).address);
  stakes.delete(chain.state, person(2).address);
  payRewards(chain.state, chain.epoch, fullActivity(chain));
  assert.equal(
    [0, 1, 2].map((index) => chain.balance(index)),
    [0n, 2_000n, 3_000n],
  );
  assert.equal(chain.record(2).pool, pool);
  assert.is(getFeePool(chain.state), 2_000n);
});

test('an epoch without blocks gives out nothing', () => {
  const chain = new Chain(HYBRID);
  setFeePool(chain.state, 8_000n);
  payRewards(chain.state, chain.epoch, activity.get(chain.state));
  assert.is(getFeePool(chain.state), 8_000n);
});

test('whatever happened, rewards are not more than the pot, and more participation never earns less', () => {
  const member = fc.record({
    weight: fc.integer({ min: 1, max: MILLION }),
    participated: fc.integer({ min: 0, max: 1000 }),
    recorded: fc.bigInt({ min: 0n, max: 1n << 40n }),
  });
  const scene = fc.record({
    members: fc.array(member, { minLength: 1, maxLength: 50 }),
    pot: fc.bigInt({ min: 0n, max: MAX_AMOUNT }),
    proposerBonus: fc.integer({ min: 0, max: MILLION }),
  });
  const { epoch } = new Chain({ mode: 'poa', authorities: [0] });
  fc.assert(
    fc.property(scene, ({ members, pot, proposerBonus }) => {
      const blocks = 1000;
      const validators = members.map(({ weight }, index) => ({ ...person(index), weight }));
      const record: EpochRecord = { ...epoch, parameters: { ...epoch.parameters, proposerBonus }, validators };
      const idle = { proposed: 0, missed: 0 };
      const rewards = rewardsOf(pot, record, {
        blocks,
        members: members.map((one) => ({ ...idle, ...one })),
        recent: [],
      });
      assert.ok(rewards.every((amount) => amount >= 0n));
      assert.ok(rewards.reduce((sum, amount) => sum + amount, 0n) <= pot);
      const busier = members.map((one, index) => ({
        ...idle,
        ...one,
        participated: index === 0 ? blocks : one.participated,
      }));
      const [first] = rewardsOf(pot, record, { blocks, members: busier, recent: [] });
      assert.ok((first as bigint) >= (rewards[0] as bigint));
    }),
    { numRuns: 300, seed: 2 },
  );
});

test.run();
