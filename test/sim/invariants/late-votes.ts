// What the chain records of who took part is true, and said once: judged for every block that an honest node commits.

import type { Header, Justification } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import { certificateMembers, NOTAR, type Vote, voteSigningBytes } from '../../../src/primitives/consensus.ts';
import type { LawOf } from './law.ts';
import { InvariantViolation } from './violation.ts';

/** A vote is recorded in one of so many blocks after its own. */
const BLOCKS = 32;

export class LateVoteRule {
  readonly #lawOf: LawOf;
  /** of the newest blocks, oldest first: epoch/slot/hash of a parent certificate, and the members recorded for it */
  readonly #recorded = new Map<string, Set<number>>();
  /** late votes in the chain */
  count = 0;

  constructor(lawOf: LawOf) {
    this.#lawOf = lawOf;
  }

  /** The next block of the chain. @throws {InvariantViolation} */
  check({ epoch, height }: Header, { parentCertificate, lateVotes }: Justification): void {
    if (parentCertificate !== null) {
      this.#recorded.set(keyOf(parentCertificate), new Set(certificateMembers(parentCertificate)));
      const [oldest] = this.#recorded.keys();
      if (this.#recorded.size > BLOCKS && oldest !== undefined) this.#recorded.delete(oldest);
    }
    for (const vote of lateVotes) {
      const fault = this.#fault(vote, epoch);
      if (fault !== undefined) {
        throw new InvariantViolation('validity', `height ${height} records a vote that ${fault}`, vote.slot);
      }
      this.#recorded.get(keyOf(vote))?.add(vote.member);
      this.count++;
    }
  }

  #fault(vote: Vote, epoch: number): string | undefined {
    const law = this.#lawOf(epoch);
    const { validatorsRoot, genesisHash, verify, size } = law;
    if (vote.epoch !== epoch || vote.kind !== NOTAR) return 'is no NOTAR of its epoch';
    const voters = this.#recorded.get(keyOf(vote));
    if (voters === undefined) return 'is for none of its ancestors';
    if (voters.has(vote.member)) return 'is recorded already';
    if (vote.member >= size) return 'is of a member that there is not';
    const { publicKey } = law.validator(vote.member);
    const message = voteSigningBytes({ ...vote, validatorsRoot }, genesisHash);
    return verify({ publicKey, message, signature: vote.signature }) ? undefined : 'its member did not sign';
  }
}

function keyOf({ epoch, slot, hash }: Pick<Vote, 'epoch' | 'slot' | 'hash'>): string {
  return `${epoch}/${slot}/${toHex(hash)}`;
}
