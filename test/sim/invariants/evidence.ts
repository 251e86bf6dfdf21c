// Nobody can accuse an honest member: evidence is two signatures, and it never gives both.

import type { Law } from './law.ts';
import { InvariantViolation } from './violation.ts';

export class EvidenceRule {
  readonly #law: Law;

  constructor(law: Law) {
    this.#law = law;
  }

  /** Some node holds evidence against the holder of a key. @throws {InvariantViolation} */
  check(publicKey: Uint8Array, slot: number): void {
    const member = this.#law.memberOf(publicKey);
    if (member !== undefined && !this.#law.isHonest(member)) return;
    const who = member === undefined ? 'somebody who is no member' : `member ${member}, who is honest`;
    throw new InvariantViolation('evidence', `there is evidence against ${who}`, slot);
  }
}
