// Each rule that is broken on purpose must be noticed within a few worlds; the unbroken copy passes the same worlds.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadMutant, MUTANTS } from './mutants.ts';
import { simulate } from './simulate.ts';

/** Worlds that a mutant may survive. */
const BUDGET = 100;
const UNBROKEN_WORLDS = 10;

const mutants = suite('mutants of consensus');

for (const mutant of MUTANTS) {
  mutants(`${mutant.name} is caught`, async () => {
    const { implementation, dispose } = await loadMutant(mutant);
    try {
      const caught = await firstFailure((seed) => simulate({ seed, nodes: 4, implementation }));
      assert.is.not(caught, undefined, `survived ${BUDGET} worlds`);
    } finally {
      await dispose();
    }
  });
}

mutants('the unbroken copy passes', async () => {
  const { implementation, dispose } = await loadMutant();
  try {
    for (let seed = 0; seed < UNBROKEN_WORLDS; seed++) await simulate({ seed, nodes: 4, implementation });
  } finally {
    await dispose();
  }
});

async function firstFailure(run: (seed: number) => Promise<unknown>): Promise<number | undefined> {
  for (let seed = 0; seed < BUDGET; seed++) {
    try {
      await run(seed);
    } catch {
      return seed;
    }
  }
  return undefined;
}

mutants.run();
