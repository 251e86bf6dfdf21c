// Evidence against validators on its way through this node: what consensus found and what peers send is checked, made
// durable, told to whoever asked, and passed on. Nodes that come later hear of it from the peers they connect to, as soon
// as they can judge it: in its epoch, or a later one.

import type { Verdict } from '../consensus/door.ts';
import type { Members } from '../consensus/members.ts';
import type { Clock } from '../consensus/ports.ts';
import type { PeerInfo } from '../network/network.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import { type Evidence, evidenceChecks, evidenceFault, evidenceId } from '../primitives/evidence.ts';
import type { Hash } from '../primitives/hash.ts';
import type { SignatureCheck } from '../primitives/signing.ts';
import type { Validator } from '../primitives/validators.ts';
import { GossipVote } from '../primitives/wire.ts';
import type { EvidenceRecord, EvidenceStore } from '../store/evidence.ts';
import type { Logger } from '../telemetry/logger.ts';

/**
 * What is held is announced again for a peer that may have missed it, so many a second: all of it soon, as a rule, and
 * some 70 kB/s to fifty peers at the worst.
 */
const ANNOUNCED_AT_ONCE = 4;
const ANNOUNCE_INTERVAL_MS = 1000;
/** A peer that was told nothing: the epoch before the first. */
const NO_EPOCH = 0;

export interface EvidenceDeskOptions {
  readonly store: EvidenceStore;
  /** the members of an epoch, as long as they are known */
  readonly members: (epoch: number) => Members | undefined;
  /** the epoch of the next block, and the height of the last block before it */
  readonly present: () => Pick<EpochRecord, 'epoch' | 'startHeight'>;
  readonly genesisHash: Hash;
  /** one verdict per check, in order */
  readonly verify: (checks: readonly SignatureCheck[]) => Promise<readonly boolean[]>;
  /** @param bytes ssz(GossipVote) */
  readonly publish: (bytes: Uint8Array) => Promise<void>;
  /** told once of every new piece, when it is durable */
  readonly onNew: (record: EvidenceRecord, offender: Validator) => void;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly logger: Logger;
}

/** A peer, and the height of its newest finalized block as it says. */
type PeerHeight = Pick<PeerInfo, 'id' | 'height'>;

export class EvidenceDesk {
  readonly #o: EvidenceDeskOptions;
  /** Ids of what is being checked, so that copies from several peers cost one check. */
  readonly #underway = new Set<string>();
  /** The epoch up to which each peer was told what is held. */
  readonly #toldUpTo = new Map<string, number>();
  /** To be announced again, in this order. */
  readonly #waiting = new Set<EvidenceRecord>();
  #cancelAnnouncing: (() => void) | undefined;
  #keeping: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: EvidenceDeskOptions) {
    this.#o = options;
  }

  /** Consensus has seen both messages and checked their signatures. */
  found(evidence: Evidence): void {
    if (!this.#o.store.isWanted(evidence)) return; // consensus may find it over and over
    this.#keeping = Promise.all([this.#keeping, this.#keepAndPublish(evidence)]);
  }

  /** Evidence that a peer sends. It is passed on when it is new and on the disk. */
  async judge(evidence: Evidence): Promise<Verdict> {
    if (evidenceFault(evidence) !== undefined) return 'reject';
    const { store, verify, genesisHash } = this.#o;
    if (this.#stopped || this.#offender(evidence) === undefined || !store.isWanted(evidence)) return 'ignore';
    const id = toHex(evidenceId(evidence));
    if (this.#underway.has(id)) return 'ignore';
    this.#underway.add(id);
    try {
      if (!(await verify(evidenceChecks(evidence, genesisHash))).every((holds) => holds)) return 'reject';
      return (await this.#keep(evidence)) ? 'accept' : 'ignore';
    } finally {
      this.#underway.delete(id);
    }
  }

  /** A peer that may not know what is held here. */
  peerCame(peer: PeerHeight): void {
    this.#toldUpTo.set(peer.id, NO_EPOCH);
    this.peerIsAt(peer);
  }

  /**
   * A peer ignores evidence of epochs that it has not come to. When it has come to the present one, be it a boundary
   * after the others or all the way from genesis, it is told what it could not judge before.
   */
  peerIsAt({ id, height }: PeerHeight): void {
    const toldUpTo = this.#toldUpTo.get(id);
    const { epoch, startHeight } = this.#o.present();
    if (this.#stopped || toldUpTo === undefined || toldUpTo >= epoch || height < startHeight) return;
    this.#toldUpTo.set(id, epoch);
    const held = this.#o.store.list(this.#o.store.size) ?? [];
    for (const record of held) if (record.evidence.epoch > toldUpTo) this.#waiting.add(record);
    if (this.#cancelAnnouncing === undefined) this.#announceSome();
  }

  peerLeft({ id }: Pick<PeerHeight, 'id'>): void {
    this.#toldUpTo.delete(id);
  }

  /** Resolves when what was found is on the disk. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelAnnouncing?.();
    await this.#keeping;
  }

  #announceSome(): void {
    this.#cancelAnnouncing = undefined;
    if (this.#waiting.size === 0) return;
    const attempt = Math.floor(this.#o.clock.now() / 1000);
    for (const record of [...this.#waiting].slice(0, ANNOUNCED_AT_ONCE)) {
      this.#waiting.delete(record);
      void this.#publish(record.evidence, attempt);
    }
    this.#cancelAnnouncing = this.#o.clock.after(ANNOUNCE_INTERVAL_MS, () => this.#announceSome());
  }

  async #keepAndPublish(evidence: Evidence): Promise<void> {
    try {
      if (await this.#keep(evidence)) await this.#publish(evidence, 0);
    } catch (error) {
      this.#o.logger.error({ err: error, slot: evidence.slot }, 'evidence against a validator could not be stored');
    }
  }

  /** @returns whether it is new, and now on the disk */
  async #keep(evidence: Evidence): Promise<boolean> {
    const { store, onNew, logger } = this.#o;
    const record = await store.put(evidence);
    const offender = this.#offender(evidence);
    if (record === undefined || offender === undefined) return false;
    const { epoch, slot } = evidence;
    logger.error(
      { kind: record.kind, validator: toHex(evidence.publicKey), epoch, slot, id: toHex(record.id) },
      'a validator has signed two messages that contradict each other: it is malicious, or its key is in use twice',
    );
    onNew(record, offender);
    return true;
  }

  async #publish(evidence: Evidence, attempt: number): Promise<void> {
    try {
      await this.#o.publish(GossipVote.serialize({ attempt, message: { selector: 2, value: evidence } }));
    } catch (error) {
      // It counts as lost; whoever connects next is told again.
      this.#o.logger.debug({ err: error }, 'evidence could not be sent');
    }
  }

  /** The validator that is accused; undefined when it is none of the sets that this node knows. */
  #offender({ epoch, validatorsRoot, publicKey }: Evidence): Validator | undefined {
    const members = this.#o.members(epoch);
    if (members === undefined || !equalBytes(validatorsRoot, members.root)) return undefined;
    const member = members.indexOf(publicKey);
    return member === undefined ? undefined : members.at(member);
  }
}
