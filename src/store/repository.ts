// One kind of record in the database: its bucket and its encoding. Writes only go into a batch here: all of
// a finalized block's reach the disk together.

import { type Bucket, bucketKey } from './buckets.ts';
import type { Batch, Database } from './database.ts';
import { StoreError, toStoreError } from './errors.ts';

/** What every SSZ type offers. */
export interface Codec<T> {
  readonly typeName: string;
  serialize(value: T): Uint8Array;
  deserialize(bytes: Uint8Array): T;
}

export class Repository<T> {
  readonly #db: Database;
  readonly #bucket: Bucket;
  readonly #codec: Codec<T>;

  constructor(db: Database, bucket: Bucket, codec: Codec<T>) {
    this.#db = db;
    this.#bucket = bucket;
    this.#codec = codec;
  }

  key(id: Uint8Array): Uint8Array {
    return bucketKey(this.#bucket, id);
  }

  put(batch: Batch, id: Uint8Array, value: T): void {
    batch.put(this.key(id), this.#codec.serialize(value));
  }

  /** @throws {StoreError} IO, or CORRUPT when the record does not decode */
  async get(id: Uint8Array): Promise<T | undefined> {
    return this.decode(await this.bytes(id));
  }

  /** The record as it is stored. */
  async bytes(id: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      return plainBytes(await this.#db.get(this.key(id)));
    } catch (error) {
      throw toStoreError(error, `read a ${this.#codec.typeName}`);
    }
  }

  decode(bytes: Uint8Array | undefined): T | undefined {
    if (bytes === undefined) return undefined;
    try {
      return this.#codec.deserialize(plainBytes(bytes));
    } catch (cause) {
      throw new StoreError('CORRUPT', `a stored ${this.#codec.typeName} does not decode`, { cause });
    }
  }
}

/** LevelDB hands out Buffers, whose `slice` aliases instead of copying: nobody above shall meet one. */
export function plainBytes<T extends Uint8Array | undefined>(bytes: T): T | Uint8Array {
  return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
