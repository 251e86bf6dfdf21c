// Two peers have sent blocks that do not fit together, and no Final has yet said which of them are true. What each of
// them sent is kept until one has: a final chain is one only, so whoever sent another block of it has lied.

import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { VouchedBlock } from './range.ts';
import type { ReceivedBlock } from './received.ts';

export class Dispute {
  readonly #claims: Map<number, { readonly hash: Hash; readonly peer: string }>;
  /** the highest block that is disputed */
  readonly height: number;
  /** the one peer that is asked for all of the blocks meanwhile */
  witness: string | undefined;

  /** @param blocks at most one of each height */
  constructor(blocks: readonly ReceivedBlock[]) {
    this.#claims = new Map(blocks.map(({ block, hash, peer }) => [block.header.height, { hash, peer }]));
    this.height = Math.max(...this.#claims.keys());
  }

  /** @returns who sent other blocks than these, each once in all */
  liars(final: readonly VouchedBlock[]): Set<string> {
    const liars = new Set<string>();
    for (const { hash, block } of final) {
      const claim = this.#claims.get(block.header.height);
      if (claim !== undefined && !equalBytes(claim.hash, hash)) liars.add(claim.peer);
    }
    for (const [height, { peer }] of this.#claims) if (liars.has(peer)) this.#claims.delete(height);
    return liars;
  }
}
