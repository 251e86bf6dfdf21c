/*
 * Simplex BFT for one epoch, as a pure state machine: step(input, now) → outputs. No clock, socket, disk or chance.
 *
 * Members have weights summing to W; a quorum is weight ≥ q = floor(2W/3) + 1. Slots count up from 1; slot 0 is the
 * block the epoch builds on. Each slot has one leader (primitives/schedule.ts). Per slot s:
 *
 *   cleared(s) = Notar(s) or Skip(s) or Final(s' ≥ s);  front = lowest slot that is not cleared.
 *   Enter s = front:      set timer(s) once: base · 1.5^(s − lastFinal − 1) up to a cap (voter.ts). The leader proposes
 *                         once, on the highest notarized slot below with a Skip for every slot between (proposer.ts).
 *   Proposal of s:        NOTAR(s, h) if none of mine stands in s, s > lastFinal, and it is justified: its parent is
 *                         notarized in the parent slot (a Final is a Notar), every slot between is skipped, its block
 *                         is valid, the leader's, and not more than a second ahead of my clock. Also for s < front,
 *                         also after my own SKIP(s) (voter.ts). What is missing parks a proposal and never condemns it
 *                         (justification.ts, execution.ts).
 *   timer(s):             SKIP(s) if s is not cleared and I sent no FINAL in s (voter.ts).
 *   q of one vote:        a certificate: kept, broadcast once. A slot may have both a Notar and a Skip (certifier.ts).
 *   Notar(s, h):          FINAL(s, h) if I voted NOTAR(s, h) and not SKIP(s) (voter.ts).
 *   Final(s, h):          h and its ancestors are final; lastFinal = s. Committed once h is executed (finalizer.ts).
 *   No new Final for T:   send again what others may have missed, a bounded number of bytes a round; ask again for what
 *                         is missing here, and the signer for what it did not sign at the front (resend.ts).
 *
 *   Timestamps            above the parent's; what is certified or synced is not held against the clock any more.
 *   Boundary              the first block at or after the epoch's end. On it nothing is built: leaders propose the very
 *                         same block again, in later slots, until it is final and the epoch is over.
 *   Silent leader         one that signed nothing in the last 2n slots in which a quorum signed: its timer is zero, for
 *                         at most n/3 slots out of n, and only within n slots of lastFinal (silence.ts).
 *   Window                votes and proposals count in lastFinal < s ≤ front + 64; a Final counts anywhere (admission.ts).
 *   Evidence              of the messages of one member, kind and slot the first two that differ are kept, two proposals
 *                         of one leader too (slot.ts). They are told, and change nothing here (witness.ts).
 *   Two Finals            that do not build on each other: stop, for good, and name both (witness.ts).
 *
 * What is held is in slots.ts and block-tree.ts. This file says where each input goes, and in which order the rules are
 * applied to what is held.
 *
 * Invariants, while members of less than a third of the weight misbehave:
 *   I1  One slot has at most one notarized hash: two quorums share an honest member, which votes NOTAR once a slot.
 *   I2  Final(s, h) excludes Skip(s): an honest member signs SKIP(s) or FINAL(s), never both.
 *   I3  By I1, I2 and the justification rule every block certified above s has h as its ancestor.
 *   I4  Nothing is sent before what it rests on is durable: `persist` comes before `sign…` in every list of outputs, and
 *       the driver uses a signature when all that was persisted before is written.
 *
 * Deviations from the Simplex paper (Chan and Pass, 2023): weights instead of counts; dummy blocks are Skip
 * certificates over a slot alone; a proposal names its parent slot and the missing certificates may be fetched
 * instead of travelling with every proposal; FINAL is sent only for a block that I notarized myself; votes for slots
 * below the front still count, so that a late quorum can finalize; timers grow with the distance from the last Final,
 * where the paper has one fixed to a known Δ, and are cut short for silent leaders; the block at an epoch's boundary is
 * proposed again until it is final; messages are sent again, where the paper's arrive.
 */

import { type Block, headerHash } from '../primitives/block.ts';
import { type Certificate, FINAL, NOTAR, SKIP } from '../primitives/consensus.ts';
import type { JournalRecord } from '../primitives/journal.ts';
import { LeaderSchedule } from '../primitives/schedule.ts';
import { Admission } from './admission.ts';
import { BlockTree } from './block-tree.ts';
import { Certifier } from './certifier.ts';
import { Execution } from './execution.ts';
import { Finalizer } from './finalizer.ts';
import { Justification } from './justification.ts';
import { Proposals } from './proposals.ts';
import { Proposer } from './proposer.ts';
import { Resender } from './resend.ts';
import { Silence } from './silence.ts';
import { Slots } from './slots.ts';
import type { Held, Input, InstanceConfig, Output, Round, Timer } from './types.ts';
import { Voter } from './voter.ts';
import { Witness } from './witness.ts';

export class Simplex {
  readonly schedule: LeaderSchedule;
  /** what the door asks before it spends a signature check */
  readonly admission: Admission;
  readonly #config: InstanceConfig;
  readonly #slots: Slots;
  readonly #blocks: BlockTree;
  readonly #silence: Silence;
  readonly #execution: Execution;
  readonly #proposals: Proposals;
  readonly #certifier: Certifier;
  readonly #finalizer: Finalizer;
  readonly #proposer: Proposer;
  readonly #voter: Voter;
  readonly #resender: Resender;
  /** the front that was entered last */
  #entered = 0;
  #now = 0;
  #stage: 'new' | 'running' | 'over' = 'new';
  #outputs: Output[] = [];

  constructor(config: InstanceConfig) {
    this.#config = config;
    this.schedule = new LeaderSchedule(config.members.list);
    this.#slots = new Slots(config.anchor);
    this.#blocks = new BlockTree(config.anchor.hash, config.anchor.header);
    this.#silence = new Silence(config.members);
    const emit = (output: Output) => this.#emit(output);
    this.#execution = new Execution(this.#blocks, emit);
    // Of this each part takes what it names.
    const shared = {
      config,
      schedule: this.schedule,
      slots: this.#slots,
      blocks: this.#blocks,
      silence: this.#silence,
      execution: this.#execution,
      emit,
    };
    const witness = new Witness(shared);
    const justification = new Justification(shared);
    this.admission = new Admission(shared);
    this.#proposals = new Proposals({ ...shared, admission: this.admission, witness });
    this.#certifier = new Certifier({ ...shared, admission: this.admission, witness });
    this.#finalizer = new Finalizer({ ...shared, witness });
    this.#proposer = new Proposer(shared);
    this.#voter = new Voter({ ...shared, justification });
    this.#resender = new Resender({ ...shared, justification, proposer: this.#proposer, voter: this.#voter });
  }

  /** Lowest slot that no certificate settles. */
  get front(): number {
    return this.#slots.front;
  }

  get lastFinalSlot(): number {
    return this.#slots.lastFinal.slot;
  }

  /** Slot of the newest Final whose block is in the database. */
  get committedSlot(): number {
    return this.#slots.committed.slot;
  }

  get epoch(): number {
    return this.#config.epoch;
  }

  /** Whether the epoch's last block is known to be final. */
  get isEnding(): boolean {
    return this.#finalizer.isEnding;
  }

  /** How the present round stands, for onlookers. */
  get round(): Round {
    const { front } = this.#slots;
    const slot = this.#slots.get(front);
    return {
      slot: front,
      leader: this.schedule.leader(front),
      voters: { notar: slot?.voters(NOTAR) ?? [], skip: slot?.voters(SKIP) ?? [], final: slot?.voters(FINAL) ?? [] },
      silent: this.#config.members.list.flatMap((_, member) => (this.#silence.isSilent(member) ? [member] : [])),
    };
  }

  /** Certificates held for the slots from … to, for a peer that asks; lowest first. */
  certificates(from: number, to: number): Certificate[] {
    return this.#slots.certificates(from, to);
  }

  /** A block held above the committed one, for a peer that asks. */
  block(hashHex: string): Block | undefined {
    return this.#blocks.entry(hashHex)?.block;
  }

  /** A certificate that settles `hash`, if one is held. */
  certificateFor(hashHex: string): Certificate | undefined {
    return this.#slots.certificateFor(hashHex);
  }

  get held(): Held {
    return { ...this.#slots.held, ...this.#blocks.held };
  }

  /** What a fresh journal must hold to take the place of the present one. */
  journal(): JournalRecord[] {
    return this.#slots.journal();
  }

  /**
   * Before 'start' nothing is taken in: what the journal holds has to come first.
   * @param now this node's clock, ms since 1970
   * @returns what to do, in order
   */
  step(input: Input, now: number): Output[] {
    if (input.type === 'start' ? this.#stage !== 'new' : this.#stage !== 'running') return [];
    this.#stage = 'running';
    this.#now = now;
    this.#outputs = [];
    this.#take(input);
    if (this.#stage === 'running') this.#evaluate();
    return this.#outputs;
  }

  #take(input: Input): void {
    switch (input.type) {
      case 'start':
        return this.#start();
      case 'proposal':
        return this.#proposals.onProposal(input.proposal, input.hash);
      case 'vote':
        return this.#certifier.onVote(input.vote);
      case 'certificate':
        return this.#certifier.onCertificate(input.certificate);
      case 'block':
        return this.#execution.onBlock(input.hash, input.block);
      case 'signedProposal':
        return this.#proposals.onSigned(input.proposal);
      case 'verdict':
        return this.#execution.onVerdict(input.hash, input.verdict, input.reason);
      case 'built':
        return this.#proposer.onBuilt(input.slot, input.block, this.#now);
      case 'transactions':
        return this.#proposer.transactionsWait();
      case 'timer':
        return this.#onTimer(input.timer);
      case 'committed':
        return this.#finalizer.onCommitted(input.hash);
      case 'synced':
        return this.#finalizer.onSynced(input.anchor);
    }
  }

  /** Applies every rule until nothing more follows; each can only add to what is held. */
  #evaluate(): void {
    this.#execution.newRound();
    this.#enterFront();
    for (const slot of this.#slots.open) {
      this.#voter.consider(slot, this.#now);
      for (const certificate of slot.notars.values()) this.#finalizer.execute(certificate);
    }
    this.#finalizer.consider();
    this.#proposer.consider(this.#now);
  }

  #enterFront(): void {
    this.#slots.advance();
    const { front } = this.#slots;
    if (front === this.#entered) return;
    this.#entered = front;
    this.#proposer.entered(this.#now);
    const leader = this.schedule.leader(front);
    this.#emit({ type: 'event', event: { type: 'entered', slot: front, leader } });
    this.#voter.entered(this.#slots.at(front), leader);
  }

  #onTimer(timer: Timer): void {
    if (timer.kind === 'slot') this.#voter.onSlotTimer(timer.slot);
    else if (timer.kind === 'resend') this.#resender.onTimer();
    else if (timer.kind === 'propose') this.#proposer.timerFired();
    else this.#voter.onClockTimer(timer.slot);
  }

  #start(): void {
    for (const record of this.#config.restored) this.#restore(record);
    for (const slot of this.#slots.open) {
      if (slot.ownProposal !== undefined) this.#proposer.sign(slot.ownProposal);
      this.#voter.sign(slot);
    }
    this.#resender.arm();
  }

  #restore(record: JournalRecord): void {
    const { epoch, slot: number } = record.value;
    if (epoch !== this.epoch || number <= this.#slots.committed.slot) return;
    const slot = this.#slots.at(number);
    if (record.selector === 0) this.#proposals.keep(record.value, headerHash(record.value.block.header));
    else if (record.selector === 1) {
      slot.ownProposal = record.value;
      this.#blocks.add(headerHash(record.value.block.header), record.value.block, 'held');
    } else if (record.selector === 2) slot.ownVotes.set(record.value.kind, record.value);
    else this.#certifier.keep(record.value);
  }

  /** After the end nothing follows. */
  #emit(output: Output): void {
    if (this.#stage === 'over') return;
    this.#outputs.push(output);
    if (output.type === 'halt' || output.type === 'epochEnded') this.#stage = 'over';
  }
}
