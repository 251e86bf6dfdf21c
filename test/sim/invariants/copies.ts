// A signer that is told of a signature which it never gave takes its key for copied and stops for good. Nobody can bring
// that about where no copy exists: judged by what the signers of honest members have given since the world began.

import { toHex } from '../../../src/primitives/bytes.ts';
import {
  type ProposalData,
  proposalSigningBytes,
  type VoteData,
  voteSigningBytes,
} from '../../../src/primitives/consensus.ts';
import type { Law } from './law.ts';
import { InvariantViolation } from './violation.ts';

export class CopyRule {
  readonly #law: Pick<Law, 'genesisHash' | 'isHonest'>;
  /** `member/what was signed` */
  readonly #given = new Set<string>();

  /** @param law of the validators of the world, whatever the epoch */
  constructor(law: Pick<Law, 'genesisHash' | 'isHonest'>) {
    this.#law = law;
  }

  /** The signer of a member gives a signature. */
  given(member: number, data: VoteData | ProposalData): void {
    this.#given.add(this.#key(member, data));
  }

  /** It is told that the network carries one. @throws {InvariantViolation} */
  told(member: number, data: VoteData | ProposalData): void {
    if (!this.#law.isHonest(member) || this.#given.has(this.#key(member, data))) return;
    const what = `the signer of member ${member} is told of a signature in slot ${data.slot} that it never gave`;
    throw new InvariantViolation('copies', what, data.slot);
  }

  #key(member: number, data: VoteData | ProposalData): string {
    const { genesisHash } = this.#law;
    const isProposal = 'parentSlot' in data;
    const bytes = isProposal ? proposalSigningBytes(data, genesisHash) : voteSigningBytes(data, genesisHash);
    return `${member}/${toHex(bytes)}`;
  }
}
