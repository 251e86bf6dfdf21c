// The tree of executed blocks that are not final yet, on the newest final one as its root. It keeps states and finds
// branches; what makes a block valid or final is not decided here.

import { LRUCache } from 'lru-cache';
import type { Block, Header } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Receipt } from '../primitives/receipt.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';
import type { Overlay } from '../state/overlay.ts';
import type { TreeSource } from '../state/view.ts';

/** A block with everything that executing it has shown. */
export interface ExecutedBlock {
  readonly hash: Hash;
  readonly block: Block;
  /** of the body's transactions, in order */
  readonly envelopes: readonly TransactionEnvelope[];
  /** one for each transaction */
  readonly receipts: Receipt[];
  readonly overlay: Overlay;
  /** the epoch that it begins; undefined unless it is the last of its own */
  readonly nextEpoch: EpochRecord | undefined;
  /** ssz(Block) */
  readonly bytes: number;
}

/** A block on which others can be executed. */
export interface Parent {
  readonly hash: Hash;
  readonly header: Header;
  /** after the block */
  readonly state: TreeSource;
}

/**
 * Blocks between two Finals. A few slots are usual; this many mean hours of notarizing without finalizing, and since
 * own blocks are empty by then (see below) the certificates in them are what takes the memory.
 */
export const MAX_TREE_BLOCKS = 16_384;
/** ssz(Block) of all of them; in memory they take several times as much. */
export const MAX_TREE_BYTES = 128 * 1024 * 1024;
/** Above this own blocks are empty: a chain that can't finalize must be able to go on until it can. */
export const CROWDED_TREE_BYTES = 32 * 1024 * 1024;
/** Hashes of blocks that lost against a final one, kept to recognize a conflicting Final. */
const MAX_LOST = 4_096;

export class BlockTree {
  readonly #blocks = new Map<string, ExecutedBlock>();
  readonly #lost = new LRUCache<string, true>({ max: MAX_LOST });
  /** what the last snapshot went past: at most one full tree */
  readonly #passed = new Set<string>();
  #root: Parent;
  #bytes = 0;

  constructor(root: Parent) {
    this.#root = root;
  }

  get root(): Parent {
    return this.#root;
  }

  get size(): number {
    return this.#blocks.size;
  }

  get isCrowded(): boolean {
    return this.#bytes > CROWDED_TREE_BYTES;
  }

  /** @param bytes ssz(Block) of a block to be added */
  hasRoom(bytes: number): boolean {
    return this.#blocks.size < MAX_TREE_BLOCKS && this.#bytes + bytes <= MAX_TREE_BYTES;
  }

  get(hash: Hash): ExecutedBlock | undefined {
    return this.#blocks.get(toHex(hash));
  }

  /** The root or a block of the tree. */
  parent(hash: Hash): Parent | undefined {
    const key = toHex(hash);
    if (key === toHex(this.#root.hash)) return this.#root;
    const executed = this.#blocks.get(key);
    return executed && { hash: executed.hash, header: executed.block.header, state: executed.overlay };
  }

  /** Whether the block was dropped because another one became final. */
  hasLost(hash: Hash): boolean {
    return this.#lost.has(toHex(hash));
  }

  add(executed: ExecutedBlock): void {
    const key = toHex(executed.hash);
    if (this.#blocks.has(key)) return;
    this.#blocks.set(key, executed);
    this.#bytes += executed.bytes;
  }

  /** The blocks after the root up to this one, oldest first; undefined when it is not in the tree. */
  path(hash: Hash): ExecutedBlock[] | undefined {
    const path: ExecutedBlock[] = [];
    const root = toHex(this.#root.hash);
    for (let key = toHex(hash); key !== root; ) {
      const executed = this.#blocks.get(key);
      if (executed === undefined) return undefined;
      path.push(executed);
      key = toHex(executed.block.header.parent);
    }
    return path.reverse();
  }

  /** Makes a child of the root the root and drops every block that does not descend from it. */
  advance(child: ExecutedBlock): void {
    this.#remove(child);
    this.#root = { hash: child.hash, header: child.block.header, state: child.overlay };
    // A parent stands in the map before its children, so one pass in that order finds all descendants.
    const kept = new Set([toHex(child.hash)]);
    for (const [key, executed] of this.#blocks) {
      if (kept.has(toHex(executed.block.header.parent))) kept.add(key);
      else {
        this.#remove(executed);
        this.#lost.set(key, true);
      }
    }
  }

  /** Whether the block was dropped because the tree went on from a snapshot above it: it may be final or not. */
  isPassed(hash: Hash): boolean {
    return this.#passed.has(toHex(hash));
  }

  /** Goes on from another final block, whose state is in the store; only what descends from it stays. */
  restart({ hash, header, state }: Parent): void {
    const root = toHex(hash);
    const kept = new Set([root]);
    this.#passed.clear();
    for (const [key, executed] of this.#blocks) {
      const { header: own } = executed.block;
      if (key !== root && kept.has(toHex(own.parent))) {
        kept.add(key);
        continue;
      }
      this.#remove(executed);
      if (own.height < header.height) this.#passed.add(key);
      else if (key !== root) this.#lost.set(key, true);
    }
    this.#root = { hash, header, state };
    this.settle(state);
  }

  /** The root's state is in the store now: what stands on it reads from there. */
  settle(store: TreeSource): void {
    const root = toHex(this.#root.hash);
    for (const { block, overlay } of this.#blocks.values()) {
      if (toHex(block.header.parent) === root) overlay.rebase(store);
    }
    this.#root = { ...this.#root, state: store };
  }

  #remove(executed: ExecutedBlock): void {
    if (this.#blocks.delete(toHex(executed.hash))) this.#bytes -= executed.bytes;
  }
}
