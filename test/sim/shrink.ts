// Makes a failure smaller: turns off one class of faults after the other, takes out faulty members, shortens the world,
// for as long as the same invariant is still broken. What is left is what it takes.

import { FAULT_CLASSES } from './fault-class.ts';
import { type Draw, faultyOf, SLOTS_PER_WORLD, simulate, WorldFailure } from './simulate.ts';

/** Less chance changes all that is drawn after it, so a smaller world is given a few seeds to fail with. */
const SEEDS_PER_ATTEMPT = 12;

/** @returns the failure of the smallest world that was found @param tell called with each smaller one */
export async function shrink(failure: WorldFailure, tell: (smaller: WorldFailure) => void): Promise<WorldFailure> {
  let smallest = failure;
  for (let smaller: WorldFailure | undefined = failure; smaller !== undefined; ) {
    smallest = smaller;
    smaller = await smallerThan(smallest);
    if (smaller !== undefined) tell(smaller);
  }
  return smallest;
}

async function smallerThan({ draw, rule }: WorldFailure): Promise<WorldFailure | undefined> {
  for (const candidate of candidates(draw)) {
    for (let add = 0; add < SEEDS_PER_ATTEMPT; add++) {
      const failure = await failureOf({ ...candidate, seed: draw.seed + add });
      if (failure?.rule === rule) return failure;
    }
  }
  return undefined;
}

/** Smaller draws, those that take away most first. */
function* candidates(draw: Draw): Generator<Draw> {
  const faulty = draw.faulty ?? faultyOf(draw);
  const without = draw.without ?? [];
  const slots = draw.slots ?? SLOTS_PER_WORLD;
  const explicit = { ...draw, faulty, without, slots };
  if (faulty.length > 0) yield { ...explicit, faulty: [] };
  for (const [index] of faulty.entries()) {
    if (faulty.length > 1) yield { ...explicit, faulty: faulty.toSpliced(index, 1) };
  }
  for (const fault of FAULT_CLASSES) if (!without.includes(fault)) yield { ...explicit, without: [...without, fault] };
  if (slots > 1) yield { ...explicit, slots: Math.floor(slots / 2) };
}

async function failureOf(draw: Draw): Promise<WorldFailure | undefined> {
  try {
    await simulate(draw);
    return undefined;
  } catch (error) {
    if (error instanceof WorldFailure) return error;
    throw error;
  }
}
