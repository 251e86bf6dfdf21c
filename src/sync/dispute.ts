// Two peers have sent blocks that do not fit together, and no Final has yet said which of them are true. What each of
// them sent is kept until one has: a final chain is one only, so whoever sent another block of it has lied. One peer after
// the other is the witness, who is asked for all of the blocks.

import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { PATIENCE_MS } from './block-window.ts';
import type { ReceivedBlock } from './received.ts';
import type { SyncPeer } from './sources.ts';

export interface DisputeOptions {
  /** the first one */
  readonly witness: string;
  /** ms that peers have had: a clock that stands still while this node is busy */
  readonly clock: () => number;
}

export class Dispute {
  readonly #claims: Map<number, { readonly hash: Hash; readonly peer: string }>;
  readonly #clock: () => number;
  /** the highest block that is disputed */
  readonly height: number;
  #witness: string | undefined;
  /** when it became the witness, or a block was final last */
  #since: number;

  /** @param blocks at most one of each height */
  constructor(blocks: readonly ReceivedBlock[], { witness, clock }: DisputeOptions) {
    this.#claims = new Map(blocks.map(({ block, hash, peer }) => [block.header.height, { hash, peer }]));
    this.#clock = clock;
    this.height = Math.max(...this.#claims.keys());
    this.#witness = witness;
    this.#since = clock();
  }

  /**
   * Who is asked for the block after a height: another one than before when that one can not help, or has brought no Final
   * for as long as the next block is waited for otherwise. What came from it stays; does it not fit to what comes now, that
   * is another dispute.
   * @param able those who say to have the block after the chain's head, in their turn
   */
  witness(able: readonly SyncPeer[], height: number): string | undefined {
    const at = able.findIndex(({ id }) => id === this.#witness);
    const next = able[(at + 1) % able.length];
    const isLate = this.#clock() - this.#since >= PATIENCE_MS;
    if (at < 0 || (isLate && next !== undefined && next.height > height)) {
      this.#witness = next?.id;
      this.#since = this.#clock();
    }
    return this.#witness;
  }

  /** This block is final. @returns who sent another one; each liar once in all */
  liar(height: number, hash: Hash): string | undefined {
    this.#since = this.#clock();
    const claim = this.#claims.get(height);
    if (claim === undefined || equalBytes(claim.hash, hash)) return undefined;
    for (const [at, { peer }] of this.#claims) if (peer === claim.peer) this.#claims.delete(at);
    return claim.peer;
  }
}
