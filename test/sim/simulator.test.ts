// The consensus core in simulated worlds with loss, delay, reordering, duplicates, partitions, crashes and faulty
// members. Totals are printed so that a run without faults cannot pass for one with them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { silent } from './faulty/silent.ts';
import { SLOTS_PER_WORLD, simulate } from './simulate.ts';
import { World } from './world.ts';

const SEEDS = 200;
/** Worlds of ten cost four times as much as worlds of four. */
const SEEDS_OF_TEN = 50;

const simulator = suite('simulator');

for (const [nodes, seeds] of [
  [4, SEEDS],
  [7, SEEDS],
  [10, SEEDS_OF_TEN],
] as const) {
  simulator(`${seeds} worlds of ${nodes} validators keep every invariant`, () => {
    const faults = {
      sent: 0,
      lost: 0,
      doubled: 0,
      late: 0,
      cut: 0,
      partitions: 0,
      crashes: 0,
      blackouts: 0,
      losses: 0,
    };
    let slots = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const result = inWorld(seed, nodes);
      assert.ok(result.slots >= SLOTS_PER_WORLD, `seed ${seed} ran ${result.slots} slots`);
      slots += result.slots;
      for (const fault of Object.keys(faults) as (keyof typeof faults)[]) faults[fault] += result.faults[fault];
    }
    for (const [fault, count] of Object.entries(faults))
      assert.ok(count > seeds / 2, `too few faults: ${fault} ${count}`);
    process.stdout.write(`  n=${nodes}: ${slots} slots, faults ${JSON.stringify(faults)}\n`);
  });
}

simulator('votes of both sides of a split come together again where each node hears but two others', () => {
  // The silent member leads the first slot, and the votes to skip it are a quorum only together.
  const weights = [...Array.from({ length: 15 }, () => 1), 2];
  const split = [0, 1, 2, 3, 4, 5, 6, 7];
  for (let seed = 0; seed < 3; seed++) {
    const world = new World({
      seed,
      slots: 20,
      weights,
      faulty: [silent],
      forgetful: undefined,
      topology: 'ring',
      slow: false,
      split,
    });
    assert.ok(world.run().slots >= 20);
  }
});

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
