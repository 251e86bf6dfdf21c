// Whose turn it is: smooth weighted round-robin over the epoch's set. Credits start at zero, each slot adds every
// member's weight to its credit, the richest leads (ties to the lowest index) and pays the total weight. Over any
// prefix of slots a member's share matches its weight within two slots.

import type { Validator } from './validators.ts';

export class LeaderSchedule {
  readonly #weights: readonly number[];
  readonly #total: number;
  readonly #period: number;
  readonly #credits: number[];
  readonly #leaders: number[] = [];

  /** @param members the epoch's set in its order; the weights are positive integers */
  constructor(members: readonly Pick<Validator, 'weight'>[]) {
    const divisor = members.reduce((d, { weight }) => gcd(d, weight), 0);
    this.#weights = members.map(({ weight }) => weight / divisor);
    this.#total = this.#weights.reduce((sum, weight) => sum + weight, 0);
    // After `total` slots every member has led `weight` times and all credits are zero again.
    this.#period = this.#total;
    this.#credits = this.#weights.map(() => 0);
  }

  /** @param slot ≥ 1 @returns the leader's member index */
  leader(slot: number): number {
    const position = (slot - 1) % this.#period;
    while (this.#leaders.length <= position) this.#leaders.push(this.#turn());
    return this.#leaders[position] as number;
  }

  #turn(): number {
    let richest = 0;
    for (let member = 0; member < this.#credits.length; member++) {
      this.#credits[member] = (this.#credits[member] as number) + (this.#weights[member] as number);
      if ((this.#credits[member] as number) > (this.#credits[richest] as number)) richest = member;
    }
    this.#credits[richest] = (this.#credits[richest] as number) - this.#total;
    return richest;
  }
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
