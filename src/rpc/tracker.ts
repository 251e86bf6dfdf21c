// Who waits for which transaction, which blocks are notarized but not yet final, and what the mempool has let go of.

import { LRUCache } from 'lru-cache';
import type { DropReason } from '../mempool/results.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';
import type { IncludedTransaction } from './blocks.ts';
import type { EventSource, ExecutedBlock, FinalizedEvent, NotarizedEvent } from './dependencies.ts';

export const WAIT_LEVELS = ['notarized', 'finalized'] as const;
export type WaitLevel = (typeof WAIT_LEVELS)[number];

export type WaitOutcome =
  | { readonly status: WaitLevel; readonly included: IncludedTransaction }
  /** it waits no more on this node, and is in no notarized block either */
  | { readonly status: 'dropped'; readonly reason: DropReason }
  /** time ran out, the client left or the server stops */
  | { readonly status: 'timeout' | 'aborted' | 'stopped' };

/** Notarized blocks above the last finalized one; a healthy chain has one or two. */
const MAX_NOTARIZED = 64;
/** Dropped transactions that are remembered, the newest: about 2 MB, and more than one client asks for in minutes. */
export const MAX_DROPPED = 16_384;

/** A wait that began when it was made, so that nothing which happens afterwards is missed. */
export interface Expectation {
  /** Call once. */
  outcome(timeoutMs: number, signal: AbortSignal): Promise<WaitOutcome>;
  /** Ends the wait; does nothing when it has ended. */
  cancel(): void;
}

interface Waiter {
  readonly level: WaitLevel;
  settle(outcome: WaitOutcome): void;
}

export class TransactionTracker {
  readonly #events: EventSource;
  readonly #maxWaits: number;
  readonly #waiters = new Map<string, Set<Waiter>>();
  #notarized: ExecutedBlock[] = [];
  /** by id; those that came back stay, and whoever asks looks in the mempool before */
  readonly #dropped = new LRUCache<string, DropReason>({ max: MAX_DROPPED });
  #waits = 0;
  #stopped = false;

  constructor(events: EventSource, maxWaits: number) {
    this.#events = events;
    this.#maxWaits = maxWaits;
  }

  start(): void {
    this.#events.on('notarized', this.#onNotarized);
    this.#events.on('finalized', this.#onFinalized);
    this.#events.on('dropped', this.#onDropped);
  }

  /** Every wait ends with `stopped`. */
  stop(): void {
    this.#stopped = true;
    this.#events.off('notarized', this.#onNotarized);
    this.#events.off('finalized', this.#onFinalized);
    this.#events.off('dropped', this.#onDropped);
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.settle({ status: 'stopped' });
    this.#notarized = [];
  }

  /** The transaction in a block that is notarized and not finalized. */
  notarized(id: Hash): IncludedTransaction | undefined {
    for (const block of this.#notarized) {
      const index = block.receipts.findIndex((receipt) => equalBytes(receipt.transactionId, id));
      if (index !== -1) return { block, index };
    }
    return undefined;
  }

  /** Why the mempool let go of it, the last time; undefined when it did not, when it was long ago, and of what is final. */
  dropped(idHex: string): DropReason | undefined {
    // Asking keeps none alive: the newest are remembered.
    return this.#dropped.peek(idHex);
  }

  /** @returns undefined when too many wait already. */
  expect(idHex: string, level: WaitLevel): Expectation | undefined {
    if (this.#waits >= this.#maxWaits) return undefined;
    let settle: (outcome: WaitOutcome) => void = () => undefined;
    const settled = new Promise<WaitOutcome>((resolve) => {
      settle = resolve;
    });
    const waiter: Waiter = { level, settle };
    this.#add(idHex, waiter);
    if (this.#stopped) settle({ status: 'stopped' });
    const cancel = () => this.#remove(idHex, waiter);
    return {
      cancel,
      async outcome(timeoutMs, signal) {
        const abort = () => settle({ status: 'aborted' });
        const timer = setTimeout(() => settle({ status: 'timeout' }), timeoutMs);
        signal.addEventListener('abort', abort, { once: true });
        if (signal.aborted) abort();
        try {
          return await settled;
        } finally {
          clearTimeout(timer);
          signal.removeEventListener('abort', abort);
          cancel();
        }
      },
    };
  }

  #add(idHex: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(idHex);
    if (waiters === undefined) this.#waiters.set(idHex, new Set([waiter]));
    else waiters.add(waiter);
    this.#waits++;
  }

  #remove(idHex: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(idHex);
    if (waiters === undefined || !waiters.delete(waiter)) return;
    this.#waits--;
    if (waiters.size === 0) this.#waiters.delete(idHex);
  }

  readonly #onNotarized = ({ hash, block, receipts, envelopes }: NotarizedEvent): void => {
    const executed = { hash, block, receipts };
    // One block can be notarized in several slots.
    if (!this.#notarized.some((other) => equalBytes(other.hash, hash))) this.#notarized.push(executed);
    if (this.#notarized.length > MAX_NOTARIZED) this.#notarized.shift();
    this.#settle('notarized', executed, envelopes);
  };

  readonly #onFinalized = ({ hash, block, receipts, envelopes }: FinalizedEvent): void => {
    const { height } = block.header;
    this.#notarized = this.#notarized.filter((other) => other.block.header.height > height);
    for (const { idHex } of envelopes) this.#dropped.delete(idHex);
    this.#settle('finalized', { hash, block, receipts }, envelopes);
  };

  readonly #onDropped = ({ id, idHex }: TransactionEnvelope, reason: DropReason): void => {
    this.#dropped.set(idHex, reason);
    const waiters = this.#waiters.get(idHex);
    // What is notarized may become final all the same.
    if (waiters === undefined || this.notarized(id) !== undefined) return;
    for (const waiter of waiters) waiter.settle({ status: 'dropped', reason });
  };

  #settle(status: WaitLevel, block: ExecutedBlock, envelopes: readonly TransactionEnvelope[]): void {
    if (this.#waits === 0) return;
    for (const [index, { idHex }] of envelopes.entries()) {
      for (const waiter of this.#waiters.get(idHex) ?? []) {
        if (status === 'finalized' || waiter.level === 'notarized')
          waiter.settle({ status, included: { block, index } });
      }
    }
  }
}
