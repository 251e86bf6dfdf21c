// Nobody can accuse an honest member: evidence is two signatures, and it never gives both.

import type { Evidence } from '../../../src/primitives/evidence.ts';
import type { LawOf } from './law.ts';
import { InvariantViolation } from './violation.ts';

export class EvidenceRule {
  readonly #lawOf: LawOf;

  constructor(lawOf: LawOf) {
    this.#lawOf = lawOf;
  }

  /** Some node holds evidence against the holder of a key. @throws {InvariantViolation} */
  check({ epoch, publicKey, slot }: Pick<Evidence, 'epoch' | 'publicKey' | 'slot'>): void {
    const law = this.#lawOf(epoch);
    const member = law.memberOf(publicKey);
    if (member !== undefined && !law.isHonest(member)) return;
    const who = member === undefined ? 'somebody who is no member' : `member ${member}, who is honest`;
    throw new InvariantViolation('evidence', `there is evidence against ${who}`, slot);
  }
}
