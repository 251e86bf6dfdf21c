// Transactions on their way between mempool and gossip: what clients of this node submit is gathered into batches and
// published, and again when it waits for long; batches from peers are checked as a whole and judged.

import { SerializedList } from '@chainsafe/ssz';
import type { Mempool } from '../mempool/mempool.ts';
import type { AddResult } from '../mempool/results.ts';
import type { Verdict } from '../network/network.ts';
import { decodeTransaction, type TransactionEnvelope } from '../primitives/transaction.ts';
import { MAX_BATCH_TRANSACTIONS, TransactionBatch } from '../primitives/wire.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Announcements } from './announcements.ts';

/** A lone transaction leaves at once; what comes within this time (ms) after it leaves together. */
const GATHER_MS = 25;
/** A batch leaves before it has more bytes than this: larger gossip messages delay votes behind them. */
const MAX_BATCH_BYTES = 128 * 1024;
/** Between two looks at what is to be said again (ms): at most a batch each time. */
const AGAIN_MS = 1000;
/** Reasons that are the sender's fault on every node at every time; others depend on this node's head. */
const BLAMED: ReadonlySet<string> = new Set(['BAD_SIGNATURE', 'BAD_PROOF', 'BAD_EVIDENCE', 'TOO_LARGE']);

/**
 * So long after a start, and after there was no room in the mempool, this node lacks transactions that others have, and with
 * them the nonces that the next ones follow: as long as what waits takes to be included.
 */
const INCOMPLETE_MS = 30_000;

export interface RelayOptions {
  readonly mempool: Pick<Mempool, 'add' | 'addBatch' | 'has'>;
  readonly publish: (batch: Uint8Array) => Promise<void>;
  /** A client's transaction was accepted. */
  readonly onSubmitted: (envelope: TransactionEnvelope) => void;
  readonly onRejected: (code: string) => void;
  readonly logger: Logger;
  /** ms of a clock that never goes back */
  readonly now: () => number;
  /** in [0, 1) */
  readonly random: () => number;
}

export class TransactionRelay {
  readonly #o: RelayOptions;
  readonly #announcements: Announcements;
  readonly #again: NodeJS.Timeout;
  #waiting: TransactionEnvelope[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #incompleteAt: number;

  constructor(options: RelayOptions) {
    this.#o = options;
    const { now, random, mempool } = options;
    this.#incompleteAt = now();
    this.#announcements = new Announcements({ now, random, isWaiting: (idHex) => mempool.has(idHex) });
    this.#again = setInterval(() => this.#sayAgain(), AGAIN_MS).unref();
  }

  /** Takes a transaction from a client of this node. */
  async submit(envelope: TransactionEnvelope): Promise<AddResult> {
    const result = await this.#o.mempool.add(envelope);
    if (result.status === 'accepted') {
      this.#o.onSubmitted(envelope);
      this.#announcements.heard(envelope, 'client');
      this.#enqueue(envelope);
    } else this.#count(result);
    return result;
  }

  /** Takes a batch from a peer. @param bytes ssz(TransactionBatch) */
  async receive(bytes: Uint8Array): Promise<Verdict> {
    let envelopes: TransactionEnvelope[];
    try {
      envelopes = Array.from(TransactionBatch.deserialize(bytes), (one) => decodeTransaction(one));
    } catch {
      return 'reject'; // no encoding of a batch
    }
    if (envelopes.length === 0) return 'reject';
    const results = await this.#o.mempool.addBatch(envelopes);
    for (const [index, result] of results.entries()) {
      this.#count(result);
      const envelope = envelopes[index];
      if (result.status !== 'rejected' && envelope !== undefined) this.#announcements.heard(envelope, 'peer');
    }
    if (results.some((result) => result.status === 'rejected' && BLAMED.has(result.code))) return 'reject';
    if (results.some(({ status }) => status === 'accepted')) return 'accept';
    return this.#o.now() - this.#incompleteAt < INCOMPLETE_MS ? 'unjudged' : 'ignore';
  }

  /**
   * Takes what a proposal names and had to be asked for: the next one may name it too. It is not passed on: whoever has
   * the proposal asks for it as well.
   * @param transactions ssz(SignedTransaction) each
   */
  fetched(transactions: readonly Uint8Array[]): void {
    // After the block's own checks have begun, which are the more urgent ones: signatures are checked once.
    setImmediate(() => {
      const envelopes = transactions.flatMap((bytes) => decoded(bytes) ?? []);
      this.#o.mempool.addBatch(envelopes).catch((error: unknown) => {
        this.#o.logger.warn({ err: error }, 'fetched transactions could not be checked');
      });
    });
  }

  /** Whether peers may not have a transaction of this node's clients yet. */
  isFresh(idHex: string): boolean {
    return this.#announcements.isFresh(idHex);
  }

  /** A peer is connected that may lack what waits here. */
  peerCame(): void {
    this.#announcements.peerCame();
  }

  /** Publishes what was gathered and nothing more; what the mempool is still checking may be accepted after this. */
  stop(): void {
    this.#flush();
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#again);
  }

  #enqueue(envelope: TransactionEnvelope): void {
    if (this.#stopped) return;
    if (this.#waitingBytes + envelope.bytes.length > MAX_BATCH_BYTES) this.#flush();
    this.#waiting.push(envelope);
    this.#waitingBytes += envelope.bytes.length;
    if (this.#waiting.length >= MAX_BATCH_TRANSACTIONS || this.#timer === undefined) this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#timer = setTimeout(() => this.#flush(), GATHER_MS);
    this.#publish(waiting);
  }

  #sayAgain(): void {
    const due = this.#announcements.due(MAX_BATCH_BYTES);
    for (let from = 0; from < due.length; from += MAX_BATCH_TRANSACTIONS) {
      this.#publish(due.slice(from, from + MAX_BATCH_TRANSACTIONS));
    }
  }

  #publish(envelopes: readonly TransactionEnvelope[]): void {
    const batch = TransactionBatch.serialize(SerializedList.fromArray(envelopes.map(({ bytes }) => bytes)));
    this.#o.publish(batch).catch((error: unknown) => {
      this.#o.logger.debug({ err: error }, 'transactions could not be published');
    });
  }

  #count(result: AddResult): void {
    if (result.status !== 'rejected') return;
    if (result.code === 'MEMPOOL_FULL') this.#incompleteAt = this.#o.now();
    this.#o.onRejected(result.code);
  }
}

function decoded(bytes: Uint8Array): TransactionEnvelope | undefined {
  try {
    return decodeTransaction(bytes);
  } catch {
    return undefined; // whoever proposed it is judged by its block
  }
}
