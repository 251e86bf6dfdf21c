// Messages of the next epoch that come while this node still writes down the last block of the present one: they wait
// for the next door, unjudged, for the few milliseconds that takes. Bounded; the oldest give way.

import type { Door, Verdict } from './door.ts';

/** A proposal of the largest size and a round of votes of the largest set. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_MESSAGES = 2048;

interface Waiting {
  readonly bytes: number;
  /** undefined: there is no next door for it */
  readonly judge: (door: Door | undefined) => void;
}

export class EarlyMessages {
  #waiting: Waiting[] = [];
  #bytes = 0;

  /** @param bytes that are kept meanwhile */
  wait(bytes: number, take: (door: Door) => Promise<Verdict>): Promise<Verdict> {
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, judge: (door) => resolve(door === undefined ? 'ignore' : take(door)) });
      this.#bytes += bytes;
      while (this.#bytes > MAX_BYTES || this.#waiting.length > MAX_MESSAGES) {
        const oldest = this.#waiting.shift();
        this.#bytes -= oldest?.bytes ?? 0;
        oldest?.judge(undefined);
      }
    });
  }

  giveTo(door: Door | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    for (const { judge } of waiting) judge(door);
  }
}
