// Finalized blocks are the same everywhere, each on its finalized parent, valid, and by the leader of its slot: judged
// for every block that an honest node commits.

import type { Block, Header } from '../../../src/primitives/block.ts';
import { concatBytes, equalBytes, toHex } from '../../../src/primitives/bytes.ts';
import { type Certificate, FINAL, SKIP } from '../../../src/primitives/consensus.ts';
import { type Hash, sha256Pair } from '../../../src/primitives/hash.ts';
import type { CertificateRules } from './certificates.ts';
import { LateVoteRule } from './late-votes.ts';
import type { LawOf } from './law.ts';
import { InvariantViolation, type Rule } from './violation.ts';

export interface CommittedBlock {
  readonly hash: Hash;
  readonly block: Block;
  /** its Final; undefined when a descendant's settles it */
  readonly final: Certificate | undefined;
}

export class ChainRules {
  readonly #lawOf: LawOf;
  readonly #certificates: CertificateRules;
  /** height → hash */
  readonly #committed = new Map<number, string>();
  /** epoch → timestamp of the block before it, ms */
  readonly #starts = new Map<number, number>();
  readonly #lateVotes: LateVoteRule;

  constructor(lawOf: LawOf, certificates: CertificateRules) {
    this.#lawOf = lawOf;
    this.#certificates = certificates;
    this.#lateVotes = new LateVoteRule(lawOf);
  }

  /** in the chain */
  get lateVotes(): number {
    return this.#lateVotes.count;
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
    if (top.block.header.height === 0) this.#starts.set(top.block.header.epoch, top.block.header.timestamp);
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
    this.#lateVotes.check(block.header, block.body.justification);
    if (this.#isLast(block.header)) this.#starts.set(block.header.epoch + 1, block.header.timestamp);
  }

  #checkFinal({ hash, block }: CommittedBlock, final: Certificate, fail: (rule: Rule, what: string) => void): void {
    this.#certificates.check(final);
    if (final.kind !== FINAL || !equalBytes(final.hash, hash)) fail('certificates', 'with the Final of another block');
    if (!this.#isLeaders(block, final.slot)) fail('validity', `that is not by the leader of slot ${final.slot}`);
  }

  #checkBlock({ header, body }: Block, top: CommittedBlock, fail: (rule: Rule, what: string) => void): void {
    const { parentCertificate } = body.justification;
    const above = top.block.header;
    const isFirst = this.#isLast(above);
    if (isFirst && header.epoch !== above.epoch + 1) fail('validity', 'on top of the last block of its epoch');
    if (!isFirst && header.epoch !== above.epoch) fail('validity', 'of another epoch than its parent');
    const { validatorsRoot } = this.#lawOf(header.epoch);
    const next = this.#isLast(header) ? this.#lawOf(header.epoch + 1).validatorsRoot : validatorsRoot;
    if (!equalBytes(header.validatorsRoot, validatorsRoot)) fail('validity', 'of another validator set');
    if (!equalBytes(header.nextValidatorsRoot, next)) fail('validity', 'that names another set for the next block');
    if (header.timestamp <= above.timestamp) fail('validity', 'not later than its parent');
    if (!equalBytes(header.stateRoot, executed(above.stateRoot, header.transactionsRoot))) {
      fail('validity', 'with a state that is not what execution gives');
    }
    if (parentCertificate === null) return above.height === 0 ? undefined : fail('validity', 'without justification');
    this.#certificates.check(parentCertificate);
    const isParents = equalBytes(parentCertificate.hash, top.hash) && parentCertificate.epoch === above.epoch;
    if (parentCertificate.kind === SKIP || !isParents) {
      fail('validity', 'justified by a certificate that is not its parent’s');
    }
    if (isFirst && parentCertificate.kind !== FINAL)
      fail('validity', 'that begins an epoch before the last one is over');
    if (!this.#isLeaders(top.block, parentCertificate.slot)) {
      fail('validity', `on a block that is not by the leader of slot ${parentCertificate.slot}`);
    }
    const before = top.block.body.justification.parentCertificate;
    if (before?.epoch === above.epoch && parentCertificate.slot <= before.slot)
      fail('validity', 'of a slot not above its parent’s');
  }

  /** The last block of the epoch is proposed again by the leaders after its own. */
  #isLeaders({ header }: Block, slot: number): boolean {
    if (this.#isLast(header)) {
      return Array.from({ length: slot }, (_, before) => before + 1).some((at) => this.#isBy(header, at));
    }
    return this.#isBy(header, slot);
  }

  #isBy(header: Header, slot: number): boolean {
    const law = this.#lawOf(header.epoch);
    return equalBytes(header.proposer, law.validator(law.leader(slot)).address);
  }

  /** Of its epoch, which has begun with a committed block. */
  #isLast({ epoch, timestamp }: Header): boolean {
    const start = this.#starts.get(epoch) ?? Number.POSITIVE_INFINITY;
    return timestamp >= start + this.#lawOf(epoch).epochDuration;
  }
}

/** What executing a block means in the simulator. */
function executed(stateRoot: Hash, transactionsRoot: Hash): Hash {
  return sha256Pair(concatBytes(stateRoot, transactionsRoot));
}
