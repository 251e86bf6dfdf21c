import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LeaderSchedule } from '../../src/primitives/schedule.ts';

const schedule = suite('leader schedule');

const SLOTS = 1000;
const MILLION = 1_000_000;

function scheduleOf(weights: readonly number[]): LeaderSchedule {
  return new LeaderSchedule(weights.map((weight) => ({ weight })));
}

/** Over each prefix of `SLOTS` slots, what a member has led is within two slots of its part; in integers, so exact. */
function assertFair(weights: readonly number[]): void {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const turns = scheduleOf(weights);
  const led = weights.map(() => 0);
  for (let slot = 1; slot <= SLOTS; slot++) {
    const leader = turns.leader(slot);
    led[leader] = (led[leader] as number) + 1;
    for (const [member, weight] of weights.entries()) {
      const deviation = Math.abs((led[member] as number) * total - slot * weight);
      if (deviation > 2 * total) assert.unreachable(`member ${member} of weight ${weight} at slot ${slot}`);
    }
  }
}

/** Positive integers in the proportions of `parts` that sum to a million exactly. */
function scaledToMillion(parts: readonly number[]): number[] {
  const sum = parts.reduce((total, part) => total + part, 0);
  const weights = parts.map((part) => 1 + Math.floor((part * (MILLION - parts.length)) / sum));
  weights[0] = (weights[0] as number) + MILLION - weights.reduce((total, weight) => total + weight, 0);
  return weights;
}

schedule('equal weights take turns by index', () => {
  const turns = scheduleOf([1, 1, 1, 1]);
  assert.equal(
    [1, 2, 3, 4, 5].map((slot) => turns.leader(slot)),
    [0, 1, 2, 3, 0],
  );
});

schedule('over any prefix every share matches its weight within two slots', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 12 });
  fc.assert(fc.property(weights, assertFair), { numRuns: 60 });
});

schedule('so it is with 100 members that weigh a million together, alike or of any magnitude', () => {
  const magnitude = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 1024 }));
  const parts = fc.array(
    magnitude.map(([power, factor]) => 2 ** power * factor),
    { minLength: 100, maxLength: 100 },
  );
  fc.assert(fc.property(parts.map(scaledToMillion), assertFair), { numRuns: 20 });
  assertFair(Array.from({ length: 100 }, () => 10_000));
});

schedule('after as many slots as the weights sum to, each has led as often as it weighs, and it begins anew', () => {
  const weights = [7, 3, 2, 11];
  const turns = scheduleOf(weights);
  const led = weights.map(() => 0);
  for (let slot = 1; slot <= 23; slot++) {
    const leader = turns.leader(slot);
    led[leader] = (led[leader] as number) + 1;
    assert.is(turns.leader(slot + 23), leader);
  }
  assert.equal(led, weights);
});

schedule('slots may be asked in any order', () => {
  const forward = scheduleOf([5, 2, 1]);
  const backward = scheduleOf([5, 2, 1]);
  const slots = Array.from({ length: 50 }, (_, index) => index + 1);
  const late = slots.toReversed().map((slot) => backward.leader(slot));
  assert.equal(
    slots.map((slot) => forward.leader(slot)),
    late.reverse(),
  );
});

schedule.run();
