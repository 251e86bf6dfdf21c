// A node's database in the simulator, which outlives crashes: finalized blocks, and what follows from them about epochs.

import type { Anchor } from '../../src/consensus/types.ts';
import { type Block, type Header, headerHash } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import type { Certificate } from '../../src/primitives/consensus.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import type { CertifiedBlock } from '../../src/primitives/wire.ts';

export interface Stored {
  readonly hash: Hash;
  readonly block: Block;
  /** its Final, if one was known when it was stored */
  readonly final: Certificate | undefined;
}

export class Database {
  readonly #blocks: Stored[];
  readonly #heights = new Map<string, number>();
  readonly #epochDuration: number;
  /** what came before each epoch: genesis, then the last blocks of epochs */
  readonly #starts: Stored[];

  constructor(genesis: Block, epochDuration: number) {
    const stored = { hash: headerHash(genesis.header), block: genesis, final: undefined };
    this.#blocks = [stored];
    this.#heights.set(toHex(stored.hash), 0);
    this.#epochDuration = epochDuration;
    this.#starts = [stored];
  }

  /** A Final that was learned after its block was stored. */
  keepFinal(height: number, final: Certificate | undefined): void {
    const stored = this.#blocks[height];
    if (stored !== undefined && stored.final === undefined) this.#blocks[height] = { ...stored, final };
  }

  /** That of the next block. */
  get epoch(): number {
    return this.#starts.length;
  }

  /** ms since 1970, of an epoch that has begun */
  epochEnd(epoch: number): number {
    const start = this.#starts[epoch - 1];
    if (start === undefined) throw new RangeError(`epoch ${epoch} has not begun`);
    return start.block.header.timestamp + this.#epochDuration;
  }

  /** Whether a block is the last of its epoch, which must have begun. */
  isBoundary({ epoch, timestamp }: Header): boolean {
    return timestamp >= this.epochEnd(epoch);
  }

  /** The Final of the last block of an epoch that is over. */
  boundaryFinal(epoch: number): Certificate | undefined {
    return this.#starts[epoch]?.final;
  }

  get top(): Stored {
    return this.#blocks.at(-1) as Stored;
  }

  get height(): number {
    return this.#blocks.length - 1;
  }

  at(height: number): Stored | undefined {
    return this.#blocks[height];
  }

  find(hashHex: string): Stored | undefined {
    return this.at(this.#heights.get(hashHex) ?? -1);
  }

  push(stored: Stored): void {
    this.#heights.set(toHex(stored.hash), this.#blocks.length);
    this.#blocks.push(stored);
    if (this.isBoundary(stored.block.header)) this.#starts.push(stored);
  }

  /** Where consensus starts: the newest block that has a Final; the last block of an epoch is slot 0 of the next. */
  get anchor(): Anchor {
    const { hash, block, final } = this.#blocks.findLast(
      (stored, height) => stored.final !== undefined || height === 0,
    ) as Stored;
    const slot = final === undefined || this.isBoundary(block.header) ? 0 : final.slot;
    return { slot, hash, header: block.header, certificate: final };
  }

  /** Whether a Final above it, or of a later epoch, is stored. */
  settles({ epoch, slot }: { readonly epoch: number; readonly slot: number }): boolean {
    return epoch < this.epoch || (epoch === this.epoch && slot <= this.anchor.slot);
  }

  /** Blocks from a height on, up to the newest that has a Final. */
  from(height: number, count: number): CertifiedBlock[] {
    const end = this.#blocks.findLastIndex(({ final }) => final !== undefined);
    return this.#blocks
      .slice(height, Math.min(end + 1, height + count))
      .map(({ block, final }) => ({ block, certificate: final ?? null }));
  }
}
