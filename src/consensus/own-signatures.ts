// This node's own signatures: asks the signer for them, asks again for those it could not give for now, tells it of
// every signature of this validator that the network brings, and listens before the first one when the signer wants it.

import { toHex } from '../primitives/bytes.ts';
import type { ProposalData, VoteData } from '../primitives/consensus.ts';

/** Rejects with an error as `SigningFailure` describes. */
export interface ConsensusSigner {
  signProposal(data: ProposalData): Promise<Uint8Array>;
  signVote(data: VoteData): Promise<Uint8Array>;
  raiseFloor(epoch: number, slot: number): Promise<void>;
  /** The network carries a valid signature of this validator; rejects when the signer knows nothing of it. */
  observed(data: VoteData | ProposalData): Promise<void>;
  /** The network was listened to for `listenMs`. */
  listened(): Promise<void>;
}

/** What consensus reads from a signer's error. */
interface SigningFailure {
  /** the same request may succeed later */
  readonly isTransient?: boolean;
  /** the signer wants the network to be listened to for so long before it signs (ms) */
  readonly listenMs?: number | undefined;
}

export interface OwnSignaturesDependencies {
  readonly signer: ConsensusSigner;
  /** Whether a signature for this slot may still be of use. */
  readonly isOpen: (epoch: number, slot: number) => boolean;
  /** Whether other nodes are connected, or there are none to hear. */
  readonly isConnected: () => boolean;
  readonly after: (milliseconds: number, call: () => void) => void;
  /** in [0, 1) */
  readonly random: () => number;
  readonly onFailure: (error: unknown) => void;
}

interface Request {
  /** kind, epoch and slot: consensus asks for one message of each, again and again while it waits */
  readonly key: string;
  readonly isOpen: () => boolean;
  readonly ask: () => Promise<Uint8Array>;
  readonly use: (signature: Uint8Array) => void;
}

/** Requests kept for another try; the oldest go first. A slot has four at most, and the window of open slots 64. */
const MAX_WAITING = 256;
/** Signatures that the signer has been told of; more than a network repeats within a few minutes. */
const MAX_TOLD = 4096;
/** Listening is counted in steps of this (ms): a process that was stopped for a while has heard nothing meanwhile. */
const LISTEN_STEP_MS = 250;

export class OwnSignatures {
  readonly #d: OwnSignaturesDependencies;
  /** by key */
  readonly #waiting = new Map<string, Request>();
  readonly #told = new Set<string>();
  #listening = false;
  /** steps of listening still to come */
  #stepsLeft = 0;
  #stepsWanted = 0;

  constructor(dependencies: OwnSignaturesDependencies) {
    this.#d = dependencies;
  }

  sign(data: VoteData | ProposalData, use: (signature: Uint8Array) => void): void {
    const { signer } = this.#d;
    const { epoch, slot } = data;
    const isOpen = () => this.#d.isOpen(epoch, slot);
    const place = `${epoch}/${slot}`;
    if ('parentSlot' in data) {
      this.#try({ key: `proposal ${place}`, isOpen, ask: () => signer.signProposal(data), use });
    } else this.#try({ key: `${data.kind} ${place}`, isOpen, ask: () => signer.signVote(data), use });
  }

  /** Asks again for what the signer could not give and is still of use. */
  tryAgain(): void {
    const requests = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const request of requests) if (request.isOpen()) this.#try(request);
  }

  /** Never rejects: without a higher floor the signer remembers more than it must. */
  async raiseFloor(epoch: number, slot: number): Promise<void> {
    await this.#d.signer.raiseFloor(epoch, slot).catch(this.#d.onFailure);
  }

  /** Whether the signer has been told of this signature. */
  isTold(signature: Uint8Array): boolean {
    return this.#told.has(toHex(signature));
  }

  /** @param signature of this validator, over `data`, and valid */
  observed(data: VoteData | ProposalData, signature: Uint8Array): void {
    const key = toHex(signature);
    if (this.#told.has(key)) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(key);
    this.#d.signer.observed(data).catch((error: unknown) => {
      // What the signer was not told of counts as not heard.
      this.#told.delete(key);
      this.#stepsLeft = this.#stepsWanted;
      this.#d.onFailure(error);
    });
  }

  #try(request: Request): void {
    request.ask().then(request.use, (error: unknown) => {
      const { isTransient, listenMs } = error as SigningFailure;
      if (isTransient === true) this.#keep(request);
      if (listenMs !== undefined) this.#listen(listenMs);
      this.#d.onFailure(error);
    });
  }

  #keep(request: Request): void {
    this.#waiting.set(request.key, request);
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > MAX_WAITING && oldest !== undefined) this.#waiting.delete(oldest);
  }

  #listen(milliseconds: number): void {
    if (this.#listening) return;
    this.#listening = true;
    // Up to twice as long: of two copies that start together one is heard by the other.
    this.#stepsWanted = Math.ceil((milliseconds * (1 + this.#d.random())) / LISTEN_STEP_MS);
    this.#stepsLeft = this.#stepsWanted;
    this.#nextStep();
  }

  #nextStep(): void {
    this.#d.after(LISTEN_STEP_MS, () => {
      if (this.#d.isConnected()) this.#stepsLeft--;
      if (this.#stepsLeft > 0) return this.#nextStep();
      this.#listening = false;
      this.#d.signer.listened().then(() => this.tryAgain(), this.#d.onFailure);
    });
  }
}
