// A snapshot on its way into the database: chunks that were checked go into the state slot that is not in use, each in
// one durable batch together with the record of what is still missing. Until the last one is there and the whole root is
// right, nothing of it can be seen; a process that is killed goes on where it was.

import { equalBytes } from '../primitives/bytes.ts';
import { type EpochBoundary, entryBytes } from '../primitives/snapshot.ts';
import type { MissingRange, RestorationRecord } from '../primitives/storage.ts';
import type { CheckedChunk } from '../state/chunk.ts';
import { allPaths, type PathRange, without } from '../state/coverage.ts';
import { applyChanges, rootOf } from '../state/tree.ts';
import type { TreeSource } from '../state/view.ts';
import { bucketRange, META } from './buckets.ts';
import type { Database } from './database.ts';
import { toStoreError } from './errors.ts';
import type { Records } from './records.ts';
import { bucketsOf, type StateBuckets } from './state-slots.ts';

export interface RestorationOptions {
  readonly db: Database;
  readonly records: Records;
  /** position in STATE_SLOTS of the slot to fill */
  readonly slot: number;
  readonly buckets: StateBuckets;
}

export class Restoration implements TreeSource {
  /** the block after which the state is so */
  readonly boundary: EpochBoundary;
  readonly slot: number;
  readonly buckets: StateBuckets;
  readonly #db: Database;
  readonly #records: Records;
  #record: RestorationRecord;
  /** One chunk after the other: each is applied to the tree that the one before has left. */
  #written: Promise<void> = Promise.resolve();

  private constructor({ db, records, slot, buckets }: RestorationOptions, record: RestorationRecord) {
    this.boundary = record.boundary;
    this.slot = slot;
    this.#db = db;
    this.#records = records;
    this.#record = record;
    this.buckets = buckets;
  }

  /** The one that was begun and not finished. @throws {StoreError} IO or CORRUPT */
  static async resume(options: RestorationOptions): Promise<Restoration | undefined> {
    const record = await options.records.restoration.get(META.restoration);
    return record && new Restoration(options, record);
  }

  /** Forgets whatever the slot holds and begins with nothing. @throws {StoreError} IO */
  static async begin(options: RestorationOptions, boundary: EpochBoundary): Promise<Restoration> {
    const { db, records } = options;
    await clearSlot(db, records, options.slot);
    const record = { boundary, missing: allPaths().map(asRecord), entries: 0, bytes: 0 };
    try {
      const batch = db.batch();
      records.restoration.put(batch, META.restoration, record);
      await batch.write({ sync: true });
    } catch (error) {
      throw toStoreError(error, 'begin to restore a snapshot');
    }
    return new Restoration(options, record);
  }

  /** What is still to come; each shrinks from its beginning. */
  get missing(): readonly PathRange[] {
    return this.#record.missing;
  }

  /** entries and their bytes that are there */
  get progress(): { readonly entries: number; readonly bytes: number } {
    return this.#record;
  }

  get isWhole(): boolean {
    return this.#record.missing.length === 0 && equalBytes(rootOf(this), this.boundary.header.stateRoot);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.buckets.values.get(key);
  }

  getNode(path: Uint8Array): Uint8Array | undefined {
    return this.buckets.nodes.get(path);
  }

  /**
   * Resolves when the chunk is durable.
   * @param chunk checked against the state root of `boundary`; one that brings nothing new is left out
   * @throws {StoreError} IO
   */
  add(chunk: CheckedChunk): Promise<void> {
    const added = this.#written.then(() => this.#add(chunk));
    // Who brought the chunk hears of a failure; the next one only waits for the end.
    this.#written = added.catch(() => undefined);
    return added;
  }

  /** What is there goes. @throws {StoreError} IO */
  forget(): Promise<void> {
    return clearSlot(this.#db, this.#records, this.slot);
  }

  async #add(chunk: CheckedChunk): Promise<void> {
    const missing = without(this.#record.missing, chunk);
    if (isSame(missing, this.#record.missing)) return;
    const { pages } = applyChanges(this, chunk.entries);
    const record: RestorationRecord = {
      boundary: this.boundary,
      missing: missing.map(asRecord),
      entries: this.#record.entries + chunk.entries.length,
      bytes: this.#record.bytes + chunk.entries.reduce((sum, entry) => sum + entryBytes(entry), 0),
    };
    const values = chunk.entries.map(({ key, value }) => [key, value] as const);
    try {
      const batch = this.#db.batch();
      for (const change of values) this.buckets.values.put(batch, change);
      for (const change of pages) this.buckets.nodes.put(batch, change);
      this.#records.restoration.put(batch, META.restoration, record);
      await batch.write({ sync: true });
    } catch (error) {
      throw toStoreError(error, 'store a part of a snapshot');
    }
    this.buckets.nodes.release(pages);
    this.#record = record;
  }
}

/** Drops what a slot holds, which must not be in use. @throws {StoreError} IO */
export async function clearSlot(db: Database, records: Records, slot: number): Promise<void> {
  const { values, nodes } = bucketsOf(slot);
  try {
    // The record first: without it nobody looks at what is left when this process dies on the way.
    await db.batch().del(records.restoration.key(META.restoration)).write({ sync: true });
    await db.clear(bucketRange(values));
    await db.clear(bucketRange(nodes));
  } catch (error) {
    throw toStoreError(error, 'clear the place for a snapshot');
  }
}

/** Whether there is anything in a slot. */
export async function holdsAny(db: Database, slot: number): Promise<boolean> {
  const { values, nodes } = bucketsOf(slot);
  for (const bucket of [values, nodes]) {
    for await (const _ of db.keys({ ...bucketRange(bucket), limit: 1 })) return true;
  }
  return false;
}

function asRecord({ from, to }: PathRange): MissingRange {
  return { from, to };
}

function isSame(a: readonly PathRange[], b: readonly PathRange[]): boolean {
  return a.length === b.length && a.every(({ from }, index) => equalBytes(from, (b[index] as PathRange).from));
}
