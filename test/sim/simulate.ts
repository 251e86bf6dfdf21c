// Draws a world from its seed: weights, who hears whom, how far, who is faulty, and how.

import type { Behaviour } from './behaviour.ts';
import { equivocator } from './faulty/equivocator.ts';
import { falseParent } from './faulty/false-parent.ts';
import { fastClock } from './faulty/fast-clock.ts';
import { silent } from './faulty/silent.ts';
import { staleParent } from './faulty/stale-parent.ts';
import { withholder } from './faulty/withholder.ts';
import type { Topology } from './overlay.ts';
import { Random } from './random.ts';
import type { Distances } from './weather.ts';
import { type Implementation, TWIN, World, type WorldResult } from './world.ts';

export const SLOTS_PER_WORLD = 100;

const BEHAVIOURS: readonly (Behaviour | typeof TWIN)[] = [
  staleParent,
  falseParent,
  equivocator,
  withholder,
  silent,
  fastClock,
  TWIN,
];
const DISTANCES: readonly Distances[] = ['lan', 'lan', 'lan', 'lan', 'lan', 'lan', 'world', 'world', 'world', 'slow'];
const TOPOLOGIES: readonly Topology[] = ['mesh', 'mesh', 'gossip', 'gossip', 'ring'];
/** Larger weights only make turns longer. */
const MAX_WEIGHT = 4;

export interface Draw {
  readonly seed: number;
  readonly nodes: number;
  readonly implementation?: Implementation;
}

/** Runs one world. @throws {InvariantViolation} */
export async function simulate({ seed, nodes, ...rest }: Draw): Promise<WorldResult> {
  const random = new Random(seed ^ 0x5eed);
  const weights = drawWeights(random, nodes);
  const most = mostFaulty(weights);
  const count = random.integer(most + 1);
  const world = new World({
    seed,
    slots: SLOTS_PER_WORLD,
    weights,
    faulty: Array.from({ length: count }, () => random.pick(BEHAVIOURS)),
    // The node before the faulty ones, as long as it could be one of them.
    forgetful: count < most ? nodes - count - 1 : undefined,
    topology: random.pick(TOPOLOGIES),
    distances: random.pick(DISTANCES),
    ...rest,
  });
  return world.run();
}

function drawWeights(random: Random, nodes: number): number[] {
  const skewed = random.chance(0.3);
  return Array.from({ length: nodes }, () => (skewed ? 1 + random.integer(MAX_WEIGHT) : 1));
}

/** How many of the last members weigh less than a third together. */
function mostFaulty(weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let count = 0;
  let weight = weights.at(-1) ?? 0;
  while (3 * weight < total) {
    count++;
    weight += weights.at(-1 - count) ?? 0;
  }
  return count;
}
