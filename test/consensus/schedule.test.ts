import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LeaderSchedule } from '../../src/consensus/schedule.ts';
import { membersOf } from './fixtures.ts';

const schedule = suite('leader schedule');

schedule('equal weights take turns by index', () => {
  const turns = new LeaderSchedule(membersOf(4));
  assert.equal(
    [1, 2, 3, 4, 5].map((slot) => turns.leader(slot)),
    [0, 1, 2, 3, 0],
  );
});

schedule('over any prefix every share matches its weight within two slots', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 7 }), (weights) => {
      const members = membersOf(weights.length, weights);
      const turns = new LeaderSchedule(members);
      const led = weights.map(() => 0);
      for (let slot = 1; slot <= 1000; slot++) {
        const leader = turns.leader(slot);
        led[leader] = (led[leader] as number) + 1;
        weights.forEach((weight, member) => {
          const due = (slot * weight) / members.totalWeight;
          assert.ok(Math.abs((led[member] as number) - due) <= 2, `member ${member} at slot ${slot}`);
        });
      }
    }),
    { numRuns: 30 },
  );
});

schedule('slots may be asked in any order', () => {
  const members = membersOf(3, [5, 2, 1]);
  const forward = new LeaderSchedule(members);
  const backward = new LeaderSchedule(members);
  const slots = Array.from({ length: 50 }, (_, index) => index + 1);
  const late = slots.toReversed().map((slot) => backward.leader(slot));
  assert.equal(
    slots.map((slot) => forward.leader(slot)),
    late.reverse(),
  );
});

schedule.run();
