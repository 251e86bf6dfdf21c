// The snapshots that this node keeps for others: copies of the state after the last blocks of the newest epochs. A copy
// is made beside the chain, from a frozen view of the database, and is offered once it is whole; one that was cut short
// by the end of the process is as if it had never been.

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { SnapshotOffer } from '../primitives/snapshot.ts';
import { StoreError, toStoreError } from './errors.ts';
import { SnapshotFile, type WriteOptions, writeSnapshot } from './snapshot-file.ts';
import type { FrozenState } from './whole-state.ts';

export interface SnapshotsOptions extends Omit<WriteOptions, 'signal'> {
  /** how many of the newest to keep; with 0 none is made, and those that are there go */
  readonly keep: number;
}

const WORKSHOP = 'unfinished';
/** Snapshots are named by the height of their block. */
const NAME = /^\d{1,16}$/;

export class Snapshots {
  readonly #directory: string;
  readonly #options: SnapshotsOptions;
  readonly #stop = new AbortController();
  /** newest first */
  #files: readonly SnapshotFile[];
  #making: Promise<SnapshotOffer | undefined> | undefined;

  private constructor(directory: string, options: SnapshotsOptions, files: readonly SnapshotFile[]) {
    this.#directory = directory;
    this.#options = options;
    this.#files = files;
  }

  /**
   * @param directory created when it is missing; a damaged snapshot in it is removed, there will be others; one that can't be
   *   read for now is left where it is
   * @throws {StoreError} IO
   */
  static async open(directory: string, options: SnapshotsOptions): Promise<Snapshots> {
    try {
      await mkdir(directory, { recursive: true });
      await rm(join(directory, WORKSHOP), { recursive: true, force: true });
      const files: SnapshotFile[] = [];
      for (const name of await readdir(directory)) {
        if (!NAME.test(name)) continue;
        const file = await openSound(join(directory, name));
        if (file !== undefined) files.push(file);
      }
      files.sort((a, b) => b.offer.height - a.offer.height);
      const snapshots = new Snapshots(directory, options, files);
      await snapshots.#prune();
      return snapshots;
    } catch (error) {
      throw toStoreError(error, `look through the snapshots in ${directory}`);
    }
  }

  /** Newest first. */
  get offers(): readonly SnapshotOffer[] {
    return this.#files.map(({ offer }) => offer);
  }

  /**
   * ssz(SnapshotChunk) of the chunk that covers a path, of the snapshot of the block with this hash; undefined when
   * there is none.
   * @throws {StoreError} IO, which may pass, or CORRUPT once, after which the snapshot is not offered any more
   */
  async chunk(hash: Hash, position: Hash): Promise<Uint8Array | undefined> {
    const file = this.#files.find(({ offer }) => equalBytes(offer.hash, hash));
    try {
      return await file?.chunk(position);
    } catch (error) {
      // It may have been removed while it was read.
      if (file === undefined || !this.#files.includes(file)) return undefined;
      if (!isDamage(error)) throw error;
      this.#files = this.#files.filter((one) => one !== file);
      await rm(file.directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Whether the state after this block is worth freezing: none is made of it yet, and none is in the making. */
  wants(height: number): boolean {
    const newest = this.#files[0]?.offer.height ?? -1;
    return this.#options.keep > 0 && this.#making === undefined && !this.#stop.signal.aborted && height > newest;
  }

  /**
   * Makes a snapshot, and closes the state when it is done with it.
   * @returns what is offered now, or undefined when it was not wanted or `close` came first
   * @throws {StoreError} CORRUPT when the state is not that of its block, IO
   */
  async make(state: FrozenState): Promise<SnapshotOffer | undefined> {
    if (!this.wants(state.head.height)) {
      await state.close();
      return undefined;
    }
    this.#making = this.#make(state).finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  /** Gives up what is in the making. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#making?.catch(() => undefined);
  }

  async #make(state: FrozenState): Promise<SnapshotOffer | undefined> {
    const { signal } = this.#stop;
    const place = join(this.#directory, String(state.head.height));
    try {
      await writeSnapshot(place, join(this.#directory, WORKSHOP), state, { ...this.#options, signal });
      const file = await SnapshotFile.open(place);
      this.#files = [file, ...this.#files];
      await this.#prune();
      return file.offer;
    } catch (error) {
      if (signal.aborted) return undefined;
      throw toStoreError(error, `make a snapshot of block ${state.head.height}`);
    } finally {
      await state.close();
    }
  }

  async #prune(): Promise<void> {
    const gone = this.#files.slice(this.#options.keep);
    this.#files = this.#files.slice(0, this.#options.keep);
    for (const { directory } of gone) await rm(directory, { recursive: true, force: true });
  }
}

async function openSound(directory: string): Promise<SnapshotFile | undefined> {
  try {
    return await SnapshotFile.open(directory);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (isDamage(error)) await rm(directory, { recursive: true, force: true });
    return undefined;
  }
}

/** What can't be read for now, with too many files open or a disk that is away, is not removed. */
function isDamage(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'CORRUPT';
}
