// A simulated disk: one write after the other, each of which takes a while. A crash finds at most one write under way,
// of which nothing, a part or everything is on the disk, while nobody has been told that it is durable.

import type { Life } from './life.ts';
import type { Random } from './random.ts';
import type { Tally } from './tally.ts';

export interface Write {
  /** what it writes is settled now */
  begin?(): void;
  /** all of it is on the disk */
  complete(): void;
  /** some of it is on the disk, as a crash may leave it */
  tear(): void;
}

export interface DiskOptions {
  /** for the tally */
  readonly name: string;
  readonly life: Life;
  readonly random: Random;
  readonly faults: Tally;
  /** ms of the next write */
  readonly latency: () => number;
  /** the node may crash at any write; true: it does at this one */
  readonly crashesNow: () => boolean;
}

export class Disk {
  readonly #o: DiskOptions;
  readonly #waiting: { readonly write: Write; readonly done: () => void }[] = [];
  #current: Write | undefined;
  #busy = false;

  constructor(options: DiskOptions) {
    this.#o = options;
  }

  /** Resolves when it is durable, and all that was asked for before. */
  write(write: Write): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ write, done });
      if (this.#busy) return;
      this.#busy = true;
      queueMicrotask(() => this.#next()); // what is asked in one go can share a write
    });
  }

  /** The node crashes. */
  crash(): void {
    const write = this.#current;
    this.#waiting.length = 0;
    if (write === undefined) return;
    this.#current = undefined;
    const moment = this.#o.random.pick(['before', 'during', 'after'] as const);
    this.#o.faults.add(`crashes ${moment} a write to the ${this.#o.name}`);
    if (moment === 'during') write.tear();
    else if (moment === 'after') write.complete();
  }

  #next(): void {
    const entry = this.#waiting.shift();
    this.#current = entry?.write;
    this.#busy = entry !== undefined;
    if (entry === undefined) return;
    const { life, latency, crashesNow } = this.#o;
    entry.write.begin?.();
    life.after(latency(), () => {
      if (crashesNow()) return;
      entry.write.complete();
      entry.done();
      this.#next();
    });
  }
}
