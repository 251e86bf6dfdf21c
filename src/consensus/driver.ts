// Runs consensus in real time: one instance (instance.ts) after the other, as one epoch follows the other. When the last
// block of an epoch is durable, or the chain was synced past it, the instance ends, and the next one begins with the
// chain's word on who its members are. Two never run at once.

import type { Block } from '../primitives/block.ts';
import type { Certificate } from '../primitives/consensus.ts';
import { asError } from '../primitives/errors.ts';
import type { Hash } from '../primitives/hash.ts';
import { JournalRecord } from '../primitives/journal.ts';
import type { Simplex } from './core.ts';
import type { Verdict } from './door.ts';
import { EarlyMessages } from './early.ts';
import { ConsensusError, Instance } from './instance.ts';
import type { Members } from './members.ts';
import { OwnSignatures } from './own-signatures.ts';
import type { DriverDependencies } from './ports.ts';
import { Timers } from './timers.ts';
import type { Anchor, Input, InstanceStart } from './types.ts';

export class ConsensusDriver {
  readonly #d: DriverDependencies;
  /** undefined for a node that only follows */
  readonly #own: OwnSignatures | undefined;
  readonly #timers: Timers;
  readonly #early = new EarlyMessages();
  #instance: Instance;
  /** under way from one instance to the next */
  #handover: Promise<void> | undefined;
  /** what catch-up has come to meanwhile */
  #synced: Anchor | undefined;
  #started = false;
  #transactionsWait = false;
  #stopped = false;

  constructor(dependencies: DriverDependencies) {
    this.#d = dependencies;
    const { signer, observer, peers, clock, journal, instance } = dependencies;
    this.#timers = new Timers(clock);
    this.#own =
      signer &&
      new OwnSignatures({
        signer,
        isOpen: (epoch, slot) => epoch === this.core.epoch && slot > this.core.lastFinalSlot,
        isConnected: () => peers.isConnected(),
        after: (milliseconds, call) => this.#timers.after(milliseconds, call),
        random: () => clock.random(),
        onFailure: (error) => observer.onRefused(asError(error)),
      });
    const restored = journal.restored.map((bytes) => JournalRecord.deserialize(bytes));
    this.#instance = this.#make(instance, restored);
  }

  /** Read-only views of the present instance, for peers' requests and the API. */
  get core(): Pick<
    Simplex,
    'certificates' | 'block' | 'certificateFor' | 'front' | 'lastFinalSlot' | 'epoch' | 'schedule' | 'round' | 'held'
  > {
    return this.#instance.core;
  }

  /** Of the present instance. */
  get members(): Members {
    return this.#instance.config.members;
  }

  start(): void {
    this.#started = true;
    this.#begin(this.#instance);
  }

  /** Stops timers and takes no more inputs; resolves when what was under way is written. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timers.end();
    this.#early.giveTo(undefined);
    await this.#instance.end();
    await this.#handover;
  }

  /** @param bytes of topic `vote` */
  async onVote(bytes: Uint8Array): Promise<Verdict> {
    return this.#isOpen ? this.#instance.door.vote(bytes) : 'ignore';
  }

  /** @param bytes of topic `block`. @param peer who has delivered them */
  async onProposal(bytes: Uint8Array, peer: string): Promise<Verdict> {
    return this.#isOpen ? this.#instance.door.proposal(bytes, peer) : 'ignore';
  }

  /** Certificates that a peer sent on request. @returns whether all were good or unneeded */
  async onCertificates(certificates: readonly Certificate[]): Promise<boolean> {
    const { door } = this.#instance;
    for (const certificate of certificates) {
      if ((await door.certificate(certificate)) === 'reject') return false;
    }
    return true;
  }

  /**
   * What a peer is answered that asks for certificates of the slots from … to, lowest first. Of an epoch that is over it
   * needs to know no more than how it ended.
   */
  async certificates(epoch: number, from: number, to: number): Promise<Certificate[]> {
    if (epoch === this.core.epoch) return this.core.certificates(from, to);
    const final = epoch < this.core.epoch ? await this.#d.epochs.boundaryFinal(epoch) : undefined;
    return final === undefined ? [] : [final];
  }

  /** A certificate of the chain that holds, checked elsewhere: it may show that this validator's key is in use twice. */
  onVerified(certificate: Certificate): void {
    this.#instance.door.lookForSelf(certificate);
  }

  /** A block that was asked for; the caller has checked that the body matches the header. */
  onBlock(hash: Hash, block: Block): void {
    this.input({ type: 'block', hash, block });
  }

  /** New transactions wait. Called for each of them; those that come together are one input. */
  onTransactions(): void {
    if (this.#transactionsWait) return;
    this.#transactionsWait = true;
    queueMicrotask(() => {
      this.#transactionsWait = false;
      this.input({ type: 'transactions' });
    });
  }

  /**
   * Catch-up has brought the database to this block. If it lies past the present epoch another instance goes on.
   * @param synced a block and its slot, or slot 0 of the epoch after the block's
   */
  onSynced(synced: Anchor): void {
    const { epoch } = synced.header;
    const anchor = { ...synced, slot: synced.certificate?.slot ?? synced.slot };
    if (!this.#isOpen || epoch < this.core.epoch) return;
    if (this.#handover !== undefined) this.#synced = anchor;
    else if (epoch > this.core.epoch) this.#handOver();
    else this.input({ type: 'synced', anchor });
  }

  input(input: Input): void {
    if (this.#isOpen) this.#instance.input(input);
  }

  get #isOpen(): boolean {
    return this.#started && !this.#stopped;
  }

  #make(start: InstanceStart, restored: readonly JournalRecord[]): Instance {
    return new Instance({
      config: { ...start, restored },
      d: this.#d,
      own: this.#own,
      early: this.#early,
      onEnded: () => this.#handOver(),
      onFatal: (error) => this.#fatal(error),
    });
  }

  #begin(instance: Instance): void {
    this.#d.observer.onBegin(instance.config);
    instance.start();
    this.#early.giveTo(instance.door);
  }

  #handOver(): void {
    this.#handover ??= this.#toNext()
      .catch((error: unknown) => this.#fatal(asError(error)))
      .finally(() => {
        this.#handover = undefined;
        if (this.#synced !== undefined) this.onSynced(this.#synced);
        this.#synced = undefined;
      });
  }

  /**
   * The database has what the old instance leaves behind; only then its records go: first the signer's, so that it never
   * forgets less than the journal.
   */
  async #toNext(): Promise<void> {
    const { epoch } = this.core;
    await this.#instance.end();
    const start = await this.#d.epochs.present();
    if (start.epoch <= epoch) throw new ConsensusError(`epoch ${epoch} is over, and the chain knows no next one`);
    await this.#own?.raiseFloor(start.epoch, start.anchor.slot);
    const { ahead } = this.#instance;
    await this.#d.journal.rotate(ahead.map((record) => JournalRecord.serialize(record)));
    if (this.#stopped) return;
    this.#instance = this.#make(start, ahead);
    this.#begin(this.#instance);
  }

  #fatal(error: Error): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timers.end();
    this.#early.giveTo(undefined);
    void this.#instance.end();
    this.#d.observer.onFatal(error);
  }
}
