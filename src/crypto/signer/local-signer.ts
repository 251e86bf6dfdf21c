// The signer that holds its key in this process and keeps its own durable record, apart from the chain's database.

import { equalBytes } from '../../primitives/bytes.ts';
import {
  type ProposalData,
  proposalSigningBytes,
  type VoteData,
  voteSigningBytes,
} from '../../primitives/consensus.ts';
import type { Hash } from '../../primitives/hash.ts';
import { type PeerBinding, peerBindingSigningBytes } from '../../primitives/peer-binding.ts';
import type { KeyPair } from '../keys.ts';
import { copiedEntry, type Entry, entryKind, floorEntry, noteEntry, proposalEntry, voteEntry } from './entry.ts';
import { copied, SignerError, sealed } from './errors.ts';
import { SignerRecord } from './record.ts';
import type { Signer } from './signer.ts';
import { SignerState } from './state.ts';

/** Something that waits for the record to be durable; without an entry it waits for the ones before it. */
interface Waiting {
  readonly entry: Entry | undefined;
  readonly resolve: () => void;
  readonly reject: (error: SignerError) => void;
}

export interface LocalSignerOptions {
  /** Listens to the network for at least this long before the first signature (ms); the record may ask for more. */
  readonly listenMs?: number;
}

/** One process at a time may hold a record: the caller holds the lock of the data directory. */
export class LocalSigner implements Signer {
  readonly #key: KeyPair;
  readonly #genesisHash: Hash;
  readonly #record: SignerRecord;
  readonly #state: SignerState;
  #listenMs: number;
  #waiting: Waiting[] = [];
  #flushing = false;
  #stopped: SignerError | undefined;

  private constructor(key: KeyPair, genesisHash: Hash, record: SignerRecord, state: SignerState, listenMs: number) {
    this.#key = key;
    this.#genesisHash = genesisHash;
    this.#record = record;
    this.#state = state;
    this.#listenMs = listenMs;
  }

  /**
   * Makes the record of a key that has never signed anything on this network.
   * @throws {SignerError} RECORD_EXISTS
   */
  static async create(file: string, key: KeyPair, genesisHash: Hash): Promise<LocalSigner> {
    await SignerRecord.create(file, { publicKey: key.publicKey, genesisHash }, new SignerState().entries());
    return LocalSigner.open(file, key, genesisHash);
  }

  /** @throws {SignerError} RECORD_MISSING, RECORD_CORRUPT, RECORD_FOREIGN, COPIED, SEALED */
  static async open(
    file: string,
    key: KeyPair,
    genesisHash: Hash,
    { listenMs = 0 }: LocalSignerOptions = {},
  ): Promise<LocalSigner> {
    const { record, entries } = await SignerRecord.open(file, { publicKey: key.publicKey, genesisHash });
    try {
      const state = SignerState.restore(entries, file);
      if (state.sealed) throw sealed(file);
      if (state.copied !== undefined) throw copied(state.copied);
      return new LocalSigner(key, genesisHash, record, state, Math.max(listenMs, state.listenMs));
    } catch (error) {
      await record.close();
      throw error;
    }
  }

  get publicKey(): Uint8Array {
    return this.#key.publicKey;
  }

  signProposal(data: ProposalData): Promise<Uint8Array> {
    return this.#sign(proposalEntry(data), () => proposalSigningBytes(data, this.#genesisHash));
  }

  signVote(data: VoteData): Promise<Uint8Array> {
    return this.#sign(voteEntry(data), () => voteSigningBytes(data, this.#genesisHash));
  }

  async signPeerBinding(binding: PeerBinding): Promise<Uint8Array> {
    this.#throwIfStopped();
    if (!equalBytes(binding.validator, this.publicKey)) {
      throw new SignerError('REFUSED', 'a peer is bound by the key of the validator that it names');
    }
    return this.#key.sign(peerBindingSigningBytes(binding, this.#genesisHash));
  }

  async raiseFloor(epoch: number, slot: number): Promise<void> {
    // One that was copied gives no signature, so nothing speaks against a higher floor.
    if (this.#stopped !== undefined && this.#stopped.code !== 'COPIED') throw this.#stopped;
    if (![epoch, slot].every((number) => Number.isSafeInteger(number) && number >= 0)) {
      throw new SignerError('REFUSED', `no floor at epoch ${epoch}, slot ${slot}: not whole numbers`);
    }
    const isNew = this.#state.history.raiseFloor({ epoch, slot });
    await this.#persist(isNew ? floorEntry({ epoch, slot }) : undefined);
  }

  async observed(data: VoteData | ProposalData): Promise<void> {
    this.#throwIfStopped();
    const foreign = 'parentSlot' in data ? proposalEntry(data) : voteEntry(data);
    if (this.#state.history.covers(foreign)) return;
    const error = copied(foreign);
    this.#stopped = error; // at once; what waits for the disk is not signed either
    const mark = copiedEntry(foreign);
    this.#state.take(mark);
    await this.#persist(mark);
    throw error;
  }

  async listened(): Promise<void> {
    this.#throwIfStopped();
    if (this.#state.listenMs > 0) {
      const mark = noteEntry('LISTENED');
      this.#state.take(mark);
      await this.#persist(mark);
    }
    this.#listenMs = 0;
  }

  async close(): Promise<void> {
    if (this.#stopped?.code === 'CLOSED') return;
    const settled = this.#stopped?.code === 'RECORD_IO' ? undefined : this.#persist(undefined);
    this.#stopped = new SignerError('CLOSED', 'the signer was closed');
    try {
      await settled;
    } finally {
      await this.#record.close();
    }
  }

  async #sign(entry: Entry, signingBytes: () => Uint8Array): Promise<Uint8Array> {
    this.#throwIfStopped();
    const { history } = this.#state;
    const ruling = this.#listenMs > 0 ? history.judge(entry) : history.admit(entry);
    if (ruling.kind === 'refused') {
      const what = `${entryKind(entry)} in epoch ${entry.epoch}, slot ${entry.slot}`;
      throw new SignerError('REFUSED', `${what} is not signed: ${ruling.rule}`);
    }
    if (this.#listenMs > 0) {
      const message = 'nothing is signed before it is sure that no other copy of the key is at work';
      throw new SignerError('LISTENING', message, { listenMs: this.#listenMs });
    }
    const bytes = signingBytes();
    await this.#persist(ruling.kind === 'new' ? entry : undefined);
    if (this.#state.copied !== undefined) throw copied(this.#state.copied); // it was seen meanwhile
    return this.#key.sign(bytes);
  }

  #throwIfStopped(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
  }

  /** Resolves when the entry and all before it are durable. What is asked in one go shares one sync. */
  #persist(entry: Entry | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      if (this.#flushing) return;
      this.#flushing = true;
      queueMicrotask(() => this.#flush());
    });
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(batch.flatMap(({ entry }) => entry ?? []));
      } catch (cause) {
        this.#fail(batch, cause);
        return;
      }
      for (const waiting of batch) waiting.resolve();
    }
    this.#flushing = false;
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    // The state holds these entries already, and none that came later.
    await this.#record.write(entries, () => this.#state.entries());
  }

  /** After a failed write or sync nobody knows what is on the disk: trying again would only hide that. */
  #fail(batch: readonly Waiting[], cause: unknown): void {
    const failure = new SignerError('RECORD_IO', "the signer's record could not be written; no more is signed", {
      cause,
    });
    if (this.#stopped?.code !== 'CLOSED') this.#stopped = failure;
    for (const waiting of [...batch, ...this.#waiting]) waiting.reject(failure);
    this.#waiting = [];
  }
}
