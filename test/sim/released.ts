// What an honest node lets out rests on its disk: after any crash it must know what it has told others, until the
// database settles it.

import type { Message } from '../../src/consensus/types.ts';
import { isAbove, type Place } from '../../src/crypto/signer/entry.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { InvariantViolation } from './invariants/violation.ts';
import { blockLabel, certificateLabel, proposalLabel, voteLabel } from './journal.ts';
import type { SimNode } from './node.ts';

export class Released {
  readonly #node: SimNode;
  /** what its messages rest on → where they belong; above the database's last Final */
  readonly #open = new Map<string, Place>();

  constructor(node: SimNode) {
    this.#node = node;
  }

  /** A message goes out. @throws {InvariantViolation} */
  check(message: Message): void {
    const { member, world, isCareful, database, journal, id } = this.#node;
    const { signatures, certificates } = world.invariants;
    const place = placeOf(message);
    const { epoch, slot } = place;
    const seat = world.electorates.at(epoch).seatOf(member);
    if (message.kind === 'certificate') certificates.check(message.certificate);
    else if (seat === undefined) throw violation(`node ${id} has no seat in epoch ${epoch}, and signed there`, slot);
    else if (message.kind === 'vote') signatures.vote(seat, message.vote);
    else signatures.proposal(seat, message.proposal);
    // What the database settles the journal may have dropped.
    if (!isCareful || database.settles(place)) return;
    for (const label of restsOn(message)) {
      if (!journal.holds(label)) throw violation(`node ${id} sent what is not durable: ${label}`, slot);
      this.#open.set(label, place);
    }
  }

  /** The journal has been replaced by a smaller one. @throws {InvariantViolation} */
  checkJournal(): void {
    const { id, isCareful, database, journal, floor } = this.#node;
    for (const [label, place] of this.#open) {
      const { slot } = place;
      const isLost = isCareful && !journal.holds(label);
      if (database.settles(place)) this.#open.delete(label);
      else if (isLost) throw violation(`the new journal of node ${id} has lost what was sent: ${label}`, slot);
      if (isLost && isAbove(place, floor)) {
        throw violation(`the journal of node ${id} forgets before its signer: ${label}`, slot);
      }
    }
  }
}

function violation(what: string, slot: number): InvariantViolation {
  return new InvariantViolation('durability', what, slot);
}

function placeOf(message: Message): Place {
  if (message.kind === 'certificate') return message.certificate;
  return message.kind === 'vote' ? message.vote : message.proposal;
}

function restsOn(message: Message): string[] {
  if (message.kind === 'proposal') {
    return [proposalLabel({ ...message.proposal, hash: headerHash(message.proposal.block.header) })];
  }
  if (message.kind === 'certificate') return [certificateLabel(message.certificate)];
  const { kind, hash } = message.vote;
  const label = voteLabel(message.vote);
  if (kind === NOTAR) return [label, blockLabel(hash)];
  return kind === FINAL ? [label, voteLabel({ ...message.vote, kind: NOTAR })] : [label];
}
