// When and what this node proposes as the leader of the front: once a slot, at once when transactions wait, otherwise
// at the heartbeat; a boundary block again, unchanged.

import { type Block, type Header, headerHash } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import { type Certificate, SKIP } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { OwnProposal } from '../primitives/journal.ts';
import type { LeaderSchedule } from '../primitives/schedule.ts';
import type { BlockTree } from './block-tree.ts';
import { isBoundary } from './boundary.ts';
import { attachable } from './justification.ts';
import type { CertifiedParent, Slots } from './slots.ts';
import type { Emit, InstanceConfig } from './types.ts';

export interface ProposerOptions {
  readonly config: InstanceConfig;
  readonly schedule: LeaderSchedule;
  readonly slots: Slots;
  readonly blocks: BlockTree;
  readonly emit: Emit;
}

/** Times are ms since 1970. */
export class Proposer {
  readonly #o: ProposerOptions;
  /** when the front was entered */
  #enteredAt = 0;
  #building: { readonly slot: number; readonly parentSlot: number; readonly allowEmpty: boolean } | undefined;
  /** after an attempt to build in this slot has failed: not before this time again */
  #buildAfter = 0;
  /** transactions may wait that the last attempt to build has not seen */
  #transactionsWait = true;
  /** slot and time of the pending 'propose' timer */
  #timer = '';

  constructor(options: ProposerOptions) {
    this.#o = options;
  }

  /** Another slot has become the front. */
  entered(now: number): void {
    this.#enteredAt = now;
    this.#transactionsWait = true;
    this.#buildAfter = 0;
  }

  transactionsWait(): void {
    this.#transactionsWait = true;
  }

  timerFired(): void {
    this.#timer = '';
  }

  consider(now: number): void {
    const { slots, schedule, config, blocks } = this.#o;
    const slot = slots.at(slots.front);
    if (schedule.leader(slot.number) !== config.self || this.#building?.slot === slot.number) return;
    if (slot.ownProposal !== undefined || slot.ownVotes.has(SKIP)) return;
    const parent = slots.parentOfFront();
    const parentHex = toHex(parent.hash);
    const header = blocks.header(parentHex);
    if (header === undefined || !blocks.isValid(parentHex)) return;
    if (isBoundary(header, config)) this.#proposeAgainWhenDue(parent, blocks.entry(parentHex)?.block, now);
    else this.#buildWhenDue(parent, header, now);
  }

  onBuilt(slot: number, built: { block: Block; hash: Hash } | undefined, now: number): void {
    const { config, slots, blocks } = this.#o;
    const building = this.#building;
    if (building?.slot !== slot) return;
    this.#building = undefined;
    if (built === undefined && building.allowEmpty) this.#buildAfter = now + config.parameters.messageDelay;
    if (built === undefined || slot !== slots.front) return;
    blocks.add(built.hash, built.block, 'valid');
    this.#propose(building.parentSlot, built.block, []);
  }

  /** Asks the signer for the signature of an own proposal, the same one each time. */
  sign(own: OwnProposal): void {
    const { epoch, slot, parentSlot, block } = own;
    const validatorsRoot = this.#o.config.members.root;
    const data = { epoch, validatorsRoot, slot, hash: headerHash(block.header), parentSlot };
    this.#o.emit({ type: 'signProposal', data, own });
  }

  /**
   * At once when transactions wait and the minimum interval has passed, otherwise at the heartbeat. Both count from the
   * parent's time; one that lies ahead of this clock must not use up the patience of the others with this leader.
   */
  #buildWhenDue(parent: CertifiedParent, header: Header, now: number): void {
    const slot = this.#o.slots.front;
    const { minBlockInterval, blockTime } = this.#o.config.parameters;
    const since = Math.min(header.timestamp, this.#enteredAt);
    const earliest = Math.max(since + minBlockInterval, this.#buildAfter);
    const heartbeat = Math.max(header.height === 0 ? now : since + blockTime, this.#buildAfter);
    const allowEmpty = now >= heartbeat;
    if (allowEmpty || (this.#transactionsWait && now >= earliest)) {
      this.#transactionsWait = false;
      this.#building = { slot, parentSlot: parent.slot, allowEmpty };
      this.#o.emit({
        type: 'build',
        slot,
        parent: parent.hash,
        parentCertificate: parent.certificate,
        lateVotes: this.#o.slots.lateVotes(parent.slot, this.#o.config.members.quorum),
        timestamp: Math.max(now, header.timestamp + 1),
        allowEmpty,
      });
      return;
    }
    this.#wait(this.#transactionsWait ? Math.min(earliest, heartbeat) : heartbeat, now);
  }

  /**
   * The boundary block is the last of its epoch: until it is final, it is proposed again, unchanged. At the heartbeat, as
   * what nobody waits for: its Final comes before that as a rule, and where it does not slots must not fly by.
   */
  #proposeAgainWhenDue({ slot, certificate }: CertifiedParent, block: Block | undefined, now: number): void {
    const due = this.#enteredAt + this.#o.config.parameters.blockTime;
    if (now < due) return this.#wait(due, now);
    if (block !== undefined && certificate !== undefined) this.#propose(slot, block, [certificate]);
  }

  /** Until a time at which it is considered again. */
  #wait(due: number, now: number): void {
    const slot = this.#o.slots.front;
    if (this.#timer === `${slot}@${due}`) return;
    this.#timer = `${slot}@${due}`;
    this.#o.emit({ type: 'setTimer', timer: { kind: 'propose', slot }, delay: due - now, spread: 0 });
  }

  #propose(parentSlot: number, block: Block, justification: readonly Certificate[]): void {
    const { config, slots, emit } = this.#o;
    const slot = slots.at(slots.front);
    const certificates = attachable([...justification, ...slots.skips(parentSlot, slot.number)]);
    slot.ownProposal = { epoch: config.epoch, slot: slot.number, parentSlot, block, certificates };
    emit({ type: 'persist', record: { selector: 1, value: slot.ownProposal } });
    this.sign(slot.ownProposal);
  }
}
