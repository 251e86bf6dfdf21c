// Random histories of everything that moves stakes: actions of accounts, rewards, jail, slashes, epochs and payouts. What
// must hold is checked after each step against a count over all accounts that knows nothing of how the ledger does it.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { getFeePool, setFeePool } from '../../src/ledger/accounts.ts';
import { candidateList } from '../../src/ledger/candidates.ts';
import { currentEpoch, payoutQueue, payouts, unbondingPools, validators } from '../../src/ledger/records.ts';
import { slashStake } from '../../src/ledger/slashing.ts';
import { burn } from '../../src/ledger/supply.ts';
import { findUnbondingPool } from '../../src/ledger/unbonding.ts';
import { addressKey } from '../../src/primitives/address.ts';
import { compareBytes } from '../../src/primitives/bytes.ts';
import { MILLION } from '../../src/primitives/parameters.ts';
import { JAILED, type Pool, TOMBSTONED } from '../../src/primitives/staking.ts';
import { FEE, person } from './build.ts';
import { AIT, StakingChain } from './staking-chain.ts';

const test = suite('histories of stakes');
const PEOPLE = 5;
/** These may become validators. */
const OPERATORS = 3;
const FUNDS = 50n * AIT;
const PERIOD = 1_000;
const address = (index: number) => person(index).address;
const everybody = Array.from({ length: PEOPLE }, (_, i) => i);
const operators = everybody.slice(0, OPERATORS);

const who = fc.nat(PEOPLE - 1);
const operator = fc.nat(OPERATORS - 1);
const amount = fc.oneof(
  { weight: 2, arbitrary: fc.bigInt({ min: 0n, max: 20n }) },
  fc.bigInt({ min: 1n, max: FUNDS / 4n }),
  fc.bigInt({ min: 1n, max: 60n }).map((n) => n * AIT),
);
/** Often exactly so long that something falls due. */
const pause = fc.oneof(fc.constantFrom(0, PERIOD / 2, PERIOD), fc.nat(PERIOD));
const step = fc.oneof(
  fc.record({ do: fc.constant('register' as const), who: operator, amount, key: fc.nat(9) }),
  fc.record({ do: fc.constant('update' as const), who, key: fc.option(fc.nat(9), { nil: undefined }) }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('stake' as const), who, on: operator, amount }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('unstake' as const), who, on: operator, amount }) },
  fc.record({ do: fc.constant('unstake' as const), who, on: operator, amount: fc.constant(0n) }),
  fc.record({ do: fc.constant('unjail' as const), who }),
  fc.record({ do: fc.constant('jail' as const), on: operator, ppm: fc.constantFrom(0, 1_000) }),
  fc.record({
    do: fc.constant('offend' as const),
    on: operator,
    ago: fc.nat(3),
    ppm: fc.oneof(fc.constantFrom(50_000, MILLION), fc.integer({ min: 0, max: MILLION })),
  }),
  fc.record({ do: fc.constant('reward' as const), on: operator, amount }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('epoch' as const), later: pause }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pay' as const), later: pause }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const histories = fc.array(step, { maxLength: 60, size: 'max' });

/** By the definition of a share. */
const part = ({ tokens, shares }: Readonly<Pool>, held: bigint) => (shares === 0n ? 0n : (held * tokens) / shares);

/** Everything that somebody would have if all pools were paid out as they are. */
function wealth(chain: StakingChain, index: number): bigint {
  const { delegations, unbonding } = chain.stakes(index);
  let sum = chain.balance(index);
  for (const { validator, shares } of delegations) sum += part(validators.get(chain.state, validator).pool, shares);
  for (const { validator, epoch, shares } of unbonding) {
    sum += part(findUnbondingPool(chain.state, validator, epoch), shares);
  }
  return sum;
}

/** A pool and what everybody has of it: nobody's shares are missing or too many, and no more is promised than is there. */
function assertPool(pool: Readonly<Pool>, held: readonly bigint[], mayBeVoid: boolean): void {
  assert.is(pool.tokens === 0n, pool.shares === 0n, 'units and shares end together');
  const sum = held.reduce((a, b) => a + b, 0n);
  if (mayBeVoid && pool.shares === 0n) return;
  assert.is(sum, pool.shares);
  assert.ok(held.reduce((worth, shares) => worth + part(pool, shares), 0n) <= pool.tokens);
}

function assertConsistent(chain: StakingChain): void {
  chain.assertConserved();
  for (const on of operators) {
    const record = validators.find(chain.state, address(on));
    if (record === undefined) continue;
    const voided = record.status === TOMBSTONED;
    assertPool(
      record.pool,
      everybody.map((index) => chain.shares(index, on)),
      voided,
    );
    for (let epoch = 1; epoch <= currentEpoch(chain.state).epoch; epoch++) {
      const held = everybody.flatMap((index) =>
        chain.stakes(index).unbonding.filter((entry) => isEntry(entry, on, epoch)),
      );
      const pool = unbondingPools.find(chain.state, address(on), epoch) ?? { tokens: 0n, shares: 0n };
      assertPool(
        pool,
        held.map(({ shares }) => shares),
        voided,
      );
    }
  }
  const candidates = candidateList(chain.state);
  assert.equal(candidates, [...candidates].sort(compareBytes));
  assert.is(new Set(candidates.map(addressKey)).size, candidates.length);
  for (const candidate of candidates) assert.ok(validators.get(chain.state, candidate).pool.shares > 0n);
  assertQueue(chain);
}

const isEntry = (entry: { validator: Uint8Array; epoch: number }, on: number, epoch: number) =>
  entry.epoch === epoch && compareBytes(entry.validator, address(on)) === 0;

/** The queue holds exactly what accounts wait for, each once, in the order of epochs. */
function assertQueue(chain: StakingChain): void {
  const { first, next } = payoutQueue.find(chain.state) ?? { first: 0, next: 0 };
  const name = (delegator: Uint8Array, validator: Uint8Array, epoch: number) =>
    `${addressKey(delegator)} ${addressKey(validator)} ${epoch}`;
  const queued: string[] = [];
  let newest = 0;
  for (let position = first; position < next; position++) {
    const { delegator, validator, epoch } = payouts.get(chain.state, position);
    assert.ok(epoch >= newest);
    newest = epoch;
    queued.push(name(delegator, validator, epoch));
  }
  const waiting = everybody.flatMap((index) =>
    chain.stakes(index).unbonding.map(({ validator, epoch }) => name(address(index), validator, epoch)),
  );
  assert.equal(queued.sort(), waiting.sort());
}

/** A history as it goes on; what it knows of time is its own. */
class History {
  readonly chain = new StakingChain(
    everybody.map(() => FUNDS),
    { parameters: { unbondingPeriod: PERIOD } },
  );
  /** when each epoch ended */
  readonly #ends = new Map<number, number>();
  readonly seen = new Set<string>();

  take(next: Step): void {
    const { chain } = this;
    switch (next.do) {
      case 'register':
        return this.#act(next.who, () => chain.register(next.who, next.amount, { key: next.key }));
      case 'update':
        return this.#act(next.who, () => chain.update(next.who, next.key === undefined ? {} : { key: next.key }));
      case 'stake':
        return this.#act(next.who, () => chain.stake(next.who, next.on, next.amount), 1n);
      case 'unstake':
        return this.#act(next.who, () => chain.unstake(next.who, next.on, next.amount));
      case 'unjail':
        return this.#act(next.who, () => chain.unjail(next.who));
      case 'jail':
        return this.#slash(next.on, currentEpoch(chain.state).epoch + 1, next.ppm, JAILED);
      case 'offend':
        return this.#slash(next.on, Math.max(1, currentEpoch(chain.state).epoch - next.ago), next.ppm, TOMBSTONED);
      case 'reward':
        return this.#reward(next.on, next.amount);
      case 'epoch':
        this.#ends.set(currentEpoch(chain.state).epoch, chain.now + next.later);
        return chain.endEpoch(chain.now + next.later);
      case 'pay':
        return this.#pay(chain.now + next.later);
    }
  }

  /** Who acts pays its fee and may lose by rounding, up to `lost` units; nobody else loses anything. */
  #act(index: number, act: () => string, lost?: bigint): void {
    if (this.chain.balance(index) < FEE) return;
    const before = everybody.map((one) => wealth(this.chain, one));
    const code = act();
    this.seen.add(code);
    for (const one of everybody) {
      const [was, is] = [before[one] as bigint, wealth(this.chain, one)];
      if (one === index) {
        assert.ok(is <= was - FEE, `${code} gains ${is - was + FEE}`);
        if (lost !== undefined) assert.ok(is >= was - FEE - lost, `${code} loses ${was - FEE - is}`);
      } else assert.ok(is >= was, `${code} takes ${was - is} from another`);
    }
  }

  #slash(on: number, from: number, ppm: number, status: number): void {
    const record = validators.find(this.chain.state, address(on));
    if (record === undefined || record.status === TOMBSTONED) return;
    this.chain.change(on, { status, jailedUntil: currentEpoch(this.chain.state).epoch + 1 });
    let within = record.pool.tokens;
    for (let epoch = from; epoch <= currentEpoch(this.chain.state).epoch; epoch++) {
      within += findUnbondingPool(this.chain.state, address(on), epoch).tokens;
    }
    const { taken } = slashStake(this.chain.state, address(on), from, ppm);
    burn(this.chain.state, taken);
    assert.ok(taken * BigInt(MILLION) <= within * BigInt(ppm), 'not more than the part of what there is');
    if (ppm === MILLION) assert.is(taken, within);
    this.seen.add(status === JAILED ? 'jailed' : 'tombstoned');
  }

  #reward(on: number, wanted: bigint): void {
    const { state } = this.chain;
    const record = validators.find(state, address(on));
    const fees = getFeePool(state);
    const given = wanted < fees ? wanted : fees;
    if (record === undefined || record.pool.shares === 0n) return;
    setFeePool(state, fees - given);
    this.chain.change(on, { pool: { ...record.pool, tokens: record.pool.tokens + given } });
    this.seen.add('rewarded');
  }

  /** Whatever is due is paid, nothing else, and what each gets is what it had waiting. */
  #pay(now: number): void {
    const isDue = ({ epoch }: { epoch: number }) => (this.#ends.get(epoch) ?? Infinity) + PERIOD <= now;
    const before = everybody.map((index) => ({ wealth: wealth(this.chain, index), ...this.chain.stakes(index) }));
    this.chain.payAt(now);
    for (const index of everybody) {
      const was = before[index];
      assert.equal(
        this.chain.stakes(index).unbonding,
        was?.unbonding.filter((entry) => !isDue(entry)),
      );
      if (was?.unbonding.some(isDue)) this.seen.add('paid');
      assert.ok(wealth(this.chain, index) >= (was?.wealth ?? 0n), 'rounding leaves more for those who are paid last');
    }
  }
}

test('over any history: units are conserved, shares and prices agree, nobody gains by rounding, payouts are in time', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(histories, (steps) => {
      const history = new History();
      for (const on of operators.slice(0, 2)) history.chain.register(on, 3n * AIT);
      for (const next of steps) {
        history.take(next);
        assertConsistent(history.chain);
      }
      for (const outcome of history.seen) seen.add(outcome);
    }),
    { numRuns: 150, seed: 11 },
  );
  const outcomes =
    'SUCCESS INSUFFICIENT_BALANCE ALREADY_REGISTERED UNKNOWN_VALIDATOR KEY_ALREADY_USED STAKE_TOO_SMALL NOT_ALLOWED ' +
    'INSUFFICIENT_STAKE TOMBSTONED NOT_JAILED STILL_JAILED rewarded jailed tombstoned paid';
  for (const outcome of outcomes.split(' ')) assert.ok(seen.has(outcome), `some history has ${outcome}`);
});

test('stakes of two accounts on two validators give one state in either order, at any price', () => {
  const price = fc.record({ tokens: fc.bigInt({ min: 1n, max: 20n }), shares: fc.bigInt({ min: 1n, max: 20n }) });
  let done = 0;
  fc.assert(
    fc.property(price, price, amount, amount, (one, two, x, y) => {
      const states = [false, true].map((swapped) => {
        const chain = new StakingChain(everybody.map(() => FUNDS));
        for (const on of [0, 1]) chain.register(on, AIT);
        chain.change(0, { pool: { tokens: one.tokens * AIT, shares: one.shares * AIT } });
        chain.change(1, { pool: { tokens: two.tokens * AIT, shares: two.shares * AIT } });
        const stakes = [() => chain.stake(2, 0, x), () => chain.stake(3, 1, y)];
        for (const stake of swapped ? stakes.reverse() : stakes) if (stake() === 'SUCCESS') done += 1;
        return chain.state.dump();
      });
      assert.equal(states[0], states[1]);
    }),
    { numRuns: 150, seed: 12 },
  );
  assert.ok(done > 100);
});

test('on one validator too, as long as a share is a unit', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), amount), { maxLength: 6 }), (stakes) => {
      const states = [stakes, [...stakes].reverse()].map((order) => {
        const chain = new StakingChain(everybody.map(() => 10n * FUNDS));
        chain.register(0, AIT);
        for (const [from, units] of order) chain.stake(from, 0, units);
        return chain.state.dump();
      });
      assert.equal(states[0], states[1]);
    }),
    { numRuns: 100, seed: 13 },
  );
});

test.run();
