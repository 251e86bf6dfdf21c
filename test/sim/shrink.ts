// Makes a failure smaller: turns off one class of faults after the other, takes out faulty members, shortens the world,
// for as long as the same invariant is still broken. What is left is what it takes.

import { FAULT_CLASSES } from './fault-class.ts';
import { type Draw, faultyOf, SLOTS_PER_WORLD, simulate, WorldFailure } from './simulate.ts';

/** Less chance changes all that is drawn after it, so a smaller world is given a few seeds to fail with. */
const SEEDS_PER_ATTEMPT = 3;
/** Short worlds first: whatever is tried after them is quick. */
const SHARES_OF_SLOTS = [0.1, 0.3, 0.6];

/** What makes a draw smaller in one way; undefined when there is nothing left of that kind. */
type Reduction = (draw: Explicit) => Draw | undefined;
type Explicit = Draw & Required<Pick<Draw, 'slots' | 'faulty' | 'without'>>;

/** @returns the failure of the smallest world that was found @param tell called with each smaller one */
export async function shrink(failure: WorldFailure, tell: (smaller: WorldFailure) => void): Promise<WorldFailure> {
  let smallest = failure;
  for (let before: WorldFailure | undefined; before !== smallest; ) {
    before = smallest;
    for (const reduce of reductions(faultyOf(smallest.draw).length)) {
      const smaller = await attempt(reduce(explicit(smallest.draw)), failure.rule);
      if (smaller === undefined) continue;
      smallest = smaller;
      tell(smaller);
    }
  }
  return smallest;
}

async function attempt(draw: Draw | undefined, rule: string): Promise<WorldFailure | undefined> {
  for (let add = 0; draw !== undefined && add < SEEDS_PER_ATTEMPT; add++) {
    const failure = await failureOf({ ...draw, seed: draw.seed + add });
    if (failure?.rule === rule) return failure;
  }
  return undefined;
}

/** Those that take away most come first. */
function reductions(members: number): Reduction[] {
  return [
    ...SHARES_OF_SLOTS.map(
      (share): Reduction =>
        (draw) => {
          const slots = Math.ceil(draw.slots * share);
          return slots < draw.slots ? { ...draw, slots } : undefined;
        },
    ),
    (draw) => (draw.faulty.length > 0 ? { ...draw, faulty: [] } : undefined),
    ...Array.from(
      { length: members },
      (_, index): Reduction =>
        (draw) => {
          return draw.faulty.length > index ? { ...draw, faulty: draw.faulty.toSpliced(index, 1) } : undefined;
        },
    ),
    ...FAULT_CLASSES.map(
      (fault): Reduction =>
        (draw) => {
          return draw.without.includes(fault) ? undefined : { ...draw, without: [...draw.without, fault] };
        },
    ),
  ];
}

function explicit(draw: Draw): Explicit {
  return { ...draw, faulty: faultyOf(draw), without: draw.without ?? [], slots: draw.slots ?? SLOTS_PER_WORLD };
}

/** What the world of a draw breaks, if anything. */
export async function failureOf(draw: Draw): Promise<WorldFailure | undefined> {
  try {
    await simulate(draw);
    return undefined;
  } catch (error) {
    if (error instanceof WorldFailure) return error;
    throw error;
  }
}
