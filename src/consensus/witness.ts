// Contradictions: whoever signs two messages that no honest member signs both is told of; two Finals that do not build on
// each other stop everything. Beside that nothing depends on what is found out here.

import type { Certificate, Vote } from '../primitives/consensus.ts';
import type { MessagePair } from '../primitives/evidence.ts';
import { votesOf } from './certificate.ts';
import type { Slot } from './slot.ts';
import type { Slots } from './slots.ts';
import type { Emit, InstanceConfig } from './types.ts';

export interface WitnessOptions {
  readonly config: Pick<InstanceConfig, 'epoch' | 'members'>;
  readonly slots: Slots;
  readonly emit: Emit;
}

export class Witness {
  readonly #o: WitnessOptions;

  constructor(options: WitnessOptions) {
    this.#o = options;
  }

  /** Keeps a vote in its slot. @returns whether it is new */
  keepVote(slot: Slot, vote: Vote): boolean {
    const { fresh, contradiction } = slot.addVote(vote, this.#o.config.members.weight(vote.member));
    this.accuse(vote.member, slot.number, contradiction);
    return fresh;
  }

  /** Keeps votes in their slot, if anything of it is kept any more. */
  keepVotes(slot: Slot | undefined, votes: readonly Vote[]): void {
    if (slot !== undefined) for (const vote of votes) this.keepVote(slot, vote);
  }

  /** @param messages of the member in this slot, if there are two that contradict each other */
  accuse(member: number, slot: number, messages: MessagePair | undefined): void {
    if (messages === undefined) return;
    const { members, epoch } = this.#o.config;
    const { publicKey } = members.at(member);
    this.#o.emit({ type: 'evidence', evidence: { epoch, validatorsRoot: members.root, publicKey, slot, messages } });
  }

  /**
   * Stops on Finals that do not build on each other, which is impossible while less than a third of the weight
   * misbehaves. First it is told who signed both, where that is seen from the two.
   */
  haltOnFinals(finals: readonly (Certificate | undefined)[]): void {
    const { config, slots, emit } = this.#o;
    const certificates = finals.filter((final) => final !== undefined);
    for (const final of certificates.filter(({ epoch }) => epoch === config.epoch)) {
      const { slot } = final;
      this.keepVotes(slots.remembered(slot) ?? slots.at(slot), votesOf(final));
    }
    emit({ type: 'halt', reason: 'two conflicting Finals', certificates });
  }
}
