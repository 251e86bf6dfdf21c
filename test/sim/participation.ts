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
    const newest: Block[] = [];
    let block: Block | undefined = parent;
    // Of the block itself there is a certificate too.
    while (newest.length < LATE_VOTE_BLOCKS - 1 && block?.header.epoch === epoch) {
      newest.push(block);
      block = find(toHex(block.header.parent));
    }
    for (const { body } of newest.reverse()) this.#add(body.justification);
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
      this.#recorded.set(`${slot}/${toHex(hash)}`, new Set(certificateMembers(parentCertificate)));
    }
    // Those for older blocks than are looked at are of no use any more.
    for (const { slot, hash, member } of lateVotes) this.#recorded.get(`${slot}/${toHex(hash)}`)?.add(member);
  }
}
