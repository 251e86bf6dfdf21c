// Synchronous reads of one bucket with a cache in front, for the state that execution reads in a plain loop.
// While a commit is on its way to the disk readers see the state before it, all of it; then the state after it.

import { mapKey } from '../primitives/bytes.ts';
import { type Bucket, bucketKey } from './buckets.ts';
import type { Batch, Database } from './database.ts';
import { toStoreError } from './errors.ts';
import { GenerationCache } from './generation-cache.ts';
import { plainBytes } from './repository.ts';

export type Snapshot = ReturnType<Database['snapshot']>;
export type Change = readonly [key: Uint8Array, value: Uint8Array | undefined];

/** Stands in the cache for a key that the database does not have; told apart by identity. */
const ABSENT = new Uint8Array(0);

/** What an entry costs beside its key and value: an object, a string header, a place in a map. */
const ENTRY_OVERHEAD_BYTES = 200;

export class CachedBucket {
  readonly #db: Database;
  readonly #bucket: Bucket;
  readonly #cache: GenerationCache;
  #snapshot: Snapshot | undefined;

  /** @param cacheBytes bound on the cache's memory, keys and overhead included */
  constructor(db: Database, bucket: Bucket, cacheBytes: number) {
    this.#db = db;
    this.#bucket = bucket;
    this.#cache = new GenerationCache(cacheBytes, (name, value) => value.length + name.length + ENTRY_OVERHEAD_BYTES);
  }

  /**
   * The value must not be written to: it may be the cache's own.
   * @throws {StoreError} IO or CORRUPT
   */
  get(key: Uint8Array): Uint8Array | undefined {
    const name = mapKey(key);
    const cached = this.#cache.get(name);
    if (cached !== undefined) return cached === ABSENT ? undefined : cached;
    const value = this.#read(bucketKey(this.#bucket, key));
    this.#cache.set(name, value ?? ABSENT);
    return value;
  }

  put(batch: Batch, [key, value]: Change): void {
    const stored = bucketKey(this.#bucket, key);
    if (value === undefined) batch.del(stored);
    else batch.put(stored, value);
  }

  /** From here until `release` the database is read as it was at `snapshot`. */
  hold(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
  }

  /** @param written what the database now has that the snapshot had not; hot values are so in the cache at once */
  release(written: readonly Change[]): void {
    this.#snapshot = undefined;
    for (const [key, value] of written) this.#cache.set(mapKey(key), value ?? ABSENT);
  }

  #read(key: Uint8Array): Uint8Array | undefined {
    try {
      return plainBytes(
        this.#snapshot === undefined ? this.#db.getSync(key) : this.#db.getSync(key, { snapshot: this.#snapshot }),
      );
    } catch (error) {
      throw toStoreError(error, 'read the state');
    }
  }
}
