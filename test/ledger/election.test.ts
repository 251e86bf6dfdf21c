import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { apportion } from '../../src/ledger/apportionment.ts';
import { elect, TOTAL_WEIGHT } from '../../src/ledger/election.ts';
import { initializeState } from '../../src/ledger/genesis.ts';
import { authorities, candidates, stakes, validators } from '../../src/ledger/records.ts';
import { newValidator } from '../../src/ledger/validator-record.ts';
import { compareBytes } from '../../src/primitives/bytes.ts';
import { CONSENSUS_MODES, type ConsensusMode } from '../../src/primitives/genesis.ts';
import { MILLION, type Parameters } from '../../src/primitives/parameters.ts';
import { ACTIVE, AUTHORITY, JAILED, STAKER, TOMBSTONED, type ValidatorRecord } from '../../src/primitives/staking.ts';
import { totalWeight, type Validator } from '../../src/primitives/validators.ts';
import { MapState, PARAMETERS, person } from './build.ts';
import { type Beginning, Chain, genesisFor } from './epochs.ts';

const test = suite('election');
const AIT = 1_000_000_000n;

/** Weights by person. */
function weightsOf(set: readonly Validator[]): Record<number, number> {
  return Object.fromEntries(set.map(({ publicKey, weight }) => [(publicKey[0] as number) - 1, weight]));
}

function weightsIn(beginning: Beginning): Record<number, number> {
  const state = new MapState();
  initializeState(state, genesisFor(beginning));
  const { mode, parameters } = genesisFor(beginning);
  return weightsOf(elect(state, { mode, parameters }, []));
}

test('poa: every authority weighs one', () => {
  assert.equal(weightsIn({ mode: 'poa', authorities: [0, 1, 2] }), { 0: 1, 1: 1, 2: 1 });
});

test('pos: a million by stake; what is left by rounding goes to the largest remainder, ties to the lower address', () => {
  const stakers = [
    [0, 2n * AIT],
    [1, 1n * AIT],
    [2, 3n * AIT],
  ] as const;
  assert.equal(weightsIn({ mode: 'pos', stakers }), { 0: 333_333, 1: 166_667, 2: 500_000 });
  const alike = weightsIn({ mode: 'pos', stakers: [0, 1, 2].map((index) => [index, 5n * AIT] as const) });
  const [lowest] = [0, 1, 2].sort((a, b) => compareBytes(person(a).address, person(b).address));
  for (const index of [0, 1, 2]) assert.is(alike[index], index === lowest ? 333_334 : 333_333);
});

test('hybrid: stakers hold their share as far as the target is bonded, by stake; authorities the rest, equally', () => {
  const parameters = { authorityShare: 400_000, targetBonded: 100n * AIT };
  const half = { mode: 'hybrid', authorities: [0, 1], parameters } as const;
  const stakers = (...bonds: bigint[]) => bonds.map((bond, index) => [index + 2, bond * AIT] as const);
  assert.equal(weightsIn({ ...half, stakers: stakers(30n, 20n) }), { 0: 350_000, 1: 350_000, 2: 180_000, 3: 120_000 });
  assert.equal(weightsIn({ ...half, stakers: stakers(300n, 300n) }), {
    0: 200_000,
    1: 200_000,
    2: 300_000,
    3: 300_000,
  });
  assert.equal(weightsIn(half), { 0: 500_000, 1: 500_000 }, 'authorities alone');
  assert.equal(
    weightsIn({ ...half, authorities: [], stakers: stakers(1n, 1n) }),
    { 2: 500_000, 3: 500_000 },
    'stakers alone',
  );
  assert.equal(
    weightsIn({ ...half, parameters: { ...parameters, authorityShare: 0 }, stakers: stakers(100n) }),
    { 2: 1_000_000 },
    'who would weigh nothing has no seat',
  );
});

test('the wealthiest are seated, up to as many as may be, if enough of it is their own', () => {
  const parameters = { maxStakers: 2, minSelfBond: 10n * AIT };
  const state = new MapState();
  const stakers = [0, 1, 2, 3].map((index) => [index, BigInt(10 + index) * AIT] as const);
  const genesis = genesisFor({ mode: 'pos', stakers, parameters });
  initializeState(state, genesis);
  assert.equal(Object.keys(weightsOf(elect(state, genesis, []))), ['2', '3']);

  // Person 3 keeps its pool, but most of it is another's now.
  const { address } = person(3);
  stakes.set(state, { delegations: [{ validator: address, shares: 9n * AIT }], unbonding: [] }, address);
  assert.equal(Object.keys(weightsOf(elect(state, genesis, []))), ['1', '2']);
});

test('a seat that would lead fewer than two slots of an epoch is left empty, and the others share its weight', () => {
  // 20 slots: a tenth of the weight is the least.
  const parameters = { epochDuration: 20_000, blockTime: 1_000, minSelfBond: 1n };
  const stakers = (...bonds: bigint[]) => bonds.map((bond, index) => [index, bond] as const);
  assert.equal(weightsIn({ mode: 'pos', parameters, stakers: stakers(900n, 100n) }), { 0: 900_000, 1: 100_000 });
  assert.equal(weightsIn({ mode: 'pos', parameters, stakers: stakers(901n, 99n) }), { 0: 1_000_000 });
  // Without the lightest the next one is heavy enough: 93 of 926 is more than a tenth, of 1000 it is less.
  assert.equal(weightsIn({ mode: 'pos', parameters, stakers: stakers(833n, 93n, 74n) }), { 0: 899_568, 1: 100_432 });
  // Where their share of the weight is too small for anyone, the authorities have all of it.
  const hybrid = { ...parameters, authorityShare: 0, targetBonded: 1_000n };
  assert.equal(weightsIn({ mode: 'hybrid', authorities: [5], parameters: hybrid, stakers: stakers(99n) }), {
    5: 1_000_000,
  });
});

test('who is jailed or tombstoned is not elected, of either class', () => {
  const chain = new Chain({
    mode: 'hybrid',
    authorities: [0, 1],
    stakers: [
      [2, 9n * AIT],
      [3, 9n * AIT],
    ],
  });
  const { mode, parameters, validators: present } = chain.epoch;
  for (const [index, status] of [
    [0, JAILED],
    [3, TOMBSTONED],
  ] as const)
    validators.set(chain.state, { ...chain.record(index), status }, person(index).address);
  assert.equal(Object.keys(weightsOf(elect(chain.state, { mode, parameters }, present))), ['1', '2']);
});

test('when too few are elected the present set continues, without the tombstoned unless nobody else is in it', () => {
  const chain = new Chain({ mode: 'poa', authorities: [0, 1, 2], parameters: { minValidators: 3 } });
  const { mode, parameters, validators: present } = chain.epoch;
  const setStatus = (index: number, status: number) =>
    validators.set(chain.state, { ...chain.record(index), status }, person(index).address);
  const electedNow = () => weightsOf(elect(chain.state, { mode, parameters }, present));
  setStatus(0, JAILED);
  assert.equal(electedNow(), { 0: 1, 1: 1, 2: 1 }, 'with the jailed');
  setStatus(1, TOMBSTONED);
  assert.equal(electedNow(), { 0: 1, 2: 1 });
  setStatus(0, TOMBSTONED);
  setStatus(2, TOMBSTONED);
  assert.equal(electedNow(), { 0: 1, 1: 1, 2: 1 });
});

test('in a set that continues nobody votes with nothing at stake, unless nobody else is in it', () => {
  const bond = 9n * AIT;
  const chain = new Chain({
    mode: 'hybrid',
    authorities: [0],
    stakers: [1, 2, 3, 4].map((index) => [index, bond] as const),
    parameters: { minValidators: 5, minSelfBond: bond, targetBonded: 10n * AIT },
  });
  const { mode, parameters, validators: present } = chain.epoch;
  const change = (index: number, other: Partial<ValidatorRecord>) =>
    validators.set(chain.state, { ...chain.record(index), ...other }, person(index).address);
  const electedNow = () => Object.keys(weightsOf(elect(chain.state, { mode, parameters }, present)));
  const weight = (index: number) => present[chain.member(index)]?.weight;

  change(1, { pool: { tokens: 0n, shares: 0n } });
  assert.equal(electedNow(), ['0', '2', '3', '4'], 'without the one that has left');
  const weights = weightsOf(elect(chain.state, { mode, parameters }, present));
  assert.equal([weights[0], weights[2]], [weight(0), weight(2)], 'the others, as alike as before, keep their weights');
  change(2, { pool: { tokens: bond - 1n, shares: bond } });
  assert.equal(electedNow(), ['0', '3', '4'], 'slashed below what is to be its own');
  change(3, { status: JAILED });
  assert.equal(electedNow(), ['0', '3', '4'], 'the jailed stay');
  change(3, { pool: { tokens: 99n * bond, shares: 100n * bond } });
  assert.equal(electedNow(), ['0', '4'], 'others’ stake does not help');
  change(4, { status: TOMBSTONED });
  change(0, { role: STAKER });
  assert.equal(electedNow(), ['0', '1', '2', '3'], 'but for the tombstoned when all have left');
});

test('in a set that continues the stakers weigh what they have at stake now, and the authorities what they did', () => {
  const chain = new Chain({
    mode: 'hybrid',
    authorities: [0],
    stakers: [1, 2, 3].map((index) => [index, 10n * AIT] as const),
    parameters: { minValidators: 5, minSelfBond: 2n, targetBonded: 30n * AIT },
  });
  const { mode, parameters, validators: present } = chain.epoch;
  const hold = (index: number, tokens: bigint) =>
    validators.set(chain.state, { ...chain.record(index), pool: { tokens, shares: 10n * AIT } }, person(index).address);
  const continued = () => elect(chain.state, { mode, parameters }, present);

  hold(2, 30n * AIT);
  assert.equal(weightsOf(continued()), { 0: 500_000, 1: 100_000, 2: 300_000, 3: 100_000 });
  assert.equal(
    continued().map(({ publicKey }) => publicKey),
    present.map(({ publicKey }) => publicKey),
    'in the order that they had',
  );
  validators.set(chain.state, { ...chain.record(3), status: JAILED }, person(3).address);
  assert.equal(weightsOf(continued())[3], 100_000, 'the jailed too');
  validators.set(chain.state, { ...chain.record(3), status: TOMBSTONED }, person(3).address);
  hold(2, 20n * AIT);
  const sum = [1, 2].reduce((all, index) => all + (present[chain.member(index)]?.weight ?? 0), 0);
  assert.is(totalWeight(continued()), 500_000 + sum, 'nobody has the weight of who has left');
  assert.is(weightsOf(continued())[2], Math.round((2 * sum) / 3));
  hold(1, 2n);
  assert.equal(weightsOf(continued()), { 0: 500_000, 2: sum }, 'what is left is too little for any weight');
});

interface Seat {
  readonly role: number;
  readonly status: number;
  readonly bond: bigint;
  readonly delegated: bigint;
}

const seat: fc.Arbitrary<Seat> = fc.record({
  role: fc.constantFrom(STAKER, STAKER, AUTHORITY),
  status: fc.constantFrom(ACTIVE, ACTIVE, ACTIVE, JAILED, TOMBSTONED),
  bond: fc.bigInt({ min: 1n, max: 1n << 50n }),
  delegated: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 1n << 58n })),
});
const rules: fc.Arbitrary<Partial<Parameters>> = fc.record({
  maxStakers: fc.integer({ min: 1, max: 40 }),
  authorityShare: fc.integer({ min: 0, max: MILLION }),
  targetBonded: fc.bigInt({ min: 1n, max: 1n << 62n }),
  minSelfBond: fc.bigInt({ min: 1n, max: 1n << 30n }),
  epochDuration: fc.integer({ min: 10_000, max: 10_000_000 }),
});

/** The state of such validators, their lists in the order of the addresses, the records written in any order. */
function stateOf(seats: readonly Seat[], order: readonly number[]): MapState {
  const state = new MapState();
  for (const index of order) {
    const { role, status, bond, delegated } = seats[index] as Seat;
    const { address, publicKey } = person(index);
    const tokens = role === STAKER ? bond + delegated : 0n;
    const pool = { tokens, shares: tokens };
    validators.set(state, { ...newValidator(publicKey, role, 0), status, pool }, address);
    if (role === STAKER)
      stakes.set(state, { delegations: [{ validator: address, shares: bond }], unbonding: [] }, address);
  }
  const listed = (role: number) =>
    order
      .filter((index) => (seats[index] as Seat).role === role)
      .map((index) => person(index).address)
      .sort(compareBytes);
  candidates.set(state, listed(STAKER));
  authorities.set(state, listed(AUTHORITY));
  return state;
}

test('over random candidates: weights sum to W, are in proportion, and do not depend on the order of events', () => {
  const modes: ConsensusMode[] = ['pos', 'hybrid'];
  const scene = fc.array(seat, { minLength: 1, maxLength: 60 }).chain((seats) =>
    fc.record({
      seats: fc.constant(seats),
      order: fc.shuffledSubarray([...seats.keys()], { minLength: seats.length }),
      mode: fc.constantFrom(...modes),
      rules,
    }),
  );
  let elections = 0;
  fc.assert(
    fc.property(scene, ({ seats, order, mode, rules }) => {
      const parameters = { ...PARAMETERS, ...rules };
      const next = { mode: CONSENSUS_MODES.indexOf(mode), parameters };
      const set = elect(stateOf(seats, [...seats.keys()]), next, []);
      assert.equal(elect(stateOf(seats, order), next, []), set);

      const seatOf = ({ publicKey }: Validator) => seats[(publicKey[0] as number) - 1] as Seat;
      const of = (role: number) => set.filter((one) => seatOf(one).role === role);
      const staked = of(STAKER);
      const seated = of(AUTHORITY);
      if (mode === 'pos') assert.is(seated.length, 0);
      for (const one of set) assert.is(seatOf(one).status, ACTIVE);
      assert.ok(staked.length <= parameters.maxStakers);
      assert.ok(set.every(({ weight }) => Number.isInteger(weight) && weight > 0));
      assert.equal(
        set,
        set.toSorted((a, b) => compareBytes(a.publicKey, b.publicKey)),
      );
      if (set.length === 0) return;
      elections++;
      assert.is(totalWeight(set), TOTAL_WEIGHT);
      if (seated.length > 0) {
        const least = Math.floor((TOTAL_WEIGHT * parameters.authorityShare) / MILLION);
        assert.ok(totalWeight(seated) >= least, 'the authorities hold their share at least');
        const weights = seated.map(({ weight }) => weight);
        assert.ok(Math.max(...weights) - Math.min(...weights) <= 1, 'and equally');
      }
      const tokens = (one: Validator) => seatOf(one).bond + seatOf(one).delegated;
      const sum = staked.reduce((all, one) => all + tokens(one), 0n);
      const part = BigInt(totalWeight(staked));
      for (const one of staked) {
        const exact = (part * tokens(one)) / sum;
        assert.ok(BigInt(one.weight) - exact <= 1n && BigInt(one.weight) >= exact, 'within one of the exact share');
        const lightest = (2 * TOTAL_WEIGHT * parameters.blockTime) / parameters.epochDuration;
        assert.ok(one.weight >= Math.floor(lightest));
      }
    }),
    { numRuns: 300, seed: 11 },
  );
  assert.ok(elections > 200);
});

test('apportionment: sums exactly, and nobody is further than one from its exact share', () => {
  const claims = fc.array(fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(claims, fc.integer({ min: 0, max: TOTAL_WEIGHT }), (parts, total) => {
      const list = parts.map((part, index) => ({ part, address: person(index).address }));
      const shares = apportion(total, list);
      const sum = parts.reduce((all, part) => all + part, 0n);
      assert.is(
        shares.reduce((all, share) => all + share, 0),
        total,
      );
      for (const [index, share] of shares.entries()) {
        const exact = (BigInt(total) * (parts[index] as bigint)) / sum;
        assert.ok(BigInt(share) === exact || BigInt(share) === exact + 1n);
      }
    }),
    { seed: 3 },
  );
});

test.run();
