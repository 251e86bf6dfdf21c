// What a node keeps in memory is bounded, whatever members send.

import type { Held } from '../../../src/consensus/types.ts';
import { InvariantViolation } from './violation.ts';

export class MemoryRule {
  readonly #bounds: Held;
  /** the most that any node held */
  readonly most: Record<keyof Held, number> = { slots: 0, votes: 0, proposals: 0, blocks: 0, wanted: 0 };

  constructor(bounds: Held) {
    this.#bounds = bounds;
  }

  /** @throws {InvariantViolation} */
  check(node: number, held: Held): void {
    for (const what of Object.keys(this.most) as (keyof Held)[]) {
      this.most[what] = Math.max(this.most[what], held[what]);
      if (held[what] > this.#bounds[what]) {
        throw new InvariantViolation(
          'memory',
          `node ${node} holds ${held[what]} ${what}, at most ${this.#bounds[what]}`,
        );
      }
    }
  }
}
