// What justifies a proposal: its parent is notarized in the parent slot, and every slot between is skipped. What is
// missing is asked for and never condemns the proposal; certificates are attached to one for speed, as many as fit.

import { MAX_PROPOSAL_CERTIFICATES } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { Certificate } from '../primitives/consensus.ts';
import type { LeaderSchedule } from '../primitives/schedule.ts';
import type { BlockTree } from './block-tree.ts';
import { isBoundary } from './boundary.ts';
import type { Execution } from './execution.ts';
import type { ProposalEntry } from './slot.ts';
import type { Slots } from './slots.ts';
import type { Emit, InstanceConfig } from './types.ts';

/** A proposal attaches at most this many bytes of certificates (docs/protocol.md §7). */
export const MAX_ATTACHED_BYTES = 512 * 1024;

export interface JustificationOptions {
  readonly config: Pick<InstanceConfig, 'epoch' | 'epochEnd' | 'members'>;
  readonly schedule: LeaderSchedule;
  readonly slots: Slots;
  readonly blocks: BlockTree;
  readonly execution: Execution;
  readonly emit: Emit;
}

export class Justification {
  readonly #o: JustificationOptions;
  /** front for which missing certificates were last asked, and the lowest slot asked for */
  #asked = { front: 0, from: 0 };

  constructor(options: JustificationOptions) {
    this.#o = options;
  }

  /** The parent is notarized in the parent slot, every slot between is skipped, and the block is the one to expect. */
  holds({ proposal, hash }: ProposalEntry): boolean {
    const { config, schedule, slots, blocks, execution } = this.#o;
    const { slot, parentSlot, block } = proposal;
    if (parentSlot >= slot || parentSlot < slots.lastFinal.slot) return false;
    const again = slots.notarizedIn(parentSlot, hash);
    const parentHash = again ? hash : block.header.parent;
    if (!again && !slots.notarizedIn(parentSlot, parentHash)) return this.#lacks(parentSlot, slot);
    const notSkipped = slots.notSkipped(parentSlot, slot);
    if (notSkipped !== undefined) return this.#lacks(notSkipped, slot);
    const parent = blocks.header(toHex(parentHash));
    if (parent === undefined) {
      execution.fetch(parentHash);
      return false;
    }
    if (again || isBoundary(parent, config)) return again && isBoundary(parent, config);
    return equalBytes(block.header.proposer, config.members.at(schedule.leader(slot)).address);
  }

  /** What no peer had may be there by now. */
  askAgain(): void {
    this.#asked = { front: 0, from: 0 };
  }

  /**
   * Asks for the certificates from the first that is missing up to a slot that builds on them: once per front, and again
   * when a proposal lacks a lower one.
   */
  #lacks(missing: number, slot: number): false {
    const { front } = this.#o.slots;
    const from = Math.min(missing, front);
    if (front <= slot && (this.#asked.front !== front || from < this.#asked.from)) {
      this.#asked = { front, from };
      this.#o.emit({ type: 'fetchCertificates', from, to: slot - 1 });
    }
    return false;
  }
}

/** The first certificates that fit. */
export function attachable(certificates: readonly Certificate[]): Certificate[] {
  const attached: Certificate[] = [];
  let bytes = 0;
  for (const certificate of certificates.slice(0, MAX_PROPOSAL_CERTIFICATES)) {
    bytes += Certificate.value_serializedSize(certificate);
    if (bytes > MAX_ATTACHED_BYTES) break;
    attached.push(certificate);
  }
  return attached;
}
