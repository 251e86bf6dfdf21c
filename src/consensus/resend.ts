// What is sent again while the chain stands still: the last Final, the certificates above it from the lowest slot, then
// this node's own proposals and votes. A round has a bounded number of bytes and continues where the last one stopped,
// so that a long standstill costs a steady trickle. What is missing here is asked for again at the same time.

import { Proposal } from '../primitives/block.ts';
import { Certificate, Vote } from '../primitives/consensus.ts';
import type { Execution } from './execution.ts';
import type { Justification } from './justification.ts';
import type { Proposer } from './proposer.ts';
import type { Slot } from './slot.ts';
import { ascending, type Slots } from './slots.ts';
import type { Emit, InstanceConfig, Message } from './types.ts';
import type { Voter } from './voter.ts';

/** One round at most, unless its first message alone is larger: 256 kB every T is a trickle on any link. */
export const MAX_ROUND_BYTES = 256 * 1024;

export interface ResenderOptions {
  readonly config: Pick<InstanceConfig, 'self' | 'parameters'>;
  readonly slots: Slots;
  readonly execution: Execution;
  readonly justification: Justification;
  readonly proposer: Proposer;
  readonly voter: Voter;
  readonly emit: Emit;
}

export class Resender {
  readonly #o: ResenderOptions;
  /** where the next round begins, among all that there is to send */
  #position = 0;
  #finalAtLastTimer = -1;

  constructor(options: ResenderOptions) {
    this.#o = options;
  }

  /** Sets the timer of the next round. */
  arm(): void {
    const { resendInterval } = this.#o.config.parameters;
    this.#o.emit({ type: 'setTimer', timer: { kind: 'resend' }, delay: resendInterval, spread: resendInterval / 2 });
  }

  onTimer(): void {
    const { slots, execution, justification } = this.#o;
    this.arm();
    // What this node lacks it asks for again, whether others go on meanwhile or not.
    execution.tryAgain();
    justification.askAgain();
    const stalled = this.#finalAtLastTimer === slots.lastFinal.slot;
    this.#finalAtLastTimer = slots.lastFinal.slot;
    if (stalled) this.#sendAgain();
  }

  #sendAgain(): void {
    const { config, slots, emit } = this.#o;
    const { slot, certificate } = slots.lastFinal;
    const again = (message: Message) => emit({ type: 'broadcast', message, again: true });
    if (config.self !== undefined) {
      this.#signFront();
      for (const message of this.#nextRound(messages(certificate, ascending(slots.open), config.self))) again(message);
    } else if (slot === 0 && certificate !== undefined) {
      // Nobody who ended the epoch before may be a member of this one: then it is for the others to tell its members.
      again({ kind: 'certificate', certificate });
    }
  }

  /** What the signer did not sign, being out of reach perhaps: without it nothing may move at the front. */
  #signFront(): void {
    const { slots, proposer, voter } = this.#o;
    const slot = slots.at(slots.front);
    if (slot.ownProposal !== undefined && slot.proposals.length === 0) proposer.sign(slot.ownProposal);
    voter.sign(slot);
  }

  #nextRound(all: readonly Message[]): Message[] {
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

/** @param open slots above the last Final, ascending */
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
