// Liveness: within a stated time after the network is stable every honest node has finalized something new.

import { InvariantViolation } from './violation.ts';

export class ProgressRule {
  readonly #stableAt: number;
  readonly #bound: number;
  /** by node, when the network became stable */
  readonly #heights = new Map<number, number>();
  readonly #recovered = new Set<number>();
  /** ms from the stable network to the last node's first new block */
  slowest = 0;

  /** @param stableAt ms @param bound ms */
  constructor(stableAt: number, bound: number) {
    this.#stableAt = stableAt;
    this.#bound = bound;
  }

  /** To be called for every honest node, again and again. @returns whether it has gone on @throws {InvariantViolation} */
  check(node: number, height: number, now: number): boolean {
    if (now < this.#stableAt) return false;
    if (this.#recovered.has(node)) return true;
    const before = this.#heights.get(node);
    if (before === undefined) {
      this.#heights.set(node, height);
    } else if (height > before) {
      this.#recovered.add(node);
      this.slowest = Math.max(this.slowest, now - this.#stableAt);
      return true;
    } else if (now > this.#stableAt + this.#bound) {
      throw new InvariantViolation('progress', `node ${node} finalized nothing for ${this.#bound} ms of fair weather`);
    }
    return false;
  }
}
