// Two peers have sent blocks that do not fit together, and no Final has yet said which of them are true. What each of
// them sent is kept until one has: a final chain is one only, so whoever sent another block of it has lied.

import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
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

  /** @returns who sent another block than this, which is final; each liar once in all */
  liar(height: number, hash: Hash): string | undefined {
    const claim = this.#claims.get(height);
    if (claim === undefined || equalBytes(claim.hash, hash)) return undefined;
    for (const [at, { peer }] of this.#claims) if (peer === claim.peer) this.#claims.delete(at);
    return claim.peer;
  }
}
