// One snapshot on disk: a directory with the chunks, one after the other, and an index of them. It is written beside its
// place and put there when it is whole and synced, so that what stands there can be served as it is.

import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createDurably, syncDirectory } from '../crypto/durable-file.ts';
import { concatBytes, equalBytes } from '../primitives/bytes.ts';
import { HASH_BYTES, type Hash } from '../primitives/hash.ts';
import { MAX_CHUNK_ENTRY_BYTES, type SnapshotOffer, StateEntries } from '../primitives/snapshot.ts';
import { SnapshotIndex } from '../primitives/storage.ts';
import { ChunkTree, type CutChunk, cutSubtree, innerHash } from '../state/chunk.ts';
import { EntrySorter, PARTS } from './entry-sorter.ts';
import { codeOf, StoreError, toStoreError } from './errors.ts';
import { readWhole } from './read-whole.ts';
import { plainBytes } from './repository.ts';
import type { FrozenState } from './whole-state.ts';

export interface WriteOptions {
  readonly signal: AbortSignal;
  /** Called every few entries, and between chunks: whoever has more urgent work does it then. */
  readonly rest: () => Promise<void>;
  /** entries held in memory while they are sorted; a default when left out */
  readonly sorterBytes?: number;
}

/** Some 0.5 ms of work. */
const ENTRIES_BETWEEN_RESTS = 32;
const INDEX_FILE = 'index';
const CHUNKS_FILE = 'chunks';
/** depth, and the offsets of siblings and entries: where the lists of an SSZ SnapshotChunk begin */
const CHUNK_HEAD_BYTES = 2 + 4 + 4;

/**
 * Copies a state into `place`.
 * @param workshop a directory beside it, for what is not whole yet; whatever it holds is removed
 * @throws {StoreError} CORRUPT when the state is not that of its block, IO
 */
export async function writeSnapshot(
  place: string,
  workshop: string,
  state: FrozenState,
  options: WriteOptions,
): Promise<void> {
  try {
    await rm(workshop, { recursive: true, force: true });
    const whole = join(workshop, 'whole');
    await mkdir(whole, { recursive: true });
    const file = await open(join(whole, CHUNKS_FILE), 'wx', 0o600);
    let index: SnapshotIndex;
    try {
      index = await new SnapshotWriter(file, new EntrySorter(workshop, options.sorterBytes), options).write(state);
      await file.sync();
    } finally {
      await file.close();
    }
    await createDurably(join(whole, INDEX_FILE), SnapshotIndex.serialize(index));
    await rename(whole, place);
    await syncDirectory(dirname(place));
  } catch (error) {
    options.signal.throwIfAborted();
    throw toStoreError(error, `make a snapshot of block ${state.head.height}`);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

class SnapshotWriter {
  readonly #file: FileHandle;
  readonly #sorter: EntrySorter;
  readonly #options: WriteOptions;
  readonly #chunks: SnapshotIndex['chunks'] = [];

  constructor(file: FileHandle, sorter: EntrySorter, options: WriteOptions) {
    this.#file = file;
    this.#sorter = sorter;
    this.#options = options;
  }

  async write({ head, entries }: FrozenState): Promise<SnapshotIndex> {
    let count = 0;
    for await (const entry of entries()) {
      await this.#sorter.add(entry);
      count += 1;
      if (count % ENTRIES_BETWEEN_RESTS === 0) await this.#rest();
    }
    const { height, hash, header } = head;
    if (!equalBytes(await this.#subtree(0, 0, PARTS), header.stateRoot)) {
      throw new StoreError('CORRUPT', `the stored state is not that of block ${height}: run \`aitbc-node db verify\``);
    }
    return { epoch: header.epoch, height, hash, stateRoot: header.stateRoot, entries: count, chunks: this.#chunks };
  }

  /** Writes the chunks of a subtree that is so many parts of the sorter. */
  async #subtree(depth: number, first: number, count: number): Promise<Hash> {
    if (count === 1 || this.#sorter.bytes(first, count) <= MAX_CHUNK_ENTRY_BYTES) {
      const { hash, chunks } = cutSubtree(await this.#sorter.take(first, count), depth);
      for (const chunk of chunks) await this.#chunk(chunk);
      return hash;
    }
    const half = count / 2;
    const left = await this.#subtree(depth + 1, first, half);
    return innerHash(left, await this.#subtree(depth + 1, first + half, half));
  }

  async #chunk({ depth, hash, entries }: CutChunk): Promise<void> {
    await this.#rest();
    const bytes = StateEntries.serialize(entries.map(({ key, value }) => ({ key, value })));
    await this.#file.writeFile(bytes);
    this.#chunks.push({ depth, hash, bytes: bytes.length, digest: digestOf(bytes) });
  }

  async #rest(): Promise<void> {
    this.#options.signal.throwIfAborted();
    await this.#options.rest();
  }
}

/** A whole snapshot, to serve from. */
export class SnapshotFile {
  readonly offer: SnapshotOffer;
  readonly directory: string;
  readonly #index: SnapshotIndex;
  readonly #tree: ChunkTree;
  /** by chunk: where it begins in the file */
  readonly #offsets: readonly number[];

  private constructor(directory: string, index: SnapshotIndex) {
    this.directory = directory;
    this.#index = index;
    this.#tree = new ChunkTree(index.chunks);
    let bytes = 0;
    this.#offsets = index.chunks.map((chunk) => {
      bytes += chunk.bytes;
      return bytes - chunk.bytes;
    });
    const { epoch, height, hash, entries } = index;
    this.offer = { epoch, height, hash, entries, bytes };
  }

  /** @throws {StoreError} CORRUPT or IO */
  static async open(directory: string): Promise<SnapshotFile> {
    let bytes: Uint8Array;
    try {
      bytes = plainBytes(await readFile(join(directory, INDEX_FILE)));
    } catch (error) {
      throw asStoreError(error, directory);
    }
    let file: SnapshotFile;
    try {
      file = new SnapshotFile(directory, SnapshotIndex.deserialize(bytes));
    } catch {
      throw damaged(directory);
    }
    if (!equalBytes(file.#tree.root, file.#index.stateRoot)) throw damaged(directory);
    return file;
  }

  /** @returns ssz(SnapshotChunk) of the chunk that covers a path. @throws {StoreError} CORRUPT or IO */
  async chunk(position: Hash): Promise<Uint8Array> {
    const number = this.#tree.find(position);
    const { depth, bytes, digest } = this.#index.chunks[number] as SnapshotIndex['chunks'][number];
    const entries = new Uint8Array(bytes);
    let isWhole: boolean;
    try {
      const file = await open(join(this.directory, CHUNKS_FILE), 'r');
      try {
        isWhole = await readWhole(file, entries, this.#offsets[number] as number);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw asStoreError(error, this.directory);
    }
    // Whoever were sent something else would take this node for a liar.
    if (!isWhole || !equalBytes(digestOf(entries), digest)) throw damaged(this.directory);
    const siblings = this.#tree.siblings(number);
    const head = new DataView(new ArrayBuffer(CHUNK_HEAD_BYTES));
    head.setUint16(0, depth, true);
    head.setUint32(2, CHUNK_HEAD_BYTES, true);
    head.setUint32(6, CHUNK_HEAD_BYTES + siblings.length * HASH_BYTES, true);
    return concatBytes(new Uint8Array(head.buffer), ...siblings, entries);
  }
}

/** A file that is not there will not come again. */
function asStoreError(error: unknown, directory: string): StoreError {
  return codeOf(error) === 'ENOENT' ? damaged(directory) : toStoreError(error, `read the snapshot in ${directory}`);
}

function damaged(directory: string): StoreError {
  return new StoreError('CORRUPT', `the snapshot in ${directory} is damaged`);
}

function digestOf(bytes: Uint8Array): Hash {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
