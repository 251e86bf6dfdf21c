// Finalized blocks are the same everywhere, each on its finalized parent, valid, and by the leader of its slot: judged
// for every block that an honest node commits.

import type { Block, Header } from '../../../src/primitives/block.ts';
import { concatBytes, equalBytes, toHex } from '../../../src/primitives/bytes.ts';
import { type Certificate, FINAL, SKIP } from '../../../src/primitives/consensus.ts';
import { type Hash, sha256Pair } from '../../../src/primitives/hash.ts';
import type { CertificateRules } from './certificates.ts';
import type { Law } from './law.ts';
import { InvariantViolation, type Rule } from './violation.ts';

export interface CommittedBlock {
  readonly hash: Hash;
  readonly block: Block;
  /** its Final; undefined when a descendant's settles it */
  readonly final: Certificate | undefined;
}

export class ChainRules {
  readonly #law: Law;
  readonly #certificates: CertificateRules;
  /** height → hash */
  readonly #committed = new Map<number, string>();

  constructor(law: Law, certificates: CertificateRules) {
    this.#law = law;
    this.#certificates = certificates;
  }

  /** heights that some honest node has committed */
  get height(): number {
    return this.#committed.size;
  }

  /**
   * An honest node commits a block on top of the newest block of its database.
   * @throws {InvariantViolation}
   */
  committed(node: number, committed: CommittedBlock, top: CommittedBlock): void {
    const { hash, block, final } = committed;
    const { height, parent } = block.header;
    const fail = (rule: Rule, what: string) => {
      throw new InvariantViolation(rule, `node ${node} committed height ${height} ${what}`, final?.slot);
    };
    if (height !== top.block.header.height + 1) fail('ancestors', `on top of height ${top.block.header.height}`);
    if (!equalBytes(parent, top.hash)) fail('ancestors', 'on a block that is not its parent');
    const before = this.#committed.get(height);
    if (before !== undefined && before !== toHex(hash)) fail('agreement', 'with another block than others did');
    if (final !== undefined) this.#checkFinal(committed, final, fail);
    if (before !== undefined) return;
    this.#committed.set(height, toHex(hash));
    this.#checkBlock(block, top, fail);
  }

  #checkFinal({ hash, block }: CommittedBlock, final: Certificate, fail: (rule: Rule, what: string) => void): void {
    this.#certificates.check(final);
    if (final.kind !== FINAL || !equalBytes(final.hash, hash)) fail('certificates', 'with the Final of another block');
    if (!this.#isLeaders(block, final.slot)) fail('validity', `that is not by the leader of slot ${final.slot}`);
  }

  #checkBlock({ header, body }: Block, top: CommittedBlock, fail: (rule: Rule, what: string) => void): void {
    const { parentCertificate } = body.justification;
    const above = top.block.header;
    if (above.timestamp >= this.#law.epochEnd) fail('validity', 'on top of the last block of the epoch');
    if (header.timestamp <= above.timestamp) fail('validity', 'not later than its parent');
    if (!equalBytes(header.stateRoot, executed(above.stateRoot, header.transactionsRoot))) {
      fail('validity', 'with a state that is not what execution gives');
    }
    if (parentCertificate === null) return above.height === 0 ? undefined : fail('validity', 'without justification');
    this.#certificates.check(parentCertificate);
    if (parentCertificate.kind === SKIP || !equalBytes(parentCertificate.hash, top.hash)) {
      fail('validity', 'justified by a certificate that is not its parent’s');
    }
    if (!this.#isLeaders(top.block, parentCertificate.slot)) {
      fail('validity', `on a block that is not by the leader of slot ${parentCertificate.slot}`);
    }
    const before = top.block.body.justification.parentCertificate?.slot ?? 0;
    if (parentCertificate.slot <= before) fail('validity', 'of a slot not above its parent’s');
  }

  /** The last block of the epoch is proposed again by the leaders after its own. */
  #isLeaders({ header }: Block, slot: number): boolean {
    if (header.timestamp >= this.#law.epochEnd) {
      return Array.from({ length: slot }, (_, before) => before + 1).some((at) => this.#isBy(header, at));
    }
    return this.#isBy(header, slot);
  }

  #isBy(header: Header, slot: number): boolean {
    return equalBytes(header.proposer, this.#law.validator(this.#law.leader(slot)).address);
  }
}

/** What executing a block means in the simulator. */
function executed(stateRoot: Hash, transactionsRoot: Hash): Hash {
  return sha256Pair(concatBytes(stateRoot, transactionsRoot));
}
