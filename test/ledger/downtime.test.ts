import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { candidateList } from '../../src/ledger/candidates.ts';
import { jailAbsent } from '../../src/ledger/downtime.ts';
import { authorities, validators } from '../../src/ledger/records.ts';
import { unstake } from '../../src/ledger/staking.ts';
import { getSupply, totalSupply } from '../../src/ledger/supply.ts';
import { findUnbondingPool } from '../../src/ledger/unbonding.ts';
import type { Activity } from '../../src/primitives/epoch.ts';
import { MIN_EPOCH_BLOCKS } from '../../src/primitives/parameter-bounds.ts';
import { ACTIVE, JAILED, TOMBSTONED } from '../../src/primitives/staking.ts';
import { totalWeight } from '../../src/primitives/validators.ts';
import { person } from './build.ts';
import { Chain } from './epochs.ts';

const test = suite('downtime');
const AIT = 1_000_000_000n;
const BLOCKS = 100;

/** Of an epoch in which these persons took part in so many of `BLOCKS` blocks, and all others in all. */
function activityWith(chain: Chain, participated: Record<number, number>, blocks = BLOCKS): Activity {
  const members = chain.epoch.validators.map(() => ({ participated: blocks, proposed: 0, missed: 0, recorded: 0n }));
  for (const [index, count] of Object.entries(participated)) {
    const member = members[chain.member(Number(index))];
    if (member !== undefined) member.participated = count;
  }
  return { blocks, members, recent: [] };
}

function judge(chain: Chain, participated: Record<number, number>, blocks?: number): void {
  jailAbsent(chain.state, chain.epoch, activityWith(chain, participated, blocks));
}

function jailed(chain: Chain): number[] {
  const persons = chain.epoch.validators.map(({ publicKey }) => (publicKey[0] as number) - 1);
  return persons.filter((index) => chain.record(index).status === JAILED);
}

test('who took part in less than half of the blocks is jailed and misses one whole epoch', () => {
  const chain = new Chain({ mode: 'poa', authorities: [0, 1, 2, 3, 4, 5, 6] });
  judge(chain, { 1: 49, 2: 50 });
  assert.equal(jailed(chain), [1]);
  const { jailedUntil, downtimes } = chain.record(1);
  assert.equal({ jailedUntil, downtimes }, { jailedUntil: 3, downtimes: 1 });
  assert.is(authorities.get(chain.state).length, 7, 'an authority stays one');
});

test('few blocks say nothing', () => {
  const chain = new Chain({ mode: 'poa', authorities: [0, 1, 2, 3] });
  judge(chain, { 1: 0 }, MIN_EPOCH_BLOCKS - 1);
  assert.equal(jailed(chain), []);
  judge(chain, { 1: 0 }, MIN_EPOCH_BLOCKS);
  assert.equal(jailed(chain), [1]);
});

test('so many are jailed that less than a third of the weight is, the least present first, ties by index', () => {
  const alike = new Chain({ mode: 'poa', authorities: [0, 1, 2, 3, 4, 5, 6] });
  judge(alike, { 0: 30, 2: 20, 4: 10, 5: 20 });
  assert.equal(jailed(alike), [2, 4], 'two of seven');

  const three = new Chain({ mode: 'poa', authorities: [0, 1, 2] });
  judge(three, { 0: 0 });
  assert.equal(jailed(three), [], 'of three nobody');

  // Who is too heavy does not keep others from being jailed.
  const stakers = [5n, 3n, 1n, 1n].map((part, index) => [index, part * AIT] as const);
  const heavy = new Chain({ mode: 'pos', stakers });
  judge(heavy, { 0: 0, 1: 10, 2: 20 });
  assert.equal(jailed(heavy), [1]);
});

test('from the second time on a thousandth of the pool is burned', () => {
  const stakers = [0, 1, 2, 3].map((index) => [index, 7_000_000_999n] as const);
  const chain = new Chain({ mode: 'pos', stakers });
  judge(chain, { 1: 0 });
  assert.equal(chain.record(1).pool.tokens, 7_000_000_999n);
  validators.set(chain.state, { ...chain.record(1), status: ACTIVE }, person(1).address);
  judge(chain, { 1: 0 });
  assert.is(chain.record(1).downtimes, 2);
  assert.is(chain.record(1).pool.tokens, 7_000_000_999n - 7_000_000n);
  assert.is(getSupply(chain.state).burned, 7_000_000n);
  assert.is(totalSupply(chain.state.entries()), 4n * 7_000_000_999n - 7_000_000n);
  assert.is(candidateList(chain.state).length, 4, 'a candidate still');
});

test('what has been unstaked is not slashed for absence', () => {
  const stakers = [0, 1, 2, 3].map((index) => [index, 7n * AIT] as const);
  const chain = new Chain({ mode: 'pos', stakers });
  const { address } = person(1);
  chain.add({
    within: (context) =>
      assert.is(unstake(chain.state, address, { validator: address, amount: AIT }, context), 'SUCCESS'),
  });
  validators.set(chain.state, { ...chain.record(1), downtimes: 1 }, address);
  judge(chain, { 1: 0 });
  assert.is(chain.record(1).pool.tokens, 6n * AIT - 6_000_000n);
  assert.is(findUnbondingPool(chain.state, address, 1).tokens, AIT);
});

test('who is jailed or tombstoned already is not judged, nor does it shield others', () => {
  const chain = new Chain({ mode: 'poa', authorities: [0, 1, 2, 3] });
  validators.set(chain.state, { ...chain.record(0), status: TOMBSTONED }, person(0).address);
  validators.set(chain.state, { ...chain.record(1), status: JAILED, jailedUntil: 2, downtimes: 1 }, person(1).address);
  judge(chain, { 0: 0, 1: 0, 2: 5 });
  assert.is(chain.record(0).status, TOMBSTONED);
  assert.is(chain.record(1).downtimes, 1);
  assert.is(chain.record(2).status, JAILED);
});

test('whoever was away, the jailed weigh at most a third, rounded down, of W − 1', () => {
  const scene = fc.array(
    fc.record({ bond: fc.integer({ min: 1, max: 1_000 }), count: fc.integer({ min: 0, max: BLOCKS }) }),
    {
      minLength: 1,
      maxLength: 30,
    },
  );
  let some = 0;
  fc.assert(
    fc.property(scene, (seats) => {
      const stakers = seats.map(({ bond }, index) => [index, BigInt(bond) * AIT] as const);
      const chain = new Chain({ mode: 'pos', stakers });
      judge(chain, Object.fromEntries(seats.map(({ count }, index) => [index, count])));
      const now = new Set(jailed(chain));
      if (now.size > 0) some++;
      const persons = chain.epoch.validators.map((one) => ({ ...one, index: (one.publicKey[0] as number) - 1 }));
      const jailedWeight = totalWeight(persons.filter(({ index }) => now.has(index)));
      const limit = Math.floor((totalWeight(persons) - 1) / 3);
      assert.ok(jailedWeight <= limit);
      const countOf = (index: number) => seats[index]?.count ?? 0;
      for (const { index, weight } of persons) {
        if (now.has(index)) assert.ok(2 * countOf(index) < BLOCKS);
        else if (2 * countOf(index) < BLOCKS) assert.ok(jailedWeight + weight > limit, 'left out for its weight only');
      }
    }),
    { numRuns: 100, seed: 4 },
  );
  assert.ok(some > 50);
});

test.run();
