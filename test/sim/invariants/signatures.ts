// No honest member signs twice: judged by the signatures that leave its nodes, however often they crash and come back.

import { headerHash, type Proposal } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import {
  FINAL,
  NOTAR,
  proposalSigningBytes,
  SKIP,
  VOTE_KINDS,
  type Vote,
  voteSigningBytes,
} from '../../../src/primitives/consensus.ts';
import type { LawOf } from './law.ts';
import { InvariantViolation } from './violation.ts';

export class SignatureRules {
  readonly #lawOf: LawOf;
  /** `member/PROPOSE or kind of vote/epoch/slot` → hash */
  readonly #signed = new Map<string, string>();

  constructor(lawOf: LawOf) {
    this.#lawOf = lawOf;
  }

  /** A member has let out a vote. @throws {InvariantViolation} */
  vote(member: number, vote: Vote): void {
    const law = this.#lawOf(vote.epoch);
    if (!law.isHonest(member)) return;
    const { epoch, kind, slot, hash } = vote;
    const { validatorsRoot, genesisHash, verify } = law;
    const { publicKey } = law.validator(member);
    const message = voteSigningBytes({ ...vote, validatorsRoot }, genesisHash);
    if (vote.member !== member || !verify({ publicKey, message, signature: vote.signature })) {
      throw violation(member, slot, 'sent a vote that it did not sign');
    }
    this.#sign(member, nameOf(kind), vote, toHex(hash));
    const of = (other: number) => this.#signed.get(keyOf(member, nameOf(other), { epoch, slot }));
    if (of(SKIP) !== undefined && of(FINAL) !== undefined) throw violation(member, slot, 'signed SKIP and FINAL');
    // Its NOTAR need not have left: a crash may come between. That it was given is for `Released` to see.
    const [notar, final] = [of(NOTAR), of(FINAL)];
    if (notar !== undefined && final !== undefined && notar !== final) {
      throw violation(member, slot, 'signed NOTAR and FINAL for two blocks');
    }
  }

  /** A member has let out a proposal. @throws {InvariantViolation} */
  proposal(member: number, proposal: Proposal): void {
    const law = this.#lawOf(proposal.epoch);
    if (!law.isHonest(member)) return;
    const { epoch, slot, parentSlot, signature, block } = proposal;
    const { validatorsRoot, genesisHash, verify } = law;
    const hash = headerHash(block.header);
    const message = proposalSigningBytes({ epoch, validatorsRoot, slot, hash, parentSlot }, genesisHash);
    if (member !== law.leader(slot)) throw violation(member, slot, 'proposed, and it is not its turn');
    if (!verify({ publicKey: law.validator(member).publicKey, message, signature })) {
      throw violation(member, slot, 'sent a proposal that it did not sign');
    }
    this.#sign(member, 'PROPOSE', proposal, `${toHex(hash)} on slot ${parentSlot}`);
  }

  #sign(member: number, what: string, place: Place, content: string): void {
    const key = keyOf(member, what, place);
    const before = this.#signed.get(key);
    if (before !== undefined && before !== content) throw violation(member, place.slot, `signed two different ${what}`);
    this.#signed.set(key, content);
  }
}

interface Place {
  readonly epoch: number;
  readonly slot: number;
}

function keyOf(member: number, what: string, { epoch, slot }: Place): string {
  return `${member}/${what}/${epoch}/${slot}`;
}

function nameOf(kind: number): string {
  return VOTE_KINDS[kind] ?? `vote of kind ${kind}`;
}

function violation(member: number, slot: number, what: string): InvariantViolation {
  return new InvariantViolation('double signature', `member ${member} ${what} in slot ${slot}`, slot);
}
