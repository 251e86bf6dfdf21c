// The consensus core in simulated worlds with loss, delay, reordering, duplicates, partitions, crashes and faulty
// leaders. Totals are printed so that a run without faults cannot pass for one with them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SLOTS_PER_WORLD, simulate } from './simulate.ts';

const SEEDS = 200;

const simulator = suite('simulator');

for (const nodes of [4, 7]) {
  simulator(`${SEEDS} worlds of ${nodes} validators keep every invariant`, () => {
    const faults = { sent: 0, lost: 0, doubled: 0, late: 0, cut: 0, partitions: 0, crashes: 0 };
    let slots = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const result = inWorld(seed, nodes);
      assert.ok(result.slots >= SLOTS_PER_WORLD, `seed ${seed} ran ${result.slots} slots`);
      slots += result.slots;
      for (const fault of Object.keys(faults) as (keyof typeof faults)[]) faults[fault] += result.faults[fault];
    }
    for (const [fault, count] of Object.entries(faults)) assert.ok(count > SEEDS, `too few faults: ${fault} ${count}`);
    process.stdout.write(`  n=${nodes}: ${slots} slots, faults ${JSON.stringify(faults)}\n`);
  });
}

simulator('the same seed gives the same trace', () => {
  assert.is(simulate({ seed: 7, nodes: 4 }).trace, simulate({ seed: 7, nodes: 4 }).trace);
  assert.is.not(simulate({ seed: 7, nodes: 4 }).trace, simulate({ seed: 8, nodes: 4 }).trace);
});

function inWorld(seed: number, nodes: number) {
  try {
    return simulate({ seed, nodes });
  } catch (error) {
    throw new Error(`seed ${seed}, again with: make sim SEEDS=1 FROM=${seed} N=${nodes}`, { cause: error });
  }
}

simulator.run();
