// Which NOTARs a simulated chain has recorded of a block's ancestors: in the parent certificates and late votes of the
// blocks in between. A late vote is recorded once.

import type { Block, Justification } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { certificateMembers, NOTAR, type Vote } from '../../src/primitives/consensus.ts';
import { LATE_VOTE_BLOCKS } from '../../src/primitives/epoch.ts';

/** `slot/hash` → members */
type Recorded = Map<string, Set<number>>;

export class Participation {
  readonly #epoch: number;
  readonly #recorded: Recorded = new Map();

  /** Up to a block with this parent, of an epoch, whose own justification is still to come. */
  constructor(epoch: number, parent: Block, find: (hashHex: string) => Block | undefined) {
    this.#epoch = epoch;
    let block: Block | undefined = parent;
    for (let depth = 0; depth < LATE_VOTE_BLOCKS && block?.header.epoch === epoch; depth++) {
      this.#add(block.body.justification);
      block = find(toHex(block.header.parent));
    }
  }

  /** Takes in a justification; undefined when a vote in it has no place there. */
  admit({ parentCertificate, lateVotes }: Justification): boolean {
    this.#add({ parentCertificate, lateVotes: [] });
    return lateVotes.every((vote) => this.#record(vote));
  }

  /** Those of the candidates that a block with this certificate may record, which count as recorded then. */
  choose(candidates: readonly Vote[], parentCertificate: Justification['parentCertificate']): Vote[] {
    this.#add({ parentCertificate, lateVotes: [] });
    return candidates.filter((vote) => this.#record(vote));
  }

  #record({ epoch, kind, slot, hash, member }: Vote): boolean {
    const voters = this.#recorded.get(`${slot}/${toHex(hash)}`);
    if (epoch !== this.#epoch || kind !== NOTAR || voters === undefined || voters.has(member)) return false;
    voters.add(member);
    return true;
  }

  #add({ parentCertificate, lateVotes }: Justification): void {
    if (parentCertificate !== null && parentCertificate.epoch === this.#epoch) {
      const { slot, hash } = parentCertificate;
      const voters = this.#votersOf(slot, hash);
      for (const member of certificateMembers(parentCertificate)) voters.add(member);
    }
    for (const { slot, hash, member } of lateVotes) this.#votersOf(slot, hash).add(member);
  }

  #votersOf(slot: number, hash: Uint8Array): Set<number> {
    const key = `${slot}/${toHex(hash)}`;
    let voters = this.#recorded.get(key);
    if (voters === undefined) {
      voters = new Set();
      this.#recorded.set(key, voters);
    }
    return voters;
  }
}
