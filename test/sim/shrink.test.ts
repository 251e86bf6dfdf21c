// A failure is told so that somebody can work with it: its seed, the command that runs it again, what happened in lines,
// and a smaller world that breaks the same invariant. The failing code is a mutant.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FAULT_CLASSES } from './fault-class.ts';
import { MUTANTS } from './mutants.ts';
import { loadMutant } from './mutate.ts';
import { failureOf, shrink } from './shrink.ts';
import { type Draw, SLOTS_PER_WORLD, type WorldFailure } from './simulate.ts';

/** It takes one faulty member, whose clock is ahead, and nothing else. */
const MUTANT = 'clock not checked';
const CULPRIT = 'fast-clock';
const SEEDS = 60;

const shrinking = suite('shrinking');

shrinking('a failing world is made smaller while the same invariant is broken', async () => {
  const { implementation, dispose } = await loadMutant(MUTANTS.find(({ name }) => name === MUTANT));
  try {
    const failure = await firstFailure({ nodes: 4, implementation });
    assert.match(failure.message, /^make sim SEEDS=1 FROM=\d+ N=4: /);
    assert.match(failure.timeline, /^ +\d+\.\d{3} {2}[.#]{4,} {2}(node \d|world) /m);
    const steps: WorldFailure[] = [];
    const smallest = await shrink(failure, (smaller) => steps.push(smaller));
    process.stdout.write(`  ${failure.message}\n  ${smallest.message}\n`);
    assert.ok(steps.length > 0, 'nothing could be left out');
    assert.is(smallest.rule, failure.rule);
    const { faulty, without = [], slots = SLOTS_PER_WORLD } = smallest.draw;
    assert.equal(faulty, [CULPRIT]);
    assert.ok(without.length > FAULT_CLASSES.length / 2, `left out: ${without}`);
    assert.ok(slots < SLOTS_PER_WORLD);
    const again = await failureOf(smallest.draw);
    assert.is(again?.message, smallest.message);
    assert.is(again?.timeline, smallest.timeline);
  } finally {
    await dispose();
  }
});

async function firstFailure(draw: Omit<Draw, 'seed'>): Promise<WorldFailure> {
  for (let seed = 0; seed < SEEDS; seed++) {
    const failure = await failureOf({ ...draw, seed });
    if (failure !== undefined) return failure;
  }
  throw new Error(`the mutant survived ${SEEDS} worlds`);
}

shrinking.run();
