// Which messages still count, and which are worth a signature check: asked by the door before it spends one, and again
// when the message is taken in. Everything an honest member may need is admitted, everything else is bounded or refused.

import type { Block, Proposal } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import { type Certificate, FINAL, type Vote } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { BlockTree } from './block-tree.ts';
import type { Silence } from './silence.ts';
import type { Slots } from './slots.ts';
import type { InstanceConfig } from './types.ts';

export interface AdmissionOptions {
  readonly config: Pick<InstanceConfig, 'epoch' | 'members'>;
  readonly slots: Slots;
  readonly blocks: BlockTree;
  readonly silence: Silence;
}

/** Where a proposal stands. */
type Place = Pick<Proposal, 'epoch' | 'slot' | 'parentSlot'>;

export class Admission {
  readonly #o: AdmissionOptions;
  readonly #epoch: number;

  constructor(options: AdmissionOptions) {
    this.#o = options;
    this.#epoch = options.config.epoch;
  }

  /** Whether votes and proposals of a slot are taken in now. */
  isInWindow(slot: number): boolean {
    return this.#o.slots.isInWindow(slot);
  }

  /**
   * Whether a vote is worth checking: of a member, inside the window, and not yet known. Of the votes that come too
   * late to count only those are that a block may still record, or that tell that their member lives or contradicts
   * itself.
   */
  wantsVote(vote: Vote): boolean {
    const { config, slots, silence } = this.#o;
    if (vote.epoch !== this.#epoch || vote.member >= config.members.size || vote.kind > FINAL) return false;
    const { lastFinal } = slots;
    if (vote.slot <= lastFinal.slot) {
      if (vote.slot > lastFinal.slot - silence.horizon && silence.isNews(vote.member)) return true;
      const past = slots.remembered(vote.slot);
      return past !== undefined && (past.contradictsVote(vote) || past.lacksNotar(vote, config.members.quorum));
    }
    return this.isInWindow(vote.slot) && !slots.get(vote.slot)?.knowsVote(vote);
  }

  /** Whether this very vote, signature included, is held and still open. */
  holdsVote(vote: Vote): boolean {
    const { slots } = this.#o;
    if (vote.epoch !== this.#epoch || vote.slot <= slots.lastFinal.slot) return false;
    return slots.get(vote.slot)?.holdsVote(vote) ?? false;
  }

  /** Whether this very vote, signature included, was checked before, be its slot open or past. */
  remembersVote(vote: Vote): boolean {
    if (vote.epoch !== this.#epoch) return false;
    return this.#o.slots.remembered(vote.slot)?.holdsVote(vote) ?? false;
  }

  /** Whether a certificate is worth checking: it settles something, or shows that a member contradicts itself. */
  wantsCertificate(certificate: Certificate): boolean {
    return this.settles(certificate) || this.exposesMember(certificate);
  }

  /** Whether a certificate settles something that is open here. */
  settles({ epoch, kind, slot, hash }: Certificate): boolean {
    const { slots } = this.#o;
    if (epoch !== this.#epoch) return false;
    if (slot <= slots.lastFinal.slot) return kind === FINAL && slots.conflictingFinal(slot, hash) !== undefined;
    if (kind !== FINAL && !this.isInWindow(slot)) return false;
    return slots.get(slot)?.certificate(kind, toHex(hash)) === undefined;
  }

  /** Whether a certificate shows that a member contradicts itself. */
  exposesMember(certificate: Certificate): boolean {
    if (certificate.epoch !== this.#epoch) return false;
    return this.#o.slots.remembered(certificate.slot)?.contradictsCertificate(certificate) ?? false;
  }

  /** Whether a proposal is worth checking: not one of two already held, and no higher than its slot allows. */
  wantsProposal({ epoch, slot, parentSlot, block }: Place & { block: Pick<Block, 'header'> }, hash: Hash): boolean {
    const { slots, blocks } = this.#o;
    if (epoch !== this.#epoch || slot <= slots.lastFinal.slot) return false;
    // Every block takes a slot. A higher one can't be valid, and would stay in the tree long after its slot.
    if (block.header.height - blocks.committedHeight > slot - slots.committed.slot) return false;
    return !(slots.get(slot)?.knowsProposal({ hash, parentSlot }) ?? false);
  }

  /** Whether a proposal that comes too late for a vote shows that its leader has contradicted itself. */
  exposesLeader({ epoch, slot, parentSlot }: Place, hash: Hash): boolean {
    const { slots } = this.#o;
    if (epoch !== this.#epoch || slot > slots.lastFinal.slot) return false;
    return slots.remembered(slot)?.contradictsProposal({ hash, parentSlot }) ?? false;
  }
}
