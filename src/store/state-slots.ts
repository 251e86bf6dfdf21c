// The present state and its tree, read in a plain loop, in whichever of the two pairs of buckets they are. The other pair
// takes a snapshot in, and one day becomes the state.

import type { StateChanges } from '../state/overlay.ts';
import type { TreeSource } from '../state/view.ts';
import { STATE_SLOTS } from './buckets.ts';
import { CachedBucket, type Snapshot } from './cached-bucket.ts';
import type { Batch, Database } from './database.ts';
import { StoreError } from './errors.ts';

export interface StateBuckets {
  readonly values: CachedBucket;
  readonly nodes: CachedBucket;
}

type Changes = Pick<StateChanges, 'values' | 'nodes'>;

export class StateSlots implements TreeSource {
  readonly #db: Database;
  readonly #cacheBytes: number;
  #slot: number;
  #pair: StateBuckets;

  /** @param slot position in STATE_SLOTS. @param cacheBytes of both buckets together */
  constructor(db: Database, slot: number, cacheBytes: number) {
    this.#db = db;
    this.#cacheBytes = cacheBytes;
    this.#slot = slot;
    this.#pair = this.open(slot);
  }

  get slot(): number {
    return this.#slot;
  }

  /** The one without the state. */
  get other(): number {
    return 1 - this.#slot;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#pair.values.get(key);
  }

  getNode(path: Uint8Array): Uint8Array | undefined {
    return this.#pair.nodes.get(path);
  }

  put(batch: Batch, { values, nodes }: Changes): void {
    for (const change of values) this.#pair.values.put(batch, change);
    for (const change of nodes) this.#pair.nodes.put(batch, change);
  }

  /** From here until `release` the state is read as it was at `snapshot`. */
  hold(snapshot: Snapshot): void {
    this.#pair.values.hold(snapshot);
    this.#pair.nodes.hold(snapshot);
  }

  /** @param written what the database now has that the snapshot had not */
  release({ values, nodes }: Changes): void {
    this.#pair.values.release(values);
    this.#pair.nodes.release(nodes);
  }

  /** Makes what was opened before the state. */
  switchTo(slot: number, pair: StateBuckets): void {
    this.#slot = slot;
    this.#pair = pair;
  }

  open(slot: number): StateBuckets {
    const { values, nodes } = bucketsOf(slot);
    const half = Math.ceil(this.#cacheBytes / 2);
    return { values: new CachedBucket(this.#db, values, half), nodes: new CachedBucket(this.#db, nodes, half) };
  }
}

/** @throws {StoreError} CORRUPT when there is no such slot */
export function bucketsOf(slot: number): (typeof STATE_SLOTS)[number] {
  const buckets = STATE_SLOTS[slot];
  if (buckets === undefined) throw new StoreError('CORRUPT', `the state is said to be in slot ${slot}`);
  return buckets;
}
