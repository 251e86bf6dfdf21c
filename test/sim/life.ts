// One life of a node, from its start to its crash. What a life has planned or waits for ends with it: callbacks do not
// come, promises never settle.

import type { Clock } from '../../src/consensus/ports.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export class Life implements Clock {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #clockError: number;
  #alive = true;

  /** @param clockError ms that this node's clock is ahead of the world's time */
  constructor(scheduler: Scheduler, random: Random, clockError: number) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#clockError = clockError;
  }

  get alive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
  }

  now(): number {
    return Math.floor(this.#scheduler.now + this.#clockError);
  }

  random(): number {
    return this.#random.next();
  }

  after(milliseconds: number, call: () => void): () => void {
    let cancelled = false;
    this.#scheduler.after(milliseconds, () => {
      if (this.#alive && !cancelled) call();
    });
    return () => {
      cancelled = true;
    };
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.after(milliseconds, resolve));
  }
}
