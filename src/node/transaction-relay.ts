// Transactions on their way between mempool and gossip: what clients of this node submit is gathered into batches and
// published; batches from peers are checked as a whole and judged.

import { SerializedList } from '@chainsafe/ssz';
import type { Mempool } from '../mempool/mempool.ts';
import type { AddResult } from '../mempool/results.ts';
import type { Verdict } from '../network/network.ts';
import { decodeTransaction, type TransactionEnvelope } from '../primitives/transaction.ts';
import { MAX_BATCH_TRANSACTIONS, TransactionBatch } from '../primitives/wire.ts';
import type { Logger } from '../telemetry/logger.ts';

/** A lone transaction leaves at once; what comes within this time (ms) after it leaves together. */
const GATHER_MS = 25;
/** A batch leaves before it has more bytes than this: larger gossip messages delay votes behind them. */
const MAX_BATCH_BYTES = 128 * 1024;
/** Reasons that are the sender's fault on every node at every time; others depend on this node's head. */
const BLAMED: ReadonlySet<string> = new Set(['BAD_SIGNATURE', 'BAD_PROOF', 'BAD_EVIDENCE', 'TOO_LARGE']);

/**
 * So long after a start, and after there was no room in the mempool, this node lacks transactions that others have, and with
 * them the nonces that the next ones follow: as long as what waits takes to be included.
 */
const INCOMPLETE_MS = 30_000;

export interface RelayOptions {
  readonly mempool: Pick<Mempool, 'add' | 'addBatch'>;
  readonly publish: (batch: Uint8Array) => Promise<void>;
  /** A client's transaction was accepted. */
  readonly onSubmitted: (envelope: TransactionEnvelope) => void;
  readonly onRejected: (code: string) => void;
  /** ms of a clock that never goes back */
  readonly now: () => number;
  readonly logger: Logger;
}

export class TransactionRelay {
  readonly #o: RelayOptions;
  #waiting: TransactionEnvelope[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #incompleteAt: number;

  constructor(options: RelayOptions) {
    this.#o = options;
    this.#incompleteAt = options.now();
  }

  /** Takes a transaction from a client of this node. */
  async submit(envelope: TransactionEnvelope): Promise<AddResult> {
    const result = await this.#o.mempool.add(envelope);
    if (result.status === 'accepted') {
      this.#o.onSubmitted(envelope);
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
    for (const result of results) this.#count(result);
    if (results.some((result) => result.status === 'rejected' && BLAMED.has(result.code))) return 'reject';
    if (results.some(({ status }) => status === 'accepted')) return 'accept';
    return this.#o.now() - this.#incompleteAt < INCOMPLETE_MS ? 'unjudged' : 'ignore';
  }

  /** Publishes what was gathered and nothing more; what the mempool is still checking may be accepted after this. */
  stop(): void {
    this.#flush();
    this.#stopped = true;
    clearTimeout(this.#timer);
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
    const batch = TransactionBatch.serialize(SerializedList.fromArray(this.#waiting.map(({ bytes }) => bytes)));
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#timer = setTimeout(() => this.#flush(), GATHER_MS);
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
