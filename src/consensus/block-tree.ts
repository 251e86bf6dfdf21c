// The blocks above the newest committed one that this node knows of, by hash: which are held, being executed,
// executed, or wanted from peers. The committed block is the root; everything hangs below it.

import type { Block, Header } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { BlockVerdict, Held } from './types.ts';

/**
 * What is missing below a block further than this above the committed one is asked for in ranges: one by one each costs
 * a round trip. Ranges bring finalized blocks only …
 */
export const BEHIND_DEPTH = 4;
/** … so that up to here blocks are fetched one by one beside it. */
export const MAX_FETCH_DEPTH = 64;

export type BlockStatus = 'held' | 'verifying' | BlockVerdict;

export interface BlockEntry {
  readonly hash: Hash;
  readonly hashHex: string;
  readonly parentHex: string;
  readonly block: Block;
  status: BlockStatus;
}

export class BlockTree {
  #root: { hashHex: string; header: Header };
  readonly #entries = new Map<string, BlockEntry>();
  readonly #wanted = new Map<string, Hash>();

  constructor(hash: Hash, header: Header) {
    this.#root = { hashHex: toHex(hash), header };
  }

  get committedHeight(): number {
    return this.#root.header.height;
  }

  get held(): Pick<Held, 'blocks' | 'wanted'> {
    return { blocks: this.#entries.size, wanted: this.#wanted.size };
  }

  entry(hashHex: string): BlockEntry | undefined {
    return this.#entries.get(hashHex);
  }

  /** The header of a held or the committed block. */
  header(hashHex: string): Header | undefined {
    return hashHex === this.#root.hashHex ? this.#root.header : this.#entries.get(hashHex)?.block.header;
  }

  /** Executed here, or committed. */
  isValid(hashHex: string): boolean {
    return hashHex === this.#root.hashHex || this.#entries.get(hashHex)?.status === 'valid';
  }

  isCommitted(hashHex: string): boolean {
    return hashHex === this.#root.hashHex;
  }

  /** @returns the entry, new or already there; a block at or below the committed height has lost. */
  add(hash: Hash, block: Block, status: BlockStatus): BlockEntry | undefined {
    const hashHex = toHex(hash);
    this.#wanted.delete(hashHex);
    const known = this.#entries.get(hashHex);
    if (known !== undefined || hashHex === this.#root.hashHex) return known;
    const { height, parent } = block.header;
    const isAbove = height > this.committedHeight;
    const entry: BlockEntry = { hash, hashHex, parentHex: toHex(parent), block, status: isAbove ? status : 'lost' };
    this.#entries.set(hashHex, entry);
    return entry;
  }

  /** @returns whether the block was not wanted before and is not here. */
  want(hash: Hash): boolean {
    const hashHex = toHex(hash);
    if (hashHex === this.#root.hashHex || this.#entries.has(hashHex) || this.#wanted.has(hashHex)) return false;
    this.#wanted.set(hashHex, hash);
    return true;
  }

  isWanted(hashHex: string): boolean {
    return this.#wanted.has(hashHex);
  }

  get wanted(): Iterable<Hash> {
    return this.#wanted.values();
  }

  /** Blocks that could not be executed for the time being are as good as never tried. */
  tryPostponedAgain(): void {
    for (const entry of this.#entries.values()) if (entry.status === 'postponed') entry.status = 'held';
  }

  /** The hashes from a block down to the committed one, as far as blocks are held. */
  branch(hashHex: string): Set<string> {
    const branch = new Set<string>();
    for (let entry = this.#entries.get(hashHex); entry !== undefined; entry = this.#entries.get(entry.parentHex)) {
      branch.add(entry.hashHex);
    }
    return branch;
  }

  /** Makes a committed block the root and forgets everything at or below its height. */
  commit(hash: Hash, header: Header): void {
    if (header.height < this.committedHeight) return;
    this.#root = { hashHex: toHex(hash), header };
    for (const [hashHex, { block }] of this.#entries) {
      if (block.header.height <= header.height) this.#entries.delete(hashHex);
    }
    this.#wanted.clear();
  }
}
