// A certificate is good by its signatures alone, and no two of them contradict each other: judged for every certificate
// that an honest node lets out or commits.

import { toHex } from '../../../src/primitives/bytes.ts';
import {
  type Certificate,
  certificateMembers,
  FINAL,
  NOTAR,
  SKIP,
  VOTE_KINDS,
  voteSigningBytes,
} from '../../../src/primitives/consensus.ts';
import type { LawOf } from './law.ts';
import { InvariantViolation } from './violation.ts';

export class CertificateRules {
  readonly #lawOf: LawOf;
  /** `kind/epoch/slot` → hash */
  readonly #certified = new Map<string, string>();

  constructor(lawOf: LawOf) {
    this.#lawOf = lawOf;
  }

  /** @throws {InvariantViolation} */
  check(certificate: Certificate): void {
    const { epoch, kind, slot, hash } = certificate;
    const fault = this.#fault(certificate);
    if (fault !== undefined) {
      throw new InvariantViolation('certificates', `a ${VOTE_KINDS[kind]} certificate of slot ${slot} ${fault}`, slot);
    }
    const hashHex = toHex(hash);
    const keyOf = (other: number) => `${other}/${epoch}/${slot}`;
    const before = this.#certified.get(keyOf(kind));
    if (before !== undefined && before !== hashHex) throw conflict(`two ${VOTE_KINDS[kind]} certificates`, slot);
    this.#certified.set(keyOf(kind), hashHex);
    const of = (other: number) => this.#certified.get(keyOf(other));
    if (of(SKIP) !== undefined && of(FINAL) !== undefined) throw conflict('a Skip and a Final', slot);
    const notarized = of(NOTAR);
    const final = of(FINAL);
    if (final !== undefined && notarized !== undefined && final !== notarized) {
      throw conflict('a Notar and a Final of different blocks', slot);
    }
  }

  #fault({ epoch, kind, slot, hash, signatures, ...certificate }: Certificate): string | undefined {
    const law = this.#lawOf(epoch);
    const { validatorsRoot, genesisHash, verify, size } = law;
    const members = certificateMembers({ epoch, kind, slot, hash, signatures, ...certificate });
    if (members.some((member) => member >= size)) return 'names a member that there is not';
    if (members.length !== signatures.length) return 'has not one signature for each of its members';
    if (!law.isQuorum(members)) return 'has no quorum';
    const message = voteSigningBytes({ epoch, validatorsRoot, kind, slot, hash }, genesisHash);
    const forged = members.find((member, index) => {
      const { publicKey } = law.validator(member);
      return !verify({ publicKey, message, signature: signatures[index] as Uint8Array });
    });
    return forged === undefined ? undefined : `has a signature that is not of member ${forged}`;
  }
}

function conflict(what: string, slot: number): InvariantViolation {
  return new InvariantViolation('agreement', `slot ${slot} has ${what}`, slot);
}
