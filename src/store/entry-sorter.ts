// Sorts the entries of a state by their paths with bounded memory: they are dealt into 256 parts by the first byte, which
// wait in files when they are many, and each part is sorted when its turn comes. Paths are hashes, so that the parts are
// of about the same size.

import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareBytes, concatBytes } from '../primitives/bytes.ts';
import { HASH_BYTES } from '../primitives/hash.ts';
import { entryBytes } from '../primitives/snapshot.ts';
import { type PlacedEntry, placeEntry } from '../state/chunk.ts';
import { plainBytes } from './repository.ts';
import type { Entry } from './whole-state.ts';

/** Bits of a path by which entries are dealt. */
export const PART_BITS = 8;
export const PARTS = 1 << PART_BITS;

/** Encoded entries held before they go to files. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;
/** path ‖ hash of the leaf ‖ length of the key ‖ length of the value */
const FIXED_BYTES = 2 * HASH_BYTES + 8;

export class EntrySorter {
  readonly #directory: string;
  readonly #maxHeldBytes: number;
  readonly #held: Uint8Array[][] = Array.from({ length: PARTS }, () => []);
  readonly #bytes = new Array<number>(PARTS).fill(0);
  readonly #inFile = new Array<boolean>(PARTS).fill(false);
  #heldBytes = 0;

  /** @param directory for the parts that are too much for memory; removed by its owner */
  constructor(directory: string, maxHeldBytes: number = MAX_HELD_BYTES) {
    this.#directory = directory;
    this.#maxHeldBytes = maxHeldBytes;
  }

  /** What the entries of so many parts take in chunks, in bytes. */
  bytes(first: number, count: number): number {
    return this.#bytes.slice(first, first + count).reduce((sum, bytes) => sum + bytes, 0);
  }

  async add([key, value]: Entry): Promise<void> {
    const entry = placeEntry({ key, value });
    const part = entry.path[0] as number;
    const record = encode(entry);
    (this.#held[part] as Uint8Array[]).push(record);
    this.#bytes[part] = (this.#bytes[part] as number) + entryBytes(entry);
    this.#heldBytes += record.length;
    if (this.#heldBytes >= this.#maxHeldBytes) await this.#spill();
  }

  /** The entries of so many parts, ascending paths; each part is asked for once. */
  async take(first: number, count: number): Promise<PlacedEntry[]> {
    const entries: PlacedEntry[] = [];
    for (let part = first; part < first + count; part++) {
      const held = this.#held[part] as Uint8Array[];
      const stored = plainBytes(this.#inFile[part] ? await readFile(this.#file(part)) : new Uint8Array(0));
      this.#held[part] = [];
      const found = [...decode(stored), ...held.flatMap((record) => [...decode(record)])];
      entries.push(...found.sort((a, b) => compareBytes(a.path, b.path)));
    }
    return entries;
  }

  async #spill(): Promise<void> {
    for (const [part, records] of this.#held.entries()) {
      if (records.length === 0) continue;
      await appendFile(this.#file(part), concatBytes(...records));
      this.#inFile[part] = true;
      this.#held[part] = [];
    }
    this.#heldBytes = 0;
  }

  #file(part: number): string {
    return join(this.#directory, `part-${part}`);
  }
}

function encode({ path, hash, key, value }: PlacedEntry): Uint8Array {
  const record = new Uint8Array(FIXED_BYTES + key.length + value.length);
  record.set(path);
  record.set(hash, HASH_BYTES);
  const view = new DataView(record.buffer);
  view.setUint32(2 * HASH_BYTES, key.length);
  view.setUint32(2 * HASH_BYTES + 4, value.length);
  record.set(key, FIXED_BYTES);
  record.set(value, FIXED_BYTES + key.length);
  return record;
}

function* decode(records: Uint8Array): Generator<PlacedEntry> {
  const view = new DataView(records.buffer, records.byteOffset, records.length);
  for (let start = 0; start < records.length; ) {
    const keyStart = start + FIXED_BYTES;
    const valueStart = keyStart + view.getUint32(start + 2 * HASH_BYTES);
    const end = valueStart + view.getUint32(start + 2 * HASH_BYTES + 4);
    yield {
      path: records.subarray(start, start + HASH_BYTES),
      hash: records.subarray(start + HASH_BYTES, start + 2 * HASH_BYTES),
      key: records.subarray(keyStart, valueStart),
      value: records.subarray(valueStart, end),
    };
    start = end;
  }
}
