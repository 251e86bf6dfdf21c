/*
 * Simplex BFT for one epoch, as a pure state machine: step(input, now) → outputs. No clock, socket, disk or chance.
 *
 * Members have weights summing to W; a quorum is weight ≥ q = floor(2W/3) + 1. Slots count up from 1; slot 0 is the
 * block the epoch builds on. Each slot has one leader (primitives/schedule.ts). Per slot s:
 *
 *   cleared(s) = Notar(s) or Skip(s) or Final(s' ≥ s);  front = lowest slot that is not cleared.
 *   Enter s = front:      set timer(s) once: base · 1.5^(s − lastFinal − 1) up to a cap (timing.ts). The leader proposes
 *                         once, on the highest notarized slot below with a Skip for every slot between (proposer.ts).
 *   Proposal of s:        NOTAR(s, h) if none of mine stands in s, s > lastFinal, and it is justified: its parent is
 *                         notarized in the parent slot (a Final is a Notar), every slot between is skipped, its block
 *                         is valid, the leader's, and not more than a second ahead of my clock. Also for s < front,
 *                         also after my own SKIP(s). What is missing parks a proposal and never condemns it.
 *   timer(s):             SKIP(s) if s is not cleared and I sent no FINAL in s.
 *   q of one vote:        a certificate: kept, broadcast once. A slot may have both a Notar and a Skip.
 *   Notar(s, h):          FINAL(s, h) if I voted NOTAR(s, h) and not SKIP(s).
 *   Final(s, h):          h and its ancestors are final; lastFinal = s. Committed once h is executed.
 *   No new Final for T:   send again what others may have missed (resend.ts), a bounded number of bytes a round; ask
 *                         again for what is missing here, and the signer for what it did not sign at the front.
 *
 *   Timestamps            above the parent's; what is certified or synced is not held against the clock any more.
 *   Boundary              the first block at or after the epoch's end. On it nothing is built: leaders propose the very
 *                         same block again, in later slots, until it is final and the epoch is over.
 *   Silent leader         one that signed nothing in the last 2n slots in which a quorum signed: its timer is zero, for
 *                         at most n/3 slots out of n, and only within n slots of lastFinal (silence.ts).
 *   Window                votes and proposals count in lastFinal < s ≤ front + 64 (slots.ts); a Final counts anywhere.
 *   Evidence              of the messages of one member, kind and slot the first two that differ are kept, two proposals
 *                         of one leader too (slot.ts). They are told, and change nothing here.
 *   Two Finals            that do not build on each other: stop, for good, and name both.
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

import { type Block, type Header, headerHash, type Proposal } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import {
  type Certificate,
  FINAL,
  NOTAR,
  SKIP,
  type Vote,
  type VoteData,
  type VoteKind,
} from '../primitives/consensus.ts';
import type { MessagePair } from '../primitives/evidence.ts';
import { type Hash, ZERO_HASH } from '../primitives/hash.ts';
import type { JournalRecord } from '../primitives/journal.ts';
import { LeaderSchedule } from '../primitives/schedule.ts';
import { BlockTree } from './block-tree.ts';
import { assembleCertificate } from './certificate.ts';
import { Execution } from './execution.ts';
import { Proposer } from './proposer.ts';
import { ResendRound } from './resend.ts';
import { Silence } from './silence.ts';
import { type ProposalEntry, type Slot, votesOf } from './slot.ts';
import { ascending, Slots } from './slots.ts';
import { slotTimeout } from './timing.ts';
import type {
  Anchor,
  BlockVerdict,
  ConsensusEvent,
  Held,
  Input,
  InstanceConfig,
  Message,
  Output,
  Round,
  Timer,
} from './types.ts';

/** A proposal's timestamp may be this far ahead of this node's clock (ms). */
export const MAX_CLOCK_AHEAD = 1000;

/** Where a proposal stands. */
type Place = Pick<Proposal, 'epoch' | 'slot' | 'parentSlot'>;

export class Simplex {
  readonly schedule: LeaderSchedule;
  readonly #config: InstanceConfig;
  readonly #slots: Slots;
  readonly #blocks: BlockTree;
  readonly #execution: Execution;
  readonly #silence: Silence;
  readonly #proposer: Proposer;
  readonly #resend = new ResendRound();
  /** the Final that is being committed; one at a time, since each takes its ancestors along */
  #finalizing: Certificate | undefined;
  /** the front that was entered last */
  #entered = 0;
  #now = 0;
  /** front for which missing certificates were last asked, and the lowest slot asked for */
  #gapAsked = { front: 0, from: 0 };
  #finalAtLastResend = -1;
  #stage: 'new' | 'running' | 'over' = 'new';
  #outputs: Output[] = [];

  constructor(config: InstanceConfig) {
    this.#config = config;
    this.schedule = new LeaderSchedule(config.members.list);
    this.#silence = new Silence(config.members);
    this.#slots = new Slots(config.anchor);
    this.#blocks = new BlockTree(config.anchor.hash, config.anchor.header);
    const emit = (output: Output) => this.#emit(output);
    this.#execution = new Execution(this.#blocks, emit);
    const isBoundary = (header: Header) => this.#isBoundary(header);
    const { schedule } = this;
    this.#proposer = new Proposer({ config, schedule, slots: this.#slots, blocks: this.#blocks, isBoundary, emit });
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
    const header = this.#blocks.header(toHex(this.#slots.lastFinal.hash));
    return header !== undefined && this.#isBoundary(header);
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
        return this.#onProposal(input.proposal, input.hash);
      case 'vote':
        return this.#onVote(input.vote);
      case 'certificate':
        return this.#onCertificate(input.certificate);
      case 'block':
        return this.#onBlock(input.hash, input.block);
      case 'signedProposal':
        return this.#onSignedProposal(input.proposal);
      case 'verdict':
        return this.#onVerdict(input.hash, input.verdict, input.reason);
      case 'built':
        return this.#proposer.onBuilt(input.slot, input.block, this.#now);
      case 'transactions':
        return this.#proposer.transactionsWait();
      case 'timer':
        return this.#onTimer(input.timer);
      case 'committed':
        return this.#onCommitted(input.hash);
      case 'synced':
        return this.#onSynced(input.anchor);
    }
  }

  // --- what the door may ask before it spends a signature check ------------------------------------------------

  /**
   * Whether a vote is worth checking: of a member, inside the window, and not yet known. Of the votes that come too
   * late to count only those are that a block may still record, or that tell that their member lives or contradicts
   * itself.
   */
  wantsVote(vote: Vote): boolean {
    if (vote.epoch !== this.epoch || vote.member >= this.#config.members.size || vote.kind > FINAL) return false;
    const { lastFinal } = this.#slots;
    if (vote.slot <= lastFinal.slot) {
      if (vote.slot > lastFinal.slot - this.#silence.horizon && this.#silence.isNews(vote.member)) return true;
      const past = this.#slots.remembered(vote.slot);
      return past !== undefined && (past.contradictsVote(vote) || past.lacksNotar(vote, this.#config.members.quorum));
    }
    return this.isInWindow(vote.slot) && !this.#slots.get(vote.slot)?.knowsVote(vote);
  }

  /** Whether this very vote, signature included, is held and still open. */
  holdsVote(vote: Vote): boolean {
    if (vote.epoch !== this.epoch || vote.slot <= this.#slots.lastFinal.slot) return false;
    return this.#slots.get(vote.slot)?.holdsVote(vote) ?? false;
  }

  /** Whether this very vote, signature included, was checked before, be its slot open or past. */
  remembersVote(vote: Vote): boolean {
    if (vote.epoch !== this.epoch) return false;
    return this.#slots.remembered(vote.slot)?.holdsVote(vote) ?? false;
  }

  /** Whether a certificate is worth checking: it settles something, or shows that a member contradicts itself. */
  wantsCertificate(certificate: Certificate): boolean {
    return this.settles(certificate) || this.#exposes(certificate);
  }

  /** Whether a certificate settles something that is open here. */
  settles({ epoch, kind, slot, hash }: Certificate): boolean {
    if (epoch !== this.epoch) return false;
    if (slot <= this.#slots.lastFinal.slot)
      return kind === FINAL && this.#slots.conflictingFinal(slot, hash) !== undefined;
    if (kind !== FINAL && !this.isInWindow(slot)) return false;
    return this.#slots.get(slot)?.certificate(kind, toHex(hash)) === undefined;
  }

  /** Whether a proposal is worth checking: not one of two already held, and no higher than its slot allows. */
  wantsProposal({ epoch, slot, parentSlot, block }: Place & { block: Pick<Block, 'header'> }, hash: Hash): boolean {
    if (epoch !== this.epoch || slot <= this.#slots.lastFinal.slot) return false;
    // Every block takes a slot. A higher one can't be valid, and would stay in the tree long after its slot.
    if (block.header.height - this.#blocks.committedHeight > slot - this.#slots.committed.slot) return false;
    return !(this.#slots.get(slot)?.knowsProposal({ hash, parentSlot }) ?? false);
  }

  /** Whether a proposal that comes too late for a vote shows that its leader has contradicted itself. */
  exposesLeader({ epoch, slot, parentSlot }: Place, hash: Hash): boolean {
    if (epoch !== this.epoch || slot > this.#slots.lastFinal.slot) return false;
    return this.#slots.remembered(slot)?.contradictsProposal({ hash, parentSlot }) ?? false;
  }

  /** Whether votes and proposals of a slot are taken in now. */
  isInWindow(slot: number): boolean {
    return this.#slots.isInWindow(slot);
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

  // --- start and restart ---------------------------------------------------------------------------------------

  #start(): void {
    for (const record of this.#config.restored) this.#restore(record);
    for (const slot of this.#slots.open) {
      if (slot.ownProposal !== undefined) this.#proposer.sign(slot.ownProposal);
      this.#signVotes(slot);
    }
    this.#armResend();
  }

  #restore(record: JournalRecord): void {
    const { epoch, slot: number } = record.value;
    if (epoch !== this.epoch || number <= this.#slots.committed.slot) return;
    const slot = this.#slots.at(number);
    if (record.selector === 0) this.#keepProposal(slot, record.value, headerHash(record.value.block.header));
    else if (record.selector === 1) {
      slot.ownProposal = record.value;
      this.#blocks.add(headerHash(record.value.block.header), record.value.block, 'held');
    } else if (record.selector === 2) slot.ownVotes.set(record.value.kind, record.value);
    else this.#keepCertificate(record.value);
  }

  // --- messages ------------------------------------------------------------------------------------------------

  #onProposal(proposal: Proposal, hash: Hash): void {
    if (this.exposesLeader(proposal, hash)) return this.#keepLate(proposal, hash);
    if (!this.isInWindow(proposal.slot)) return;
    this.#silence.signed(this.schedule.leader(proposal.slot));
    this.#keepProposal(this.#slots.at(proposal.slot), proposal, hash);
  }

  #keepProposal(slot: Slot, proposal: Proposal, hash: Hash): void {
    const entry: ProposalEntry = { proposal, hash, hashHex: toHex(hash) };
    const { fresh, contradiction } = slot.addProposal(entry);
    if (fresh) {
      this.#blocks.add(hash, proposal.block, 'held');
      this.#event({ type: 'proposed', slot: slot.number, hash, height: proposal.block.header.height });
    }
    this.#accuse(this.schedule.leader(slot.number), slot.number, contradiction);
  }

  /** Nothing is left to decide in the proposal's slot; it only tells of its leader. */
  #keepLate(proposal: Proposal, hash: Hash): void {
    const added = this.#slots.remembered(proposal.slot)?.addProposal({ proposal, hash, hashHex: toHex(hash) });
    this.#accuse(this.schedule.leader(proposal.slot), proposal.slot, added?.contradiction);
  }

  #onSignedProposal(proposal: Proposal): void {
    if (!this.isInWindow(proposal.slot)) return;
    const hash = headerHash(proposal.block.header);
    this.#broadcast({ kind: 'proposal', proposal });
    this.#keepProposal(this.#slots.at(proposal.slot), proposal, hash);
  }

  #onVote(vote: Vote): void {
    this.#silence.signed(vote.member);
    // An own vote that comes too late to count still tells the others that this node lives.
    if (vote.member === this.#config.self) this.#broadcast({ kind: 'vote', vote });
    if (!this.isInWindow(vote.slot)) return this.#keepVotes(this.#slots.remembered(vote.slot), [vote]);
    const slot = this.#slots.at(vote.slot);
    if (!this.#keepVote(slot, vote)) return;
    const hashHex = toHex(vote.hash);
    const { weight, votes } = slot.tally(vote.kind, hashHex);
    if (weight < this.#config.members.quorum || slot.certificate(vote.kind, hashHex) !== undefined) return;
    this.#onCertificate(assembleCertificate(votes, this.#config.members));
  }

  #keepVote(slot: Slot, vote: Vote): boolean {
    const { fresh, contradiction } = slot.addVote(vote, this.#config.members.weight(vote.member));
    this.#accuse(vote.member, slot.number, contradiction);
    return fresh;
  }

  #keepVotes(slot: Slot | undefined, votes: readonly Vote[]): void {
    if (slot !== undefined) for (const vote of votes) this.#keepVote(slot, vote);
  }

  #accuse(member: number, slot: number, messages: MessagePair | undefined): void {
    if (messages === undefined) return;
    const { members } = this.#config;
    const { publicKey } = members.at(member);
    const evidence = { epoch: this.epoch, validatorsRoot: members.root, publicKey, slot, messages };
    this.#emit({ type: 'evidence', evidence });
  }

  #onCertificate(certificate: Certificate): void {
    if (!this.settles(certificate)) {
      if (this.#exposes(certificate)) this.#keepVotes(this.#slots.remembered(certificate.slot), votesOf(certificate));
      return;
    }
    this.#emit({ type: 'persist', record: { selector: 3, value: certificate } });
    if (this.#config.self !== undefined) this.#broadcast({ kind: 'certificate', certificate });
    this.#keepCertificate(certificate);
  }

  #keepCertificate(certificate: Certificate): void {
    const { kind, slot: number, hash } = certificate;
    const conflicting = kind === FINAL ? this.#slots.conflictingFinal(number, hash) : undefined;
    if (conflicting !== undefined) return this.#haltOnFinals([conflicting, certificate]);
    const slot = this.#slots.at(number);
    const votes = votesOf(certificate);
    for (const { member } of votes) this.#silence.signed(member);
    this.#keepVotes(slot, votes);
    this.#silence.quorumSigned(number);
    slot.setCertificate(certificate);
    if (kind === NOTAR) this.#event({ type: 'notarized', slot: number, hash });
    else if (kind === SKIP) this.#event({ type: 'skipped', slot: number });
    else if (this.#slots.finalize({ slot: number, hash, certificate })) {
      this.#event({ type: 'finalized', slot: number, hash });
    }
  }

  #onBlock(hash: Hash, block: Block): void {
    if (this.#blocks.isWanted(toHex(hash))) this.#blocks.add(hash, block, 'held');
  }

  #onVerdict(hash: Hash, verdict: BlockVerdict, reason: string | undefined): void {
    const entry = this.#blocks.entry(toHex(hash));
    if (entry?.status !== 'verifying') return;
    entry.status = verdict;
    if (verdict === 'invalid') this.#event({ type: 'invalid', hash, reason: reason ?? 'no reason given' });
  }

  #onCommitted(hash: Hash): void {
    const certificate = this.#finalizing;
    this.#finalizing = undefined;
    const header = this.#blocks.header(toHex(hash));
    if (header === undefined || certificate === undefined) return;
    this.#blocks.commit(hash, header);
    this.#slots.commit({ slot: certificate.slot, hash, certificate });
    this.#endAtBoundary({ header, certificate });
  }

  #onSynced(anchor: Anchor): void {
    if (anchor.header.height < this.#blocks.committedHeight) return;
    const { slot, hash, header, certificate } = anchor;
    const conflicting = this.#slots.conflictingFinal(slot, hash);
    if (conflicting !== undefined) return this.#haltOnFinals([conflicting, certificate]);
    this.#slots.finalize(anchor);
    this.#blocks.commit(hash, header);
    this.#slots.commit(anchor);
    this.#endAtBoundary(anchor);
  }

  #endAtBoundary({ header, certificate }: Pick<Anchor, 'header' | 'certificate'>): void {
    if (certificate === undefined || !this.#isBoundary(header)) return;
    this.#emit({ type: 'epochEnded', certificate });
    this.#stage = 'over';
  }

  // --- what follows from what is held --------------------------------------------------------------------------

  /** Applies every rule until nothing more follows; each can only add to what is held. */
  #evaluate(): void {
    this.#execution.newRound();
    this.#advance();
    for (const slot of this.#slots.open) {
      for (const entry of slot.proposals) this.#considerNotar(slot, entry);
      this.#considerFinal(slot);
      for (const certificate of slot.notars.values()) this.#ensureExecuted(certificate);
    }
    this.#considerFinalize();
    this.#proposer.consider(this.#now);
  }

  #advance(): void {
    this.#slots.advance();
    const { front } = this.#slots;
    if (front === this.#entered) return;
    this.#entered = front;
    this.#proposer.entered(this.#now);
    const leader = this.schedule.leader(front);
    this.#event({ type: 'entered', slot: front, leader });
    this.#armSlotTimer(this.#slots.at(front), leader);
  }

  #armSlotTimer(slot: Slot, leader: number): void {
    if (slot.timerSet || this.#config.self === undefined) return;
    slot.timerSet = true;
    const { slot: lastFinalSlot } = this.#slots.lastFinal;
    const silent = leader !== this.#config.self && this.#silence.passOver(slot.number, leader, lastFinalSlot);
    const delay = silent ? 0 : slotTimeout(slot.number, lastFinalSlot, this.#config.parameters);
    this.#setTimer({ kind: 'slot', slot: slot.number }, delay);
  }

  #considerNotar(slot: Slot, entry: ProposalEntry): void {
    if (slot.ownVotes.has(NOTAR)) return;
    if (!this.#isJustified(entry) || !this.#isInTime(slot, entry)) return;
    const block = this.#blocks.entry(entry.hashHex);
    if (block === undefined) return;
    if (this.#execution.execute(block) !== 'valid' || this.#config.self === undefined) return;
    const { ownProposal } = slot;
    const isKept = ownProposal !== undefined && equalBytes(headerHash(ownProposal.block.header), entry.hash);
    if (!isKept) this.#emit({ type: 'persist', record: { selector: 0, value: entry.proposal } });
    this.#castVote(slot, NOTAR, entry.hash);
  }

  /** The parent is notarized in the parent slot, every slot between is skipped, and the block is the one to expect. */
  #isJustified({ proposal, hash }: ProposalEntry): boolean {
    const { slot, parentSlot, block } = proposal;
    if (parentSlot >= slot || parentSlot < this.#slots.lastFinal.slot) return false;
    const again = this.#slots.notarizedIn(parentSlot, hash);
    const parentHash = again ? hash : block.header.parent;
    if (!again && !this.#slots.notarizedIn(parentSlot, parentHash)) return this.#askForGap(parentSlot, slot);
    const notSkipped = this.#slots.notSkipped(parentSlot, slot);
    if (notSkipped !== undefined) return this.#askForGap(notSkipped, slot);
    const parent = this.#blocks.header(toHex(parentHash));
    if (parent === undefined) {
      this.#execution.fetch(parentHash);
      return false;
    }
    if (again || this.#isBoundary(parent)) return again && this.#isBoundary(parent);
    return equalBytes(block.header.proposer, this.#config.members.at(this.schedule.leader(slot)).address);
  }

  #isInTime(slot: Slot, { proposal }: ProposalEntry): boolean {
    const wait = proposal.block.header.timestamp - MAX_CLOCK_AHEAD - this.#now;
    if (wait <= 0) return true;
    const { timerCap } = this.#config.parameters;
    if (!slot.clockTimerSet) this.#setTimer({ kind: 'clock', slot: slot.number }, Math.min(wait, timerCap));
    slot.clockTimerSet = true;
    return false;
  }

  #considerFinal(slot: Slot): void {
    const notar = slot.ownVotes.get(NOTAR);
    if (notar === undefined || slot.ownVotes.has(SKIP) || slot.ownVotes.has(FINAL)) return;
    if (slot.notars.has(toHex(notar.hash))) this.#castVote(slot, FINAL, notar.hash);
  }

  /** A certified block is fetched if it is missing and executed when its parent is. */
  #ensureExecuted(certificate: Certificate): void {
    const status = this.#execution.ensure(certificate.hash);
    if (status === 'invalid') this.#halt('a certified block does not execute here', [certificate]);
    if (status === 'lost' && certificate.kind === FINAL) {
      this.#haltOnFinals([this.#slots.committed.certificate, certificate]);
    }
  }

  #considerFinalize(): void {
    const { hash, certificate } = this.#slots.lastFinal;
    const hashHex = toHex(hash);
    if (certificate === undefined || this.#blocks.isCommitted(hashHex) || this.#finalizing !== undefined) return;
    this.#ensureExecuted(certificate);
    if (!this.#blocks.isValid(hashHex)) return;
    const branch = this.#blocks.branch(hashHex);
    const astray = this.#slots.finals.find((final) => !branch.has(toHex(final.hash)));
    if (astray !== undefined) return this.#haltOnFinals([astray, certificate]);
    this.#finalizing = certificate;
    this.#emit({ type: 'finalize', hash, certificate });
  }

  // --- timers --------------------------------------------------------------------------------------------------

  #onTimer(timer: Timer): void {
    if (timer.kind === 'slot') this.#onSlotTimer(timer.slot);
    else if (timer.kind === 'resend') this.#onResendTimer();
    else if (timer.kind === 'propose') this.#proposer.timerFired();
    else this.#slots.at(timer.slot).clockTimerSet = false;
  }

  #onSlotTimer(number: number): void {
    const slot = this.#slots.get(number);
    if (number <= this.#slots.lastFinal.slot || slot === undefined || slot.cleared) return;
    if (slot.ownVotes.has(FINAL) || slot.ownVotes.has(SKIP)) return;
    this.#event({ type: 'timedOut', slot: number });
    this.#castVote(slot, SKIP, ZERO_HASH);
  }

  #onResendTimer(): void {
    this.#armResend();
    // What this node lacks it asks for again, whether others go on meanwhile or not.
    this.#execution.tryAgain();
    this.#gapAsked = { front: 0, from: 0 };
    const stalled = this.#finalAtLastResend === this.#slots.lastFinal.slot;
    this.#finalAtLastResend = this.#slots.lastFinal.slot;
    if (stalled) this.#sendAgain();
  }

  #sendAgain(): void {
    const { self } = this.#config;
    const { slot, certificate } = this.#slots.lastFinal;
    const again = (message: Message) => this.#emit({ type: 'broadcast', message, again: true });
    if (self !== undefined) {
      this.#signFront();
      for (const message of this.#resend.next(certificate, ascending(this.#slots.open), self)) again(message);
    } else if (slot === 0 && certificate !== undefined) {
      // Nobody who ended the epoch before may be a member of this one: then it is for the others to tell its members.
      again({ kind: 'certificate', certificate });
    }
  }

  /** What the signer did not sign, being out of reach perhaps: without it nothing may move at the front. */
  #signFront(): void {
    const slot = this.#slots.at(this.#slots.front);
    if (slot.ownProposal !== undefined && slot.proposals.length === 0) this.#proposer.sign(slot.ownProposal);
    this.#signVotes(slot);
  }

  #armResend(): void {
    const { resendInterval } = this.#config.parameters;
    this.#emit({ type: 'setTimer', timer: { kind: 'resend' }, delay: resendInterval, spread: resendInterval / 2 });
  }

  // --- small parts ---------------------------------------------------------------------------------------------

  #castVote(slot: Slot, kind: VoteKind, hash: Hash): void {
    const { members } = this.#config;
    const data = { epoch: this.epoch, validatorsRoot: members.root, kind, slot: slot.number, hash };
    slot.ownVotes.set(kind, data);
    this.#emit({ type: 'persist', record: { selector: 2, value: data } });
    this.#signVote(data);
  }

  /** Asks for the own votes that were decided and not signed yet. */
  #signVotes(slot: Slot): void {
    const { self } = this.#config;
    if (self === undefined) return;
    const signed = slot.votesOf(self);
    for (const data of slot.ownVotes.values()) {
      if (!signed.some(({ kind }) => kind === data.kind)) this.#signVote(data);
    }
  }

  #signVote(data: VoteData): void {
    const { self } = this.#config;
    if (self !== undefined) this.#emit({ type: 'signVote', data, member: self });
  }

  /**
   * Asks for the certificates from the first that is missing up to a slot that builds on them: once per front, and again
   * when a proposal lacks a lower one.
   */
  #askForGap(missing: number, slot: number): false {
    const { front } = this.#slots;
    const from = Math.min(missing, front);
    if (front <= slot && (this.#gapAsked.front !== front || from < this.#gapAsked.from)) {
      this.#gapAsked = { front, from };
      this.#emit({ type: 'fetchCertificates', from, to: slot - 1 });
    }
    return false;
  }

  #isBoundary(header: Header): boolean {
    return header.epoch === this.epoch && header.timestamp >= this.#config.epochEnd;
  }

  /** Whether a certificate that settles nothing shows that a member contradicts itself. */
  #exposes(certificate: Certificate): boolean {
    if (certificate.epoch !== this.epoch) return false;
    return this.#slots.remembered(certificate.slot)?.contradictsCertificate(certificate) ?? false;
  }

  #broadcast(message: Message): void {
    this.#emit({ type: 'broadcast', message, again: false });
  }

  /**
   * Impossible while less than a third of the weight misbehaves. First it is told who signed both, where that is seen
   * from the two.
   */
  #haltOnFinals(finals: readonly (Certificate | undefined)[]): void {
    const held = finals.filter((final) => final !== undefined);
    for (const final of held.filter(({ epoch }) => epoch === this.epoch)) {
      const { slot } = final;
      this.#keepVotes(this.#slots.remembered(slot) ?? this.#slots.at(slot), votesOf(final));
    }
    this.#halt('two conflicting Finals', held);
  }

  #halt(reason: string, certificates: readonly Certificate[]): void {
    this.#emit({ type: 'halt', reason, certificates });
    this.#stage = 'over';
  }

  #setTimer(timer: Timer, delay: number): void {
    this.#emit({ type: 'setTimer', timer, delay, spread: 0 });
  }

  #event(event: ConsensusEvent): void {
    this.#emit({ type: 'event', event });
  }

  /** After the end nothing follows. */
  #emit(output: Output): void {
    if (this.#stage !== 'over') this.#outputs.push(output);
  }
}
