// Draws a world from its seed: who is faulty, and how.

import { staleParent } from './faulty/stale-parent.ts';
import type { Behaviour } from './node.ts';
import { Random } from './random.ts';
import { type Implementation, World, type WorldResult } from './world.ts';

export const SLOTS_PER_WORLD = 100;

const BEHAVIOURS: readonly Behaviour[] = [staleParent];

export interface Draw {
  readonly seed: number;
  readonly nodes: number;
  readonly implementation?: Implementation;
}

/** Runs one world. @throws {InvariantViolation} */
export function simulate({ seed, nodes, ...rest }: Draw): WorldResult {
  const random = new Random(seed ^ 0x5eed);
  const most = Math.floor((nodes - 1) / 3);
  const faulty = Array.from({ length: random.integer(most + 1) }, () => random.pick(BEHAVIOURS));
  return new World({ seed, nodes, slots: SLOTS_PER_WORLD, faulty, ...rest }).run();
}
