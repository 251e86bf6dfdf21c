// The simulated network: until it stabilizes, messages are lost, doubled, delayed out of order and cut off by
// partitions; afterwards every message arrives within the message delay Δ.

import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface Weather {
  /** virtual time (ms since 1970) after which messages arrive within `delay` */
  readonly stableAt: number;
  readonly loss: number;
  readonly duplication: number;
  /** ms, [shortest, longest] one-way delay in good times */
  readonly delay: readonly [number, number];
  /** ms, longest one-way delay before the network is stable */
  readonly worstDelay: number;
}

export interface Faults {
  sent: number;
  lost: number;
  doubled: number;
  late: number;
  cut: number;
  partitions: number;
  crashes: number;
  /** crashes of all nodes at once */
  blackouts: number;
  /** restarts without the database, or without database and journal */
  losses: number;
}

export class SimNetwork {
  readonly faults: Faults = {
    sent: 0,
    lost: 0,
    doubled: 0,
    late: 0,
    cut: 0,
    partitions: 0,
    crashes: 0,
    blackouts: 0,
    losses: 0,
  };
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #weather: Weather;
  /** nodes on one side of the present partition; empty: none */
  #side: ReadonlySet<number> = new Set();

  constructor(scheduler: Scheduler, random: Random, weather: Weather) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#weather = weather;
  }

  get stable(): boolean {
    return this.#scheduler.now >= this.#weather.stableAt;
  }

  partition(side: ReadonlySet<number>): void {
    this.#side = side;
    if (side.size > 0) this.faults.partitions++;
  }

  /** Delivers once, twice or never. */
  send(from: number, to: number, deliver: () => void): void {
    this.faults.sent++;
    if (!this.stable) {
      if (this.#side.has(from) !== this.#side.has(to)) {
        this.faults.cut++;
        return;
      }
      if (this.#random.chance(this.#weather.loss)) {
        this.faults.lost++;
        return;
      }
      if (this.#random.chance(this.#weather.duplication)) {
        this.faults.doubled++;
        this.#scheduler.after(this.#delay(), deliver);
      }
    }
    this.#scheduler.after(this.#delay(), deliver);
  }

  #delay(): number {
    const [shortest, longest] = this.#weather.delay;
    if (!this.stable && this.#random.chance(0.1)) {
      this.faults.late++;
      return this.#random.between(longest, this.#weather.worstDelay);
    }
    return this.#random.between(shortest, longest);
  }
}
