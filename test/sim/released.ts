// What an honest node lets out rests on its disk: after any crash it must know what it has told others, until the
// database settles it.

import type { Message } from '../../src/consensus/types.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { InvariantViolation } from './invariants/violation.ts';
import { blockLabel, certificateLabel, proposalLabel, voteLabel } from './journal.ts';
import type { SimNode } from './node.ts';

export class Released {
  readonly #node: SimNode;
  /** what its messages rest on → their slot; of slots above the database's last Final */
  readonly #open = new Map<string, number>();

  constructor(node: SimNode) {
    this.#node = node;
  }

  /** A message goes out. @throws {InvariantViolation} */
  check(message: Message): void {
    const { member, world, isCareful, database, journal, id } = this.#node;
    const { signatures, certificates } = world.invariants;
    if (message.kind === 'certificate') certificates.check(message.certificate);
    else if (message.kind === 'vote') signatures.vote(member, message.vote);
    else signatures.proposal(member, message.proposal);
    const { slot } = slotOf(message);
    // What the database settles the journal may have dropped.
    if (!isCareful || slot <= database.anchor.slot) return;
    for (const label of restsOn(message)) {
      if (!journal.holds(label)) throw violation(`node ${id} sent what is not durable: ${label}`, slot);
      this.#open.set(label, slot);
    }
  }

  /** The journal has been replaced by a smaller one. @throws {InvariantViolation} */
  checkJournal(): void {
    const { id, isCareful, database, journal } = this.#node;
    const settled = database.anchor.slot;
    for (const [label, slot] of this.#open) {
      if (slot <= settled) this.#open.delete(label);
      else if (isCareful && !journal.holds(label)) {
        throw violation(`the new journal of node ${id} has lost what was sent: ${label}`, slot);
      }
    }
  }
}

function violation(what: string, slot: number): InvariantViolation {
  return new InvariantViolation('durability', what, slot);
}

function slotOf(message: Message): { readonly slot: number } {
  if (message.kind === 'certificate') return message.certificate;
  return message.kind === 'vote' ? message.vote : message.proposal;
}

function restsOn(message: Message): string[] {
  if (message.kind === 'proposal') {
    return [proposalLabel(message.proposal.slot, headerHash(message.proposal.block.header))];
  }
  if (message.kind === 'certificate') {
    const { kind, slot, hash } = message.certificate;
    return [certificateLabel(kind, slot, hash)];
  }
  const { kind, slot, hash } = message.vote;
  if (kind === NOTAR) return [voteLabel(kind, slot, hash), blockLabel(hash)];
  return kind === FINAL ? [voteLabel(kind, slot, hash), voteLabel(NOTAR, slot, hash)] : [voteLabel(kind, slot, hash)];
}
