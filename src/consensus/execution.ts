// Which blocks are fetched and executed, and in what order: a certified block as soon as it is here and its parent is
// executed, a missing one from whoever has it. What a verdict means for consensus is not decided here.

import type { Block, Header } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { BEHIND_DEPTH, type BlockEntry, type BlockStatus, type BlockTree, MAX_FETCH_DEPTH } from './block-tree.ts';
import type { BlockVerdict, Emit } from './types.ts';

export class Execution {
  readonly #blocks: BlockTree;
  readonly #emit: Emit;
  /** waiting blocks that were looked at in this round: each once, however many wait for it */
  readonly #looked = new Set<BlockEntry>();
  /** has said that this node is behind, since it last asked for everything again */
  #behindSaid = false;

  constructor(blocks: BlockTree, emit: Emit) {
    this.#blocks = blocks;
    this.#emit = emit;
  }

  /** To be called before what is held is gone through again. */
  newRound(): void {
    this.#looked.clear();
  }

  /** Has a block fetched or executed if that is possible and not done. @returns what has become of it */
  ensure(hash: Hash): BlockStatus | 'missing' {
    const hashHex = toHex(hash);
    if (this.#blocks.isValid(hashHex)) return 'valid';
    const entry = this.#blocks.entry(hashHex);
    if (entry !== undefined) return this.execute(entry);
    this.fetch(hash);
    return 'missing';
  }

  /** Has the block executed, or the lowest of its ancestors that is not. @returns what has become of the block */
  execute(entry: BlockEntry): BlockStatus {
    const waiting: BlockEntry[] = [];
    let lowest = entry;
    while (lowest.status === 'held' && !this.#blocks.isValid(lowest.parentHex)) {
      if (this.#looked.has(lowest)) return 'held';
      this.#looked.add(lowest);
      waiting.push(lowest);
      const parent = this.#blocks.entry(lowest.parentHex);
      if (parent !== undefined) lowest = parent;
      else if (lowest.block.header.height > this.#blocks.committedHeight + 1) {
        this.#fetchParent(lowest.block.header);
        return 'held';
      } else lowest.status = 'lost';
    }
    if (lowest.status === 'held') {
      lowest.status = 'verifying';
      this.#emit({ type: 'verify', hash: lowest.hash, block: lowest.block });
    } else if (lowest.status === 'invalid' || lowest.status === 'lost') {
      for (const child of waiting) child.status = lowest.status;
    }
    return entry.status;
  }

  /** A block that was asked for is here. */
  onBlock(hash: Hash, block: Block): void {
    if (this.#blocks.isWanted(toHex(hash))) this.#blocks.add(hash, block, 'held');
  }

  /** A block was executed, or could not be. */
  onVerdict(hash: Hash, verdict: BlockVerdict, reason = 'no reason given'): void {
    const entry = this.#blocks.entry(toHex(hash));
    if (entry?.status !== 'verifying') return;
    entry.status = verdict;
    if (verdict === 'invalid') this.#emit({ type: 'event', event: { type: 'invalid', hash, reason } });
  }

  fetch(hash: Hash): void {
    if (this.#blocks.want(hash)) this.#emit({ type: 'fetchBlock', hash });
  }

  /** What no peer had, and what could not be executed, may be possible by now. */
  tryAgain(): void {
    this.#behindSaid = false;
    this.#blocks.tryPostponedAgain();
    for (const hash of this.#blocks.wanted) this.#emit({ type: 'fetchBlock', hash });
  }

  #fetchParent({ height, parent }: Header): void {
    const missing = height - this.#blocks.committedHeight;
    if (missing <= MAX_FETCH_DEPTH) this.fetch(parent);
    if (missing <= BEHIND_DEPTH || this.#behindSaid) return;
    this.#behindSaid = true;
    this.#emit({ type: 'behind' });
  }
}
