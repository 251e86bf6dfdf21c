// A validator's signer: the real rules over a record on a simulated disk. The record outlives every crash and loss; of
// what was being written a crash leaves the first entries, as the real record's blocks do.

import type { ConsensusSigner } from '../../src/consensus/own-signatures.ts';
import { type Entry, floorEntry, proposalEntry, voteEntry } from '../../src/crypto/signer/entry.ts';
import { SigningHistory } from '../../src/crypto/signer/history.ts';
import {
  type ProposalData,
  proposalSigningBytes,
  type VoteData,
  voteSigningBytes,
} from '../../src/primitives/consensus.ts';
import type { Disk } from './disk.ts';
import { GENESIS_HASH, sign } from './keys.ts';
import type { Random } from './random.ts';

export interface SignerObserver {
  /** @param signed what the record holds for that slot */
  onRefused(entry: Entry, rule: string, signed: readonly Entry[]): void;
  onGiven(data: VoteData | ProposalData): void;
  /** The network carries a signature of this key. */
  onTold(data: VoteData | ProposalData): void;
}

export interface SimSignerOptions {
  readonly publicKey: Uint8Array;
  /** durable entries, oldest first */
  readonly record: Entry[];
  readonly disk: Disk;
  readonly random: Random;
  readonly observer: SignerObserver;
}

export class SimSigner implements ConsensusSigner {
  readonly #o: SimSignerOptions;
  readonly #history = new SigningHistory();
  #group: Entry[] | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(options: SimSignerOptions) {
    this.#o = options;
    for (const entry of options.record) {
      if (entry.kind === FLOOR) this.#history.raiseFloor(entry);
      else this.#history.admit(entry);
    }
  }

  async signVote(data: VoteData): Promise<Uint8Array> {
    await this.#admit(voteEntry(data));
    this.#o.observer.onGiven(data);
    return sign(this.#o.publicKey, voteSigningBytes(data, GENESIS_HASH));
  }

  async signProposal(data: ProposalData): Promise<Uint8Array> {
    await this.#admit(proposalEntry(data));
    this.#o.observer.onGiven(data);
    return sign(this.#o.publicKey, proposalSigningBytes(data, GENESIS_HASH));
  }

  async raiseFloor(epoch: number, slot: number): Promise<void> {
    if (this.#history.raiseFloor({ epoch, slot })) await this.#persist(floorEntry({ epoch, slot }));
    else await this.#written;
  }

  /** Twins of this world are careless: what they do to each other must be found out by the others. */
  async observed(data: VoteData | ProposalData): Promise<void> {
    this.#o.observer.onTold(data);
    await this.#written;
  }

  async listened(): Promise<void> {
    await this.#written;
  }

  #admit(entry: Entry): Promise<void> {
    const ruling = this.#history.admit(entry);
    if (ruling.kind === 'refused') {
      const signed = this.#history.entries().filter(({ slot, kind }) => slot === entry.slot && kind !== FLOOR);
      this.#o.observer.onRefused(entry, ruling.rule, signed);
      throw new Error(`refused: ${ruling.rule}`);
    }
    return ruling.kind === 'new' ? this.#persist(entry) : this.#written;
  }

  #persist(entry: Entry): Promise<void> {
    if (this.#group !== undefined) {
      this.#group.push(entry);
      return this.#written;
    }
    const group = [entry];
    const { record, random, disk } = this.#o;
    this.#group = group;
    this.#written = disk.write({
      begin: () => {
        this.#group = undefined;
      },
      complete: () => record.push(...group),
      tear: () => record.push(...group.slice(0, random.integer(group.length))),
    });
    return this.#written;
  }
}

const FLOOR = floorEntry({ epoch: 0, slot: 0 }).kind;
