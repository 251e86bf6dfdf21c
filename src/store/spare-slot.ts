// The state slot that is not in use: a snapshot is taken in there, and what an earlier one has left is removed.

import type { EpochBoundary } from '../primitives/snapshot.ts';
import { META } from './buckets.ts';
import type { Database } from './database.ts';
import type { Records } from './records.ts';
import { clearSlot, holdsAny, Restoration, type RestorationOptions } from './restoration.ts';
import type { StateSlots } from './state-slots.ts';

export class SpareSlot {
  readonly #db: Database;
  readonly #records: Records;
  readonly #state: StateSlots;
  /** removes what the slot holds; never rejects */
  #clearing: Promise<void> = Promise.resolve();

  constructor(db: Database, records: Records, state: StateSlots) {
    this.#db = db;
    this.#records = records;
    this.#state = state;
  }

  /** The snapshot that was begun and not finished. @throws {StoreError} IO or CORRUPT */
  async unfinished(): Promise<Restoration | undefined> {
    await this.#clearing;
    return Restoration.resume(this.#options());
  }

  /** Begins to take a snapshot in. @throws {StoreError} IO */
  async begin(boundary: EpochBoundary): Promise<Restoration> {
    await this.#clearing;
    return Restoration.begin(this.#options(), boundary);
  }

  /**
   * Begins to remove what a restoration has left that was overtaken by blocks, or whose slot was being cleared when the
   * process ended.
   * @param isOver whether there are blocks up to this height
   */
  sweep(isOver: (height: number) => boolean): void {
    this.#clearing = this.#sweep(isOver).catch(leaveIt);
  }

  /** Begins to remove what is there: it was the state until now. */
  clear(): void {
    this.#clearing = clearSlot(this.#db, this.#records, this.#state.other).catch(leaveIt);
  }

  /** Resolves when nothing is being removed. */
  settled(): Promise<void> {
    return this.#clearing;
  }

  async #sweep(isOver: (height: number) => boolean): Promise<void> {
    const unfinished = await this.#records.restoration.get(META.restoration);
    if (unfinished !== undefined && !isOver(unfinished.boundary.header.height)) return;
    if (await holdsAny(this.#db, this.#state.other)) await clearSlot(this.#db, this.#records, this.#state.other);
  }

  #options(): RestorationOptions {
    const slot = this.#state.other;
    return { db: this.#db, records: this.#records, slot, buckets: this.#state.open(slot) };
  }
}

function leaveIt(): void {
  // nothing depends on it: what is left when this fails, or the process dies on the way, goes when the slot is needed
}
