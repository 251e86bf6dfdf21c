// The simulated network: until it is stable, what is sent is lost, doubled, delayed out of order and cut off by
// partitions, some of them in one direction only; afterwards everything arrives within the weather's longest delay.

import type { Envelope } from './gossip.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Tally } from './tally.ts';
import type { Weather } from './weather.ts';

export interface NetworkOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly weather: Weather;
  readonly faults: Tally;
}

/** Whether something does not get from one node to the other: an envelope of gossip, or a question or its answer. */
export type Cut = (from: number, to: number, envelope: Envelope | undefined) => boolean;

export class SimNetwork {
  readonly #o: NetworkOptions;
  #cut: Cut = () => false;

  constructor(options: NetworkOptions) {
    this.#o = options;
  }

  get stable(): boolean {
    return this.#o.scheduler.now >= this.#o.weather.stableAt;
  }

  /** @param side nodes that neither hear the others nor are heard */
  split(side: ReadonlySet<number>): void {
    this.#o.faults.add('partitions');
    this.#cut = (from, to) => side.has(from) !== side.has(to);
  }

  /** @param side nodes whose messages do not get to the others, while they hear them */
  mute(side: ReadonlySet<number>): void {
    this.#o.faults.add('partitions of one direction');
    this.#cut = (from, to) => side.has(from) && !side.has(to);
  }

  /** Takes the place of a partition. */
  cut(cut: Cut): void {
    this.#cut = cut;
  }

  heal(): void {
    this.#cut = () => false;
  }

  /** Delivers once, twice or never. */
  send(from: number, to: number, deliver: () => void, envelope?: Envelope): void {
    const { random, weather, faults, scheduler } = this.#o;
    if (!this.stable) {
      if (this.#cut(from, to, envelope)) return faults.add('messages cut off');
      if (random.chance(weather.loss)) return faults.add('messages lost');
      if (random.chance(weather.duplication)) {
        faults.add('messages doubled');
        scheduler.after(this.#delay(from, to), deliver);
      }
    }
    scheduler.after(this.#delay(from, to), deliver);
  }

  #delay(from: number, to: number): number {
    const { random, weather, faults } = this.#o;
    const delay = weather.delay(from, to);
    if (this.stable || !random.chance(weather.lateness)) return delay;
    faults.add('messages late');
    return random.between(delay, Math.max(delay, weather.worstDelay));
  }
}
