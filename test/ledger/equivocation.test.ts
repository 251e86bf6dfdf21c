import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BlockContext } from '../../src/ledger/block.ts';
import { candidateList } from '../../src/ledger/candidates.ts';
import { closeOffences, EQUIVOCATION_SLASH, owedFor, punishEquivocation } from '../../src/ledger/equivocation.ts';
import { worth } from '../../src/ledger/pools.ts';
import { authorities, epochs, offences, validators } from '../../src/ledger/records.ts';
import { getStakes, ownStake, setStakes, withShares } from '../../src/ledger/stakes.ts';
import { unstake } from '../../src/ledger/staking.ts';
import { getSupply, totalSupply } from '../../src/ledger/supply.ts';
import { findUnbondingPool, setUnbondingPool } from '../../src/ledger/unbonding.ts';
import { MAX_MEMBERS } from '../../src/primitives/consensus.ts';
import type { EpochRecord } from '../../src/primitives/epoch.ts';
import type { Evidence } from '../../src/primitives/evidence.ts';
import { votePair } from '../../src/primitives/evidence.ts';
import { sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import { MILLION } from '../../src/primitives/parameters.ts';
import type { ReceiptCode } from '../../src/primitives/receipt.ts';
import { type Pool, TOMBSTONED } from '../../src/primitives/staking.ts';
import { totalWeight, validatorsRoot } from '../../src/primitives/validators.ts';
import { contextOf, person } from './build.ts';
import { Chain } from './epochs.ts';

const test = suite('equivocation');
const AIT = 1_000_000_000n;
const REPORTER = 90;
const EPOCH = 20_000;
const WINDOW = 100_000;
const PARAMETERS = {
  epochDuration: EPOCH,
  evidenceWindow: WINDOW,
  unbondingPeriod: 2 * WINDOW,
  minSelfBond: 1n,
  blockTime: 1_000,
  targetBonded: 100n * AIT,
} as const;

function posChain(...bonds: bigint[]): Chain {
  const stakers = bonds.map((bond, index) => [index, bond] as const);
  return new Chain({ mode: 'pos', stakers, parameters: { ...PARAMETERS, blockTime: 1 } });
}

/** The ledger looks at who is accused, and of which epoch; what was signed is checked before. */
function evidenceOf(index: number, { epoch, validators }: EpochRecord, change: Partial<Evidence> = {}): Evidence {
  const vote = (byte: number) => ({
    kind: 0 as const,
    hash: sha256(Uint8Array.of(byte)),
    signature: new Uint8Array(64),
  });
  const messages = votePair(vote(1), vote(2));
  const { publicKey } = person(index);
  return { epoch, validatorsRoot: validatorsRoot(validators), publicKey, slot: 1, messages, ...change };
}

function report(
  chain: Chain,
  evidence: Evidence,
  context: BlockContext = contextOf(chain.epoch, chain.time),
  reporter = REPORTER,
): ReceiptCode {
  return punishEquivocation(chain.state, person(reporter).address, { evidence }, context);
}

interface Holding extends Pool {
  /** shares of the validator itself */
  readonly own: bigint;
}

/** Replaces a validator's pool and what it has of it, and in the same way its unbonding pools from epoch 1 on. */
function holdingOf(chain: Chain, index: number, { own, ...pool }: Holding, waiting: readonly Holding[] = []): void {
  const { address: validator } = person(index);
  const epochOf = (at: number) => at + 1;
  validators.set(chain.state, { ...chain.record(index), pool }, validator);
  for (const [at, { tokens, shares }] of waiting.entries())
    setUnbondingPool(chain.state, validator, epochOf(at), { tokens, shares });
  const unbonding = waiting.map((one, at) => ({ validator, epoch: epochOf(at), shares: one.own }));
  setStakes(chain.state, validator, {
    delegations: withShares([], validator, own),
    unbonding: unbonding.filter(({ shares }) => shares > 0n),
  });
}

/** In its account, its pool and its unbonding pools. */
function wealthOf(chain: Chain, index: number): bigint {
  const { address } = person(index);
  const waiting = getStakes(chain.state, address).unbonding.map(({ epoch, shares }) =>
    worth(findUnbondingPool(chain.state, address, epoch), shares),
  );
  return waiting.reduce((sum, one) => sum + one, chain.balance(index) + ownStake(chain.state, address));
}

function blockAt(chain: Chain, time: number, within: (context: BlockContext) => void = () => undefined): void {
  chain.add({ after: time - chain.time, within });
}

/** Takes out all that a validator has staked on itself. */
function leave(chain: Chain, index: number): (context: BlockContext) => void {
  const { address } = person(index);
  return (context) => assert.is(unstake(chain.state, address, { validator: address, amount: 0n }, context), 'SUCCESS');
}

test('the accused is tombstoned, loses a twentieth of its stake, and a twentieth of that is the reporter’s', () => {
  const chain = posChain(4_000_000n, 1_000_019n, 1_000_000n);
  const before = chain.epoch;
  assert.is(report(chain, evidenceOf(1, chain.epoch)), 'SUCCESS');
  assert.is(chain.record(1).status, TOMBSTONED);
  assert.is(chain.record(1).pool.tokens, 1_000_019n - 50_000n);
  assert.is(chain.balance(REPORTER), 2_500n);
  assert.is(getSupply(chain.state).burned, 47_500n);
  assert.is(totalSupply(chain.state.entries()), 6_000_019n - 47_500n);
  assert.is(candidateList(chain.state).length, 2);
  assert.equal(chain.epoch, before, 'the present set stays');
  chain.finishEpoch();
  assert.equal(Object.keys(chain.weights()), ['0', '2']);
});

test('the reporter gets no more than the accused itself loses: delegators pay nobody for being reported', () => {
  const chain = posChain(4_000_000n, 1_000_000n);
  holdingOf(chain, 1, { tokens: 999_999n, shares: 1_000_000n, own: 30_019n });
  assert.is(report(chain, evidenceOf(1, chain.epoch), undefined, 1), 'SUCCESS');
  // A twentieth is 49,999; a twentieth of that 2,499, but its own of it only 1,500.9.
  assert.is(chain.balance(1), 1_500n);
  assert.is(getSupply(chain.state).burned, 48_499n);
});

test('an authority loses its seat', () => {
  const chain = new Chain({ mode: 'hybrid', authorities: [0, 1], stakers: [[2, 9n * AIT]], parameters: PARAMETERS });
  assert.is(report(chain, evidenceOf(1, chain.epoch)), 'SUCCESS');
  assert.equal(authorities.get(chain.state), [person(0).address]);
  assert.is(chain.record(1).status, TOMBSTONED);
  assert.is(getSupply(chain.state).burned, 0n);
  assert.is(offences.get(chain.state).length, 1);
});

test('what was unstaked in the epoch of the offence or later is slashed, what left before is not', () => {
  const chain = posChain(4_000_000n, 1_000_000n);
  const { address } = person(1);
  const leaveInPart = (context: BlockContext) =>
    assert.is(unstake(chain.state, address, { validator: address, amount: 100_000n }, context), 'SUCCESS');
  chain.add({ within: leaveInPart });
  chain.finishEpoch();
  const offence = chain.epoch;
  chain.add({ within: leaveInPart });
  chain.finishEpoch();
  chain.add({ within: leaveInPart });
  assert.is(report(chain, evidenceOf(1, offence)), 'SUCCESS');
  assert.equal(
    [1, 2, 3].map((epoch) => findUnbondingPool(chain.state, address, epoch).tokens),
    [100_000n, 95_000n, 95_000n],
  );
  assert.is(chain.record(1).pool.tokens, 700_000n - 35_000n);
});

test('evidence is refused once its window is over, about who was no member, and a second time', () => {
  const chain = posChain(4_000_000n, 1_000_000n);
  const first = chain.epoch;
  const evidence = evidenceOf(1, first);
  assert.is(report(chain, { ...evidence, epoch: 2 }), 'EVIDENCE_TOO_OLD', 'of an epoch that has not come');
  assert.is(report(chain, { ...evidence, epoch: 0 }), 'EVIDENCE_TOO_OLD');
  assert.is(report(chain, evidenceOf(5, first)), 'NOT_A_MEMBER');
  assert.is(report(chain, { ...evidence, validatorsRoot: ZERO_HASH }), 'NOT_A_MEMBER', 'of another set');
  chain.finishEpoch();
  const end = chain.epoch.start;
  assert.is(report(chain, evidence, contextOf(chain.epoch, end + WINDOW)), 'EVIDENCE_TOO_OLD');
  assert.is(report(chain, evidence, contextOf(chain.epoch, end + WINDOW - 1)), 'SUCCESS');
  assert.is(report(chain, evidence), 'ALREADY_PUNISHED');
  assert.is(report(chain, evidenceOf(1, chain.epoch)), 'ALREADY_PUNISHED', 'with the same share');
});

/** A chain in its third epoch whose second validator has taken a tenth of its stake out in each. */
function leavingSlowly(): { chain: Chain; set: (epoch: number) => EpochRecord; waiting: () => bigint[] } {
  const chain = posChain(4_000_000n, 1_000_000n);
  const { address } = person(1);
  for (let epoch = 1; epoch <= 3; epoch++) {
    if (epoch > 1) chain.finishEpoch();
    chain.add({
      within: (context) =>
        assert.is(unstake(chain.state, address, { validator: address, amount: 100_000n }, context), 'SUCCESS'),
    });
  }
  return {
    chain,
    set: (epoch) => epochs.get(chain.state, epoch),
    waiting: () => [1, 2, 3].map((epoch) => findUnbondingPool(chain.state, address, epoch).tokens),
  };
}

test('an earlier offence that is reported later costs what was unstaked between the two, once', () => {
  const { chain, set, waiting } = leavingSlowly();
  assert.is(report(chain, evidenceOf(1, set(3))), 'SUCCESS');
  const [{ time } = { time: 0 }] = offences.get(chain.state);
  const { burned } = getSupply(chain.state);
  const paid = chain.balance(REPORTER);
  assert.equal(waiting(), [100_000n, 100_000n, 95_000n]);

  assert.is(report(chain, evidenceOf(1, set(2)), contextOf(chain.epoch, chain.time + 1)), 'SUCCESS');
  assert.equal(waiting(), [100_000n, 95_000n, 95_000n]);
  assert.is(chain.record(1).pool.tokens, 665_000n);
  assert.is(chain.balance(REPORTER), paid + 250n);
  assert.is(getSupply(chain.state).burned, burned + 4_750n);
  assert.equal(
    offences.get(chain.state).map((offence) => [offence.epoch, offence.time]),
    [[2, time]],
  );
  for (const epoch of [2, 3]) assert.is(report(chain, evidenceOf(1, set(epoch))), 'ALREADY_PUNISHED');
  assert.is(report(chain, evidenceOf(1, set(1))), 'SUCCESS');
  assert.is(report(chain, evidenceOf(1, set(1))), 'ALREADY_PUNISHED');
  assert.equal(waiting(), [95_000n, 95_000n, 95_000n]);
  assert.is(totalSupply(chain.state.entries()), 5_000_000n - getSupply(chain.state).burned);
});

test('what is owed for others is taken from the epoch of the earliest offence on', () => {
  const { chain, set, waiting } = leavingSlowly();
  for (const epoch of [3, 1]) assert.is(report(chain, evidenceOf(1, set(epoch))), 'SUCCESS');
  assert.is(report(chain, evidenceOf(0, set(3))), 'SUCCESS');
  closeOffences(chain.state, chain.epoch, chain.time + WINDOW);
  assert.equal(waiting(), [0n, 0n, 0n]);
  assert.is(chain.record(1).pool.tokens, 0n);
});

test('of an offender’s epochs the one with the largest share counts for the others', () => {
  const chain = posChain(5_000_000n, 3_000_000n, 1_000_000n, 1_000_000n);
  const heavy = chain.epoch;
  const { address } = person(1);
  chain.add({
    within: (context) =>
      assert.is(unstake(chain.state, address, { validator: address, amount: 2_000_000n }, context), 'SUCCESS'),
  });
  chain.finishEpoch();
  const light = chain.epoch;
  assert.is(report(chain, evidenceOf(2, light)), 'SUCCESS');
  assert.is(report(chain, evidenceOf(1, light)), 'SUCCESS');
  assert.is(report(chain, evidenceOf(3, light)), 'SUCCESS');
  const others = () => offences.get(chain.state).map((offence) => offence.others);
  assert.equal(others(), [250_000, 250_000, 250_000]);
  assert.is(report(chain, evidenceOf(1, heavy)), 'SUCCESS');
  assert.equal(others(), [425_000, 250_000, 425_000]);
  const [, { epoch, weight, totalWeight: total } = {}] = offences.get(chain.state);
  assert.equal([epoch, weight, total], [heavy.epoch, 300_000, 1_000_000]);

  // Of 2 it makes nothing worse: its share was smaller then.
  assert.is(report(chain, evidenceOf(2, heavy)), 'SUCCESS', 'but for the epoch');
  assert.equal(others(), [425_000, 250_000, 425_000]);
});

test('an offence in a later epoch matters only with a larger share', () => {
  const chain = posChain(5_000_000n, 1_000_000n, 1_000_000n);
  const early = chain.epoch;
  const { address } = person(0);
  chain.add({
    within: (context) =>
      assert.is(unstake(chain.state, address, { validator: address, amount: 3_000_000n }, context), 'SUCCESS'),
  });
  chain.finishEpoch();
  const late = chain.epoch;
  for (const index of [1, 2]) assert.is(report(chain, evidenceOf(index, early)), 'SUCCESS');
  const { burned } = getSupply(chain.state);
  assert.is(report(chain, evidenceOf(1, late)), 'SUCCESS');
  assert.is(getSupply(chain.state).burned, burned, 'the stake has paid');
  assert.equal(
    offences.get(chain.state).map((offence) => [offence.epoch, offence.weight, offence.others]),
    [
      [early.epoch, 250_000, 142_857],
      [early.epoch, 142_857, 250_000],
    ],
  );
  assert.is(report(chain, evidenceOf(1, late)), 'ALREADY_PUNISHED');
});

test('when an offence has been settled, the validator is out of reach', () => {
  const { chain, set } = leavingSlowly();
  const { time } = chain;
  assert.is(report(chain, evidenceOf(1, set(3))), 'SUCCESS');
  chain.finishEpoch();
  const later = chain.epoch.start;
  assert.ok(later > time);
  blockAt(chain, time + WINDOW, (context) => {
    assert.equal(offences.get(chain.state), []);
    assert.is(report(chain, evidenceOf(1, set(1)), context), 'EVIDENCE_TOO_OLD');
    assert.is(report(chain, evidenceOf(1, set(2)), context), 'EVIDENCE_TOO_OLD');
    assert.is(report(chain, evidenceOf(1, set(3)), context), 'ALREADY_PUNISHED');
  });
});

test('what is owed in all grows with the square of the weight that offended together, to everything at a third', () => {
  assert.is(owedFor(1, 73_999), EQUIVOCATION_SLASH);
  assert.is(owedFor(50_000, 50_000), 90_000);
  assert.is(owedFor(40_000, 60_000), 90_000);
  assert.is(owedFor(50_000, 150_000), 360_000);
  assert.is(owedFor(166_667, 166_667), MILLION);
  assert.is(owedFor(1, 333_333), MILLION);
  assert.is(owedFor(MILLION, MILLION), MILLION);
});

test('of an offender’s own weight so much counts as others match: who is small can not make a lone mistake cost all', () => {
  assert.is(owedFor(60_000, 40_000), 72_000);
  assert.is(owedFor(150_000, 50_000), 180_000);
  assert.is(owedFor(300_000, 100_000), 720_000);
  assert.is(owedFor(333_333, 1), EQUIVOCATION_SLASH);
});

test('a contradiction by itself costs a twentieth, however much it weighs', () => {
  for (const own of [0, 1, 333_334, MILLION]) assert.is(owedFor(own, 0), EQUIVOCATION_SLASH);
});

test('where a third of the weight contradicts itself together, all of it is lost', () => {
  const chain = posChain(6_666_660n, 1_666_670n, 1_666_670n);
  for (const index of [1, 2]) assert.is(report(chain, evidenceOf(index, chain.epoch)), 'SUCCESS');
  closeOffences(chain.state, chain.epoch, chain.time + WINDOW);
  for (const index of [1, 2]) assert.is(chain.record(index).pool.tokens, 0n);
});

test('when its window closes an offender pays the rest of what it owes, and is forgotten', () => {
  const chain = posChain(16_000_000n, 1_000_000n, 1_000_000n, 2_000_000n);
  for (const index of [1, 2, 3]) assert.is(report(chain, evidenceOf(index, chain.epoch)), 'SUCCESS');
  closeOffences(chain.state, chain.epoch, chain.time + WINDOW - 1);
  assert.is(offences.get(chain.state).length, 3);
  assert.is(chain.record(3).pool.tokens, 1_900_000n);
  closeOffences(chain.state, chain.epoch, chain.time + WINDOW);
  assert.equal(offences.get(chain.state), []);
  // A fifth together: 36 % in all.
  assert.is(chain.record(3).pool.tokens, 1_900_000n - (1_900_000n * 326_315n) / 1_000_000n);
  assert.is(chain.record(1).pool.tokens, 950_000n - (950_000n * 326_315n) / 1_000_000n);
  assert.is(totalSupply(chain.state.entries()), 20_000_000n - getSupply(chain.state).burned);
});

test('offences count for each other though one window closes before the other', () => {
  const chain = posChain(7_000_000n, 1_000_000n, 2_000_000n);
  const { time } = chain;
  const first = chain.epoch;
  assert.is(report(chain, evidenceOf(1, first), contextOf(first, time)), 'SUCCESS');
  assert.is(report(chain, evidenceOf(2, first), contextOf(first, time + 15_000)), 'SUCCESS');
  closeOffences(chain.state, first, time + WINDOW);
  assert.is(offences.get(chain.state).length, 1);
  assert.is(chain.record(1).pool.tokens, 950_000n - (950_000n * 800_000n) / 1_000_000n);
  closeOffences(chain.state, first, time + WINDOW + 15_000);
  // It has twice the weight of the other, which matches half of it.
  assert.is(chain.record(2).pool.tokens, 1_900_000n - (1_900_000n * 515_789n) / 1_000_000n);
});

test('an offence after the window of another does not count for it', () => {
  const chain = posChain(7_000_000n, 1_000_000n, 2_000_000n);
  const reportAt = (time: number, index: number) =>
    blockAt(chain, time, (context) => assert.is(report(chain, evidenceOf(index, context.epoch), context), 'SUCCESS'));
  const time = chain.time + 1_000;
  reportAt(time, 1);
  reportAt(time + WINDOW, 2);
  const [left, ...more] = offences.get(chain.state);
  assert.equal([left?.validator, left?.others, more.length], [person(2).address, 0, 0]);
  assert.is(chain.record(1).pool.tokens, 950_000n);
});

test('when the list of offences is full, the oldest is settled before its time', () => {
  const chain = posChain(4_000_000n, 1_000_000n, 1_000_000n);
  const past = { epoch: 1, time: chain.time, weight: 1, totalWeight: 1000, others: 0 };
  const list = Array.from({ length: MAX_MEMBERS }, () => ({ ...past, validator: person(0).address }));
  // A sixth joins: 0.2 with its own, 36 % in all.
  list[0] = { ...past, validator: person(2).address, others: 32_334 };
  offences.set(chain.state, list);
  assert.is(report(chain, evidenceOf(1, chain.epoch)), 'SUCCESS');
  assert.is(offences.get(chain.state).length, MAX_MEMBERS);
  assert.equal(offences.get(chain.state).at(-1)?.validator, person(1).address);
  assert.is(chain.record(2).pool.tokens, 1_000_000n - 326_315n);
  assert.is(chain.record(0).pool.tokens, 4_000_000n);
});

test('the first block after a window closes it, before it pays anyone', () => {
  const chain = posChain(7_000_000n, 1_000_000n, 2_000_000n);
  const first = chain.epoch;
  blockAt(chain, chain.time + 1_000, leave(chain, 1));
  chain.finishEpoch();
  const end = chain.epoch.start;
  // Each is reported in the last moment in which that matters for the first.
  blockAt(chain, end + WINDOW - 1, (context) => {
    assert.is(report(chain, evidenceOf(1, first), context), 'SUCCESS');
  });
  blockAt(chain, end + 2 * WINDOW - 2, (context) => {
    assert.is(report(chain, evidenceOf(2, context.epoch), context), 'SUCCESS');
  });
  assert.is(chain.balance(1), 0n);
  blockAt(chain, end + 2 * WINDOW);
  // The other holds two ninths by then, and it held a tenth: 93.4443 % in all.
  assert.is(chain.balance(1), 950_000n - (950_000n * 930_992n) / 1_000_000n);
  assert.equal(
    offences.get(chain.state).map(({ validator }) => validator),
    [person(2).address],
  );
});

test('a window closes between two boundaries', () => {
  const chain = posChain(7_000_000n, 1_000_000n, 2_000_000n);
  const time = chain.time + 1_000;
  blockAt(chain, time, ({ epoch }) => {
    for (const index of [1, 2]) assert.is(report(chain, evidenceOf(index, epoch)), 'SUCCESS');
  });
  blockAt(chain, time + WINDOW - 1);
  const { epoch } = chain.epoch;
  assert.is(offences.get(chain.state).length, 2);
  blockAt(chain, time + WINDOW);
  assert.is(chain.epoch.epoch, epoch);
  assert.equal(offences.get(chain.state), []);
  assert.ok(chain.record(1).pool.tokens < 950_000n);
});

test('when governance makes the periods shorter, offences are settled before what answers for them is paid out', () => {
  const chain = posChain(7_000_000n, 1_000_000n, 2_000_000n);
  const first = chain.epoch;
  blockAt(chain, chain.time + 1_000, leave(chain, 1));
  chain.finishEpoch();
  const time = chain.epoch.start + WINDOW - 1;
  blockAt(chain, time, (context) => {
    for (const index of [1, 2]) assert.is(report(chain, evidenceOf(index, first), context), 'SUCCESS');
  });
  const parameters = { ...chain.epoch.parameters, evidenceWindow: 2 * EPOCH, unbondingPeriod: 4 * EPOCH };
  epochs.set(chain.state, { ...chain.epoch, parameters }, chain.epoch.epoch);
  blockAt(chain, time + 1);
  assert.is(chain.balance(1), 950_000n - (950_000n * 800_000n) / 1_000_000n);
  assert.equal(offences.get(chain.state), []);
});

test('a slash never takes more than there is, and what was owed is about what is gone', () => {
  const scene = fc.array(fc.bigInt({ min: 100n, max: 1_000_000_000_000n }), { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(scene, fc.integer({ min: 1, max: 12 }), (bonds, offenders) => {
      const chain = posChain(...bonds);
      const sum = bonds.reduce((all, bond) => all + bond, 0n);
      const { validators } = chain.epoch;
      assert.is(totalWeight(validators), MILLION);
      const accused = bonds.map((_, index) => index).filter((index) => index < offenders && chain.member(index) >= 0);
      for (const index of accused) assert.is(report(chain, evidenceOf(index, chain.epoch)), 'SUCCESS');
      closeOffences(chain.state, chain.epoch, chain.time + WINDOW);
      const weightOf = (index: number) => validators[chain.member(index)]?.weight ?? 0;
      for (const [index, bond] of bonds.entries()) {
        const { tokens } = chain.record(index).pool;
        assert.ok(tokens >= 0n && tokens <= bond);
        if (!accused.includes(index)) {
          assert.is(tokens, bond);
          continue;
        }
        // W is a million: weights are shares.
        const others = accused.reduce((all, one) => all + (one === index ? 0 : weightOf(one)), 0);
        const owed = (bond * BigInt(owedFor(weightOf(index), others))) / BigInt(MILLION);
        const gone = bond - tokens;
        assert.ok(gone <= owed && owed - gone <= bond / 100_000n + 2n, `${gone} of ${owed}`);
      }
      assert.is(totalSupply(chain.state.entries()), sum - getSupply(chain.state).burned);
    }),
    { numRuns: 100, seed: 6 },
  );
});

test('an operator never gains by reporting itself, whoever does it for it', () => {
  const amount = fc.oneof(fc.bigInt({ min: 1n, max: 200n }), fc.bigInt({ min: 1n, max: 1_000_000_000_000n }));
  const part = fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 0, max: MILLION }));
  const holding = fc.record({ tokens: amount, shares: amount, part }).map(({ part: own, tokens, shares }) => ({
    tokens,
    shares,
    own: (shares * BigInt(own)) / BigInt(MILLION),
  }));
  const scene = fc.record({
    pool: holding,
    waiting: fc.array(holding, { minLength: 3, maxLength: 3 }),
    order: fc.shuffledSubarray([1, 2, 3], { minLength: 1 }),
    reporter: fc.constantFrom(1, REPORTER),
  });
  let bounded = 0;
  fc.assert(
    fc.property(scene, ({ pool, waiting, order, reporter }) => {
      const chain = posChain(4_000_000n, 1_000_000n);
      while (chain.epoch.epoch < 3) chain.add({ after: EPOCH });
      holdingOf(chain, 1, pool, waiting);
      for (const epoch of order) {
        const together = () => wealthOf(chain, 1) + chain.balance(REPORTER);
        const [owned, burned, paid] = [together(), getSupply(chain.state).burned, chain.balance(reporter)];
        const code = report(
          chain,
          evidenceOf(1, epochs.get(chain.state, epoch)),
          contextOf(chain.epoch, chain.time),
          reporter,
        );
        if (code !== 'SUCCESS') continue;
        assert.ok(together() <= owned, `${together()} after ${owned}`);
        const reward = chain.balance(reporter) - paid;
        const most = (reward + getSupply(chain.state).burned - burned) / 20n;
        assert.ok(reward <= most);
        if (reward < most) bounded++;
      }
    }),
    { numRuns: 300, seed: 7 },
  );
  assert.ok(bounded > 20, 'the bound matters');
});

test.run();
