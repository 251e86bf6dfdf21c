// What this member votes for, and when: NOTAR for a justified proposal whose block is valid, SKIP when the leader's time
// is up, FINAL for what it voted for and a quorum notarized. A vote is noted in its slot and made durable before the
// signer is asked for it. A node without a seat votes for nothing, but has proposed blocks executed.

import { headerHash } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { FINAL, NOTAR, SKIP, type VoteData, type VoteKind } from '../primitives/consensus.ts';
import { type Hash, ZERO_HASH } from '../primitives/hash.ts';
import type { BlockTree } from './block-tree.ts';
import type { Execution } from './execution.ts';
import type { Justification } from './justification.ts';
import type { Silence } from './silence.ts';
import type { ProposalEntry, Slot } from './slot.ts';
import type { Slots } from './slots.ts';
import { slotTimeout } from './timing.ts';
import type { Emit, InstanceConfig, Timer } from './types.ts';

/** A proposal's timestamp may be this far ahead of this node's clock (ms). */
export const MAX_CLOCK_AHEAD = 1000;

export interface VoterOptions {
  readonly config: Pick<InstanceConfig, 'epoch' | 'members' | 'self' | 'parameters'>;
  readonly slots: Slots;
  readonly blocks: BlockTree;
  readonly silence: Silence;
  readonly execution: Execution;
  readonly justification: Justification;
  readonly emit: Emit;
}

/** Times are ms since 1970. */
export class Voter {
  readonly #o: VoterOptions;

  constructor(options: VoterOptions) {
    this.#o = options;
  }

  /** A slot has become the front, as each does at most once: so much time has its leader. */
  entered({ number }: Slot, leader: number): void {
    const { config, slots, silence } = this.#o;
    if (config.self === undefined) return;
    const { slot: lastFinalSlot } = slots.lastFinal;
    const isPassedOver = leader !== config.self && silence.passOver(number, leader, lastFinalSlot);
    const delay = isPassedOver ? 0 : slotTimeout(number, lastFinalSlot, config.parameters);
    this.#setTimer({ kind: 'slot', slot: number }, delay);
  }

  /** What is to be signed in an open slot by what is held now. */
  consider(slot: Slot, now: number): void {
    for (const entry of slot.proposals) this.#considerNotar(slot, entry, now);
    this.#considerFinal(slot);
  }

  /** The leader's time is up. */
  onSlotTimer(number: number): void {
    const { slots, emit } = this.#o;
    const slot = slots.get(number);
    if (number <= slots.lastFinal.slot || slot === undefined || slot.cleared) return;
    if (slot.ownVotes.has(FINAL) || slot.ownVotes.has(SKIP)) return;
    emit({ type: 'event', event: { type: 'timedOut', slot: number } });
    this.#cast(slot, SKIP, ZERO_HASH);
  }

  /** A proposal may be within reach of the clock now. */
  onClockTimer(slot: number): void {
    this.#o.slots.at(slot).clockTimerSet = false;
  }

  /** Asks for the own votes that were decided and not signed yet. */
  sign(slot: Slot): void {
    const { self } = this.#o.config;
    if (self === undefined) return;
    const signed = slot.votesOf(self);
    for (const data of slot.ownVotes.values()) {
      if (!signed.some(({ kind }) => kind === data.kind)) this.#sign(data);
    }
  }

  #considerNotar(slot: Slot, entry: ProposalEntry, now: number): void {
    const { config, blocks, execution, justification, emit } = this.#o;
    if (slot.ownVotes.has(NOTAR)) return;
    if (!justification.holds(entry) || !this.#isInTime(slot, entry, now)) return;
    const block = blocks.entry(entry.hashHex);
    if (block === undefined) return;
    if (execution.execute(block) !== 'valid' || config.self === undefined) return;
    const { ownProposal } = slot;
    const isKept = ownProposal !== undefined && equalBytes(headerHash(ownProposal.block.header), entry.hash);
    if (!isKept) emit({ type: 'persist', record: { selector: 0, value: entry.proposal } });
    this.#cast(slot, NOTAR, entry.hash);
  }

  #isInTime(slot: Slot, { proposal }: ProposalEntry, now: number): boolean {
    const wait = proposal.block.header.timestamp - MAX_CLOCK_AHEAD - now;
    if (wait <= 0) return true;
    const { timerCap } = this.#o.config.parameters;
    if (!slot.clockTimerSet) this.#setTimer({ kind: 'clock', slot: slot.number }, Math.min(wait, timerCap));
    slot.clockTimerSet = true;
    return false;
  }

  #considerFinal(slot: Slot): void {
    const notar = slot.ownVotes.get(NOTAR);
    if (notar === undefined || slot.ownVotes.has(SKIP) || slot.ownVotes.has(FINAL)) return;
    if (slot.notars.has(toHex(notar.hash))) this.#cast(slot, FINAL, notar.hash);
  }

  #cast(slot: Slot, kind: VoteKind, hash: Hash): void {
    const { epoch, members } = this.#o.config;
    const data = { epoch, validatorsRoot: members.root, kind, slot: slot.number, hash };
    slot.ownVotes.set(kind, data);
    this.#o.emit({ type: 'persist', record: { selector: 2, value: data } });
    this.#sign(data);
  }

  #sign(data: VoteData): void {
    const { self } = this.#o.config;
    if (self !== undefined) this.#o.emit({ type: 'signVote', data, member: self });
  }

  #setTimer(timer: Timer, delay: number): void {
    this.#o.emit({ type: 'setTimer', timer, delay, spread: 0 });
  }
}
