// Takes in proposals, those of other leaders and this node's own, with their blocks. One that comes when its slot is
// decided only tells of its leader.

import { headerHash, type Proposal } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { LeaderSchedule } from '../primitives/schedule.ts';
import type { Admission } from './admission.ts';
import type { BlockTree } from './block-tree.ts';
import type { Silence } from './silence.ts';
import type { Slots } from './slots.ts';
import type { Emit } from './types.ts';
import type { Witness } from './witness.ts';

export interface ProposalsOptions {
  readonly schedule: LeaderSchedule;
  readonly slots: Slots;
  readonly blocks: BlockTree;
  readonly silence: Silence;
  readonly admission: Admission;
  readonly witness: Witness;
  readonly emit: Emit;
}

export class Proposals {
  readonly #o: ProposalsOptions;

  constructor(options: ProposalsOptions) {
    this.#o = options;
  }

  /** @param proposal whose signature holds */
  onProposal(proposal: Proposal, hash: Hash): void {
    const { schedule, silence, admission } = this.#o;
    if (admission.exposesLeader(proposal, hash)) return this.#keepLate(proposal, hash);
    if (!admission.isInWindow(proposal.slot)) return;
    silence.signed(schedule.leader(proposal.slot));
    this.keep(proposal, hash);
  }

  /** The own proposal is signed: it goes out. */
  onSigned(proposal: Proposal): void {
    if (!this.#o.admission.isInWindow(proposal.slot)) return;
    this.#o.emit({ type: 'broadcast', message: { kind: 'proposal', proposal }, again: false });
    this.keep(proposal, headerHash(proposal.block.header));
  }

  /** Takes in a proposal of a slot that is open. */
  keep(proposal: Proposal, hash: Hash): void {
    const { schedule, slots, blocks, witness, emit } = this.#o;
    const { slot, block } = proposal;
    const { fresh, contradiction } = slots.at(slot).addProposal({ proposal, hash, hashHex: toHex(hash) });
    if (fresh) {
      blocks.add(hash, block, 'held');
      emit({ type: 'event', event: { type: 'proposed', slot, hash, height: block.header.height } });
    }
    witness.accuse(schedule.leader(slot), slot, contradiction);
  }

  /** Nothing is left to decide in the proposal's slot. */
  #keepLate(proposal: Proposal, hash: Hash): void {
    const { schedule, slots, witness } = this.#o;
    const { slot } = proposal;
    const added = slots.remembered(slot)?.addProposal({ proposal, hash, hashHex: toHex(hash) });
    witness.accuse(schedule.leader(slot), slot, added?.contradiction);
  }
}
