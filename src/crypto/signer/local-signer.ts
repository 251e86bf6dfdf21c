// The signer that holds its key in this process and keeps its own durable record, apart from the chain's database.

import {
  type ProposalData,
  proposalSigningBytes,
  type VoteData,
  voteSigningBytes,
} from '../../primitives/consensus.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { KeyPair } from '../keys.ts';
import { SignerError } from './errors.ts';
import { type Entry, entryKind, floorEntry, proposalEntry, SigningHistory, voteEntry } from './history.ts';
import { SignerRecord } from './record.ts';
import type { Signer } from './signer.ts';

/** Something that waits for the record to be durable; without an entry it waits for the ones before it. */
interface Waiting {
  readonly entry: Entry | undefined;
  readonly resolve: () => void;
  readonly reject: (error: SignerError) => void;
}

/** One process at a time may hold a record: the caller holds the lock of the data directory. */
export class LocalSigner implements Signer {
  readonly #key: KeyPair;
  readonly #genesisHash: Hash;
  readonly #record: SignerRecord;
  readonly #history: SigningHistory;
  #waiting: Waiting[] = [];
  #flushing = false;
  #stopped: SignerError | undefined;

  private constructor(key: KeyPair, genesisHash: Hash, record: SignerRecord, history: SigningHistory) {
    this.#key = key;
    this.#genesisHash = genesisHash;
    this.#record = record;
    this.#history = history;
  }

  /**
   * Makes the record of a key that has never signed anything on this network.
   * @throws {SignerError} RECORD_EXISTS
   */
  static async create(file: string, key: KeyPair, genesisHash: Hash): Promise<LocalSigner> {
    await SignerRecord.create(file, { publicKey: key.publicKey, genesisHash }, new SigningHistory().entries());
    return LocalSigner.open(file, key, genesisHash);
  }

  /** @throws {SignerError} RECORD_MISSING, RECORD_CORRUPT, RECORD_FOREIGN */
  static async open(file: string, key: KeyPair, genesisHash: Hash): Promise<LocalSigner> {
    const { record, entries } = await SignerRecord.open(file, { publicKey: key.publicKey, genesisHash });
    const history = new SigningHistory();
    for (const entry of entries) {
      if (entryKind(entry) === 'FLOOR') {
        history.raiseFloor(entry);
        continue;
      }
      const ruling = history.admit(entry);
      if (ruling.kind !== 'refused') continue;
      await record.close();
      throw new SignerError('RECORD_CORRUPT', `the signer's record ${file} contradicts itself: ${ruling.rule}`);
    }
    return new LocalSigner(key, genesisHash, record, history);
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

  async raiseFloor(epoch: number, slot: number): Promise<void> {
    if (this.#stopped !== undefined) throw this.#stopped;
    if (![epoch, slot].every((number) => Number.isSafeInteger(number) && number >= 0)) {
      throw new SignerError('REFUSED', `no floor at epoch ${epoch}, slot ${slot}: not whole numbers`);
    }
    const isNew = this.#history.raiseFloor({ epoch, slot });
    await this.#persist(isNew ? floorEntry({ epoch, slot }) : undefined);
  }

  async close(): Promise<void> {
    if (this.#stopped?.code === 'CLOSED') return;
    const settled = this.#stopped === undefined ? this.#persist(undefined) : undefined;
    this.#stopped = new SignerError('CLOSED', 'the signer was closed');
    try {
      await settled;
    } finally {
      await this.#record.close();
    }
  }

  async #sign(entry: Entry, signingBytes: () => Uint8Array): Promise<Uint8Array> {
    if (this.#stopped !== undefined) throw this.#stopped;
    const ruling = this.#history.admit(entry);
    if (ruling.kind === 'refused') {
      const what = `${entryKind(entry)} in epoch ${entry.epoch}, slot ${entry.slot}`;
      throw new SignerError('REFUSED', `${what} is not signed: ${ruling.rule}`);
    }
    const bytes = signingBytes();
    await this.#persist(ruling.kind === 'new' ? entry : undefined);
    return this.#key.sign(bytes);
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
    // The history holds these entries already, and none that came later.
    if (!this.#record.hasRoomFor(entries.length)) return this.#record.rewrite(this.#history.entries());
    await this.#record.append(entries);
  }

  /** After a failed write or sync nobody knows what is on the disk: trying again would only hide that. */
  #fail(batch: readonly Waiting[], cause: unknown): void {
    const failure = new SignerError('RECORD_IO', "the signer's record could not be written; no more is signed", {
      cause,
    });
    this.#stopped ??= failure;
    for (const waiting of [...batch, ...this.#waiting]) waiting.reject(failure);
    this.#waiting = [];
  }
}
