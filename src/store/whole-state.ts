// The whole state as it is at one moment, whatever is committed meanwhile: every entry, and every node of the tree.

import { type Bucket, bucketRange } from './buckets.ts';
import type { Snapshot } from './cached-bucket.ts';
import type { Database } from './database.ts';
import { toStoreError } from './errors.ts';
import type { StoredHead } from './head.ts';
import { plainBytes } from './repository.ts';
import { bucketsOf } from './state-slots.ts';

export type Entry = [key: Uint8Array, value: Uint8Array];

/** The state after one block, however the chain goes on; it holds space on the disk until it is closed. */
export interface FrozenState {
  readonly head: StoredHead;
  /** in the order of their keys */
  entries(): AsyncIterable<Entry>;
  close(): Promise<void>;
}

/** As of the moment in which it is made; to be closed as well. */
export class WholeState {
  readonly #db: Database;
  readonly #slot: number;
  readonly #snapshot: Snapshot;

  /** @param slot position in STATE_SLOTS of the slot with the state */
  constructor(db: Database, slot: number) {
    this.#db = db;
    this.#slot = slot;
    this.#snapshot = db.snapshot();
  }

  /** In the order of their keys. @throws {StoreError} IO */
  entries(): AsyncGenerator<Entry> {
    return this.#read(bucketsOf(this.#slot).values);
  }

  /** By path, in the order of the paths. @throws {StoreError} IO */
  nodes(): AsyncGenerator<Entry> {
    return this.#read(bucketsOf(this.#slot).nodes);
  }

  close(): Promise<void> {
    return this.#snapshot.close();
  }

  async *#read(bucket: Bucket): AsyncGenerator<Entry> {
    try {
      const range = { ...bucketRange(bucket), snapshot: this.#snapshot };
      for await (const [key, value] of this.#db.iterator(range)) yield [key.slice(1), plainBytes(value)];
    } catch (error) {
      throw toStoreError(error, 'read the state');
    }
  }
}
