// What is sent again while the chain stands still: the last Final, the certificates above it from the lowest slot,
// then this node's own proposals and votes. A round has a bounded number of bytes and continues where the last one
// stopped, so that a long standstill costs a steady trickle.

import { Proposal } from '../primitives/block.ts';
import { Certificate, Vote } from '../primitives/consensus.ts';
import type { Slot } from './slot.ts';
import type { Message } from './types.ts';

/** One round at most, unless its first message alone is larger: 256 kB every T is a trickle on any link. */
export const MAX_ROUND_BYTES = 256 * 1024;

export class ResendRound {
  #position = 0;

  /**
   * The next messages to send.
   * @param open slots above the last Final, ascending
   */
  next(lastFinal: Certificate | undefined, open: readonly Slot[], self: number): Message[] {
    const all = messages(lastFinal, open, self);
    const round: Message[] = [];
    let bytes = 0;
    for (let count = 0; count < all.length; count++) {
      const message = all[(this.#position + count) % all.length] as Message;
      bytes += size(message);
      if (bytes > MAX_ROUND_BYTES && round.length > 0) break;
      round.push(message);
    }
    this.#position = all.length === 0 ? 0 : (this.#position + round.length) % all.length;
    return round;
  }
}

function messages(lastFinal: Certificate | undefined, open: readonly Slot[], self: number): Message[] {
  const certificates = [...(lastFinal === undefined ? [] : [lastFinal]), ...open.flatMap((slot) => slot.certificates)];
  return [
    ...certificates.map((certificate): Message => ({ kind: 'certificate', certificate })),
    ...open.flatMap((slot) => [...ownProposal(slot), ...slot.votesOf(self).map(asMessage)]),
  ];
}

/** A settled slot's block is fetched by hash by whoever lacks it; an open one needs its proposal. */
function ownProposal(slot: Slot): Message[] {
  if (slot.cleared || slot.ownProposal === undefined) return [];
  return slot.proposals.map(({ proposal }) => ({ kind: 'proposal', proposal }));
}

function asMessage(vote: Vote): Message {
  return { kind: 'vote', vote };
}

function size(message: Message): number {
  if (message.kind === 'vote') return Vote.value_serializedSize(message.vote);
  if (message.kind === 'certificate') return Certificate.value_serializedSize(message.certificate);
  return Proposal.value_serializedSize(message.proposal);
}
