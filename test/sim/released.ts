// What an honest node lets out rests on its disk: after any crash it must know what it has told others.

import type { Message } from '../../src/consensus/types.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { NOTAR } from '../../src/primitives/consensus.ts';
import { InvariantViolation } from './invariants/violation.ts';
import { blockLabel, proposalLabel, voteLabel } from './journal.ts';
import type { SimNode } from './node.ts';

/** @throws {InvariantViolation} */
export function checkReleased(message: Message, node: SimNode): void {
  const { signatures, certificates } = node.world.invariants;
  if (message.kind === 'certificate') return certificates.check(message.certificate);
  if (message.kind === 'vote') signatures.vote(node.member, message.vote);
  else signatures.proposal(node.member, message.proposal);
  if (!node.isCareful) return;
  const { slot } = message.kind === 'vote' ? message.vote : message.proposal;
  if (slot <= node.database.anchor.slot) return; // the database settles it, and the journal may have dropped it
  for (const label of restsOn(message)) {
    if (!node.journal.holds(label)) {
      throw new InvariantViolation('durability', `node ${node.id} sent what is not durable: ${label}`, slot);
    }
  }
}

function restsOn(message: Exclude<Message, { kind: 'certificate' }>): string[] {
  if (message.kind === 'proposal') {
    return [proposalLabel(message.proposal.slot, headerHash(message.proposal.block.header))];
  }
  const { kind, slot, hash } = message.vote;
  return kind === NOTAR ? [voteLabel(kind, slot, hash), blockLabel(hash)] : [voteLabel(kind, slot, hash)];
}
