// Who hears whom, and to how many a node passes on what is news to it.

import type { Random } from './random.ts';

/**
 * `mesh`: everybody hears everybody, and nobody passes anything on. `gossip`: the same, and what is news is passed on to
 * a few. `ring`: honest nodes hear two others each, and all faulty ones; what is news is passed on to all of them.
 */
export type Topology = 'mesh' | 'gossip' | 'ring';

/** Everybody has a message from its sender; passing on makes up for some of what is lost. */
const RELAYS = 1;

export class Overlay {
  readonly #topology: Topology;
  readonly #neighbours: readonly (readonly number[])[];

  /** @param firstFaulty nodes from this one on are faulty: in a ring they hear all, so that they can't cut it */
  constructor(topology: Topology, size: number, firstFaulty: number) {
    this.#topology = topology;
    const ids = Array.from({ length: size }, (_, id) => id);
    const adjacent = (one: number, other: number) =>
      topology !== 'ring' ||
      Math.max(one, other) >= firstFaulty ||
      (one + 1) % firstFaulty === other ||
      (other + 1) % firstFaulty === one;
    this.#neighbours = ids.map((one) => ids.filter((other) => one !== other && adjacent(one, other)));
  }

  neighbours(id: number): readonly number[] {
    return this.#neighbours[id] as readonly number[];
  }

  /** Those to whom something new is passed on. */
  relaysOf(id: number, random: Random): readonly number[] {
    const neighbours = this.neighbours(id);
    if (this.#topology === 'ring') return neighbours;
    if (this.#topology === 'mesh') return [];
    return Array.from({ length: RELAYS }, () => random.pick(neighbours));
  }

  /** Links that a message takes at most between two nodes. */
  hops(size: number): number {
    return this.#topology !== 'ring' ? 1 : Math.ceil(size / 2);
  }
}
