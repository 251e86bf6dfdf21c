// Finalized blocks by height, with the last ones kept decoded: most requests ask for the newest few.

import { LRUCache } from 'lru-cache';
import { toHex } from '../primitives/bytes.ts';
import { FINAL } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { ChainReader, EventSource, ExecutedBlock, FinalizedEvent, StoredBlock } from './dependencies.ts';

/** Blocks kept: what explorers and wallets that follow the head ask for again and again. */
const MAX_CACHED_BLOCKS = 64;
/** Transactions in all blocks kept, about 1 kB of memory each. */
const MAX_CACHED_TRANSACTIONS = 65_536;

/** A transaction in a block that this node has executed. */
export interface IncludedTransaction {
  readonly block: ExecutedBlock;
  readonly index: number;
}

export class BlockReader {
  readonly #chain: ChainReader;
  readonly #events: EventSource;
  readonly #recent = new LRUCache<number, StoredBlock>({
    max: MAX_CACHED_BLOCKS,
    maxSize: MAX_CACHED_TRANSACTIONS,
    sizeCalculation: ({ block }) => 1 + block.body.transactions.length,
  });

  constructor(chain: ChainReader, events: EventSource) {
    this.#chain = chain;
    this.#events = events;
  }

  start(): void {
    this.#events.on('finalized', this.#keep);
  }

  stop(): void {
    this.#events.off('finalized', this.#keep);
    this.#recent.clear();
  }

  async byHeight(height: number): Promise<StoredBlock | undefined> {
    const recent = this.#recent.get(height);
    // A block may be stored before its own Final is known.
    if (recent?.certificate?.kind === FINAL) return recent;
    const block = await this.#chain.blockByHeight(height);
    if (block !== undefined) this.#recent.set(height, block);
    return block;
  }

  /** Like `byHeight`, without keeping what is read: for those who walk the whole chain. */
  async scan(height: number): Promise<StoredBlock | undefined> {
    return this.#recent.peek(height) ?? this.#chain.blockByHeight(height);
  }

  byHash(hash: Hash): Promise<StoredBlock | undefined> {
    return this.#chain.blockByHash(hash);
  }

  /** A finalized transaction with its block. */
  async transaction(id: Hash): Promise<IncludedTransaction | undefined> {
    const place = await this.#chain.transaction(id);
    if (place === undefined) return undefined;
    const block = await this.byHeight(place.height);
    if (block === undefined) {
      throw new Error(`transaction ${toHex(id)} is indexed at height ${place.height}, where there is no block`);
    }
    return { block, index: place.index };
  }

  readonly #keep = ({ hash, block, receipts, certificate }: FinalizedEvent): void => {
    this.#recent.set(block.header.height, { hash, block, receipts, certificate });
  };
}
