// The consensus core in simulated worlds with loss, delay, reordering, duplicates, partitions, crashes and faulty
// members. Totals are printed so that a run without faults cannot pass for one with them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { silent } from './faulty/silent.ts';
import { SLOTS_PER_WORLD, simulate } from './simulate.ts';
import { World } from './world.ts';

const SEEDS = 60;
/** Worlds of ten cost eight times as much as worlds of four, those of 31 sixty times. */
const SEEDS_OF_TEN = 10;
const SEEDS_OF_MANY = 1;
/** Every run of many worlds has met each of these. */
const FAULTS = [
  'blackouts',
  'crashes',
  ...['journal', "signer's record", 'database'].flatMap((disk) =>
    ['before', 'during', 'after'].map((moment) => `crashes ${moment} a write to the ${disk}`),
  ),
  'losses of the database',
  'losses of the database and the journal',
  'messages cut off',
  'messages doubled',
  'messages late',
  'messages lost',
  'partitions',
  'partitions of one direction',
  'pieces of evidence',
  'slow executions',
];

const simulator = suite('simulator');

for (const [nodes, seeds] of [
  [4, SEEDS],
  [7, SEEDS],
  [10, SEEDS_OF_TEN],
  [31, SEEDS_OF_MANY],
] as const) {
  simulator(`${seeds} worlds of ${nodes} validators keep every invariant`, async () => {
    const faults = new Map<string, number>();
    let slots = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const result = await inWorld(seed, nodes);
      assert.ok(result.slots >= SLOTS_PER_WORLD, `seed ${seed} ran ${result.slots} slots`);
      slots += result.slots;
      for (const [fault, count] of Object.entries(result.faults)) faults.set(fault, (faults.get(fault) ?? 0) + count);
    }
    process.stdout.write(`  n=${nodes}: ${slots} slots, faults ${JSON.stringify(Object.fromEntries(faults))}\n`);
    if (seeds < SEEDS) return;
    for (const fault of FAULTS) assert.ok((faults.get(fault) ?? 0) > 0, `no ${fault}`);
  });
}

simulator('votes of both sides of a split come together again where each node hears but two others', async () => {
  // The silent member leads the first slot, and the votes to skip it are a quorum only together.
  const weights = [...Array.from({ length: 15 }, () => 1), 2];
  const split = [0, 1, 2, 3, 4, 5, 6, 7];
  for (let seed = 0; seed < 3; seed++) {
    const world = new World({
      seed,
      slots: 20,
      weights,
      faulty: [silent],
      topology: 'ring',
      distances: 'lan',
      split,
    });
    assert.ok((await world.run()).slots >= 20);
  }
});

simulator('the same seed gives the same trace', async () => {
  const traces = await Promise.all([7, 7, 8].map((seed) => simulate({ seed, nodes: 4 }).then(({ trace }) => trace)));
  assert.is(traces[0], traces[1]);
  assert.is.not(traces[0], traces[2]);
});

async function inWorld(seed: number, nodes: number) {
  try {
    return await simulate({ seed, nodes });
  } catch (error) {
    throw new Error(`seed ${seed}, again with: make sim SEEDS=1 FROM=${seed} N=${nodes}`, { cause: error });
  }
}

simulator.run();
