// The transactions waiting, as a data structure: a queue of contiguous nonces per sender, who must make room when it
// is full, and who has expired. It knows nothing of accounts, signatures or blocks; rules live in mempool.ts.

import { addressKey } from '../primitives/address.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';
import { Heap } from './heap.ts';

export interface Entry {
  readonly envelope: TransactionEnvelope;
  /** `senderKey` of the envelope */
  readonly sender: string;
  readonly nonce: number;
  /** fee and amounts sent: what the sender may lose by it */
  readonly debit: bigint;
  /** units per byte as a float: it orders transactions, it never decides what is valid */
  readonly rate: number;
  /** order of arrival; a replacement takes over the place of what it replaces */
  sequence: number;
  /**
   * What including it is worth: the lowest rate among it and those of its sender before it, since a block can't hold
   * it without them. Never rises along a queue, so the least worthy of a sender is always its last.
   */
  priority: number;
  /** positions in the heaps below */
  evictionPosition: number;
  expiryPosition: number;
}

/** One sender's transactions with nonces `first, first + 1, …`; never empty while it is in a pool. */
export interface SenderQueue {
  readonly entries: Entry[];
}

/** @param debit fee and amounts sent, in units */
export function entryOf(envelope: TransactionEnvelope, sender: string, debit: bigint): Entry {
  const { nonce, fee } = envelope.signed.transaction;
  const rate = Number(fee) / envelope.bytes.length;
  return { envelope, sender, nonce, debit, rate, sequence: 0, priority: rate, evictionPosition: 0, expiryPosition: 0 };
}

/** Under what a sender is known here: hex of its address. */
export function senderKey(envelope: TransactionEnvelope): string {
  return addressKey(envelope.from);
}

/** The entry with this nonce. */
export function atNonce(queue: SenderQueue, nonce: number): Entry | undefined {
  const first = queue.entries[0];
  return first === undefined ? undefined : queue.entries[nonce - first.nonce];
}

/** Higher fee rate first, then the earlier arrival. */
export function paysMore(a: Entry, b: Entry): boolean {
  return a.rate === b.rate ? a.sequence < b.sequence : a.rate > b.rate;
}

function evictedSooner(a: Entry, b: Entry): boolean {
  return a.priority === b.priority ? a.sequence > b.sequence : a.priority < b.priority;
}

function expiresSooner(a: Entry, b: Entry): boolean {
  return validUntil(a) < validUntil(b);
}

function validUntil(entry: Entry): number {
  return entry.envelope.signed.transaction.validUntil;
}

export interface PoolBounds {
  readonly maxTransactions: number;
  readonly maxBytes: number;
}

export class TransactionPool {
  readonly #bounds: PoolBounds;
  readonly #byId = new Map<string, Entry>();
  readonly #senders = new Map<string, SenderQueue>();
  readonly #eviction = new Heap<Entry>(evictedSooner, (entry, position) => {
    entry.evictionPosition = position;
  });
  /** Only entries with a validUntil. */
  readonly #expiry = new Heap<Entry>(expiresSooner, (entry, position) => {
    entry.expiryPosition = position;
  });
  #bytes = 0;
  #sequence = 0;

  constructor(bounds: PoolBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#byId.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(idHex: string): Entry | undefined {
    return this.#byId.get(idHex);
  }

  queue(sender: string): SenderQueue | undefined {
    return this.#senders.get(sender);
  }

  queues(): IterableIterator<SenderQueue> {
    return this.#senders.values();
  }

  /**
   * Who must go so that `entry` fits, in the order in which to drop them; `undefined` when those who would have to go
   * are worth as much as it is. Changes nothing.
   */
  roomFor(entry: Entry): Entry[] | undefined {
    const queue = this.#senders.get(entry.sender);
    const replaced = queue && atNonce(queue, entry.nonce);
    const previous = queue && atNonce(queue, entry.nonce - 1);
    const priority = Math.min(entry.rate, previous?.priority ?? entry.rate);
    let size = this.size + 1 - (replaced ? 1 : 0);
    let bytes = this.#bytes + entry.envelope.bytes.length - (replaced?.envelope.bytes.length ?? 0);
    const popped: Entry[] = [];
    const victims: Entry[] = [];
    while (size > this.#bounds.maxTransactions || bytes > this.#bounds.maxBytes) {
      const lowest = this.#eviction.peek();
      if (lowest === undefined || lowest.priority >= priority) break;
      this.#eviction.pop();
      popped.push(lowest);
      if (lowest === replaced) continue;
      victims.push(lowest);
      size--;
      bytes -= lowest.envelope.bytes.length;
    }
    for (const one of popped) this.#eviction.push(one);
    return size > this.#bounds.maxTransactions || bytes > this.#bounds.maxBytes ? undefined : victims;
  }

  /**
   * Puts `entry` at the end of its sender's queue or in the place of the one with its nonce.
   * @returns the entry that it replaced.
   * @throws {RangeError} when its nonce leaves a gap.
   */
  insert(entry: Entry): Entry | undefined {
    const queue = this.#senders.get(entry.sender) ?? { entries: [] };
    const first = queue.entries[0]?.nonce ?? entry.nonce;
    const index = entry.nonce - first;
    if (index < 0 || index > queue.entries.length) throw new RangeError(`nonce ${entry.nonce} leaves a gap`);
    const replaced = queue.entries[index];
    if (replaced !== undefined) this.#forget(replaced);
    entry.sequence = replaced?.sequence ?? this.#sequence++;
    queue.entries[index] = entry;
    this.#senders.set(entry.sender, queue);
    this.#byId.set(entry.envelope.idHex, entry);
    this.#bytes += entry.envelope.bytes.length;
    this.#eviction.push(entry);
    if (validUntil(entry) !== 0) this.#expiry.push(entry);
    this.#rank(queue, index);
    return replaced;
  }

  /** Drops `entry` and those of its sender after it, which can't be included without it. */
  dropFrom(entry: Entry): Entry[] {
    const queue = this.#senders.get(entry.sender);
    const index = queue?.entries.indexOf(entry) ?? -1;
    if (queue === undefined || index < 0) return [];
    return this.#drop(entry.sender, queue, index, queue.entries.length - index);
  }

  /** Drops what the sender has below `nonce`. */
  dropBelow(sender: string, nonce: number): Entry[] {
    const queue = this.#senders.get(sender);
    const first = queue?.entries[0];
    if (queue === undefined || first === undefined || first.nonce >= nonce) return [];
    return this.#drop(sender, queue, 0, Math.min(nonce - first.nonce, queue.entries.length));
  }

  /** An entry that no block after `timestamp` (ms) may hold. */
  expired(timestamp: number): Entry | undefined {
    const first = this.#expiry.peek();
    return first !== undefined && validUntil(first) <= timestamp ? first : undefined;
  }

  #drop(sender: string, queue: SenderQueue, index: number, count: number): Entry[] {
    const dropped = queue.entries.splice(index, count);
    for (const entry of dropped) this.#forget(entry);
    if (queue.entries.length === 0) this.#senders.delete(sender);
    else this.#rank(queue, index);
    return dropped;
  }

  #forget(entry: Entry): void {
    this.#byId.delete(entry.envelope.idHex);
    this.#bytes -= entry.envelope.bytes.length;
    this.#eviction.remove(entry.evictionPosition);
    if (validUntil(entry) !== 0) this.#expiry.remove(entry.expiryPosition);
  }

  /** Recomputes priorities from `index` on. */
  #rank(queue: SenderQueue, index: number): void {
    let lowest = queue.entries[index - 1]?.priority ?? Number.POSITIVE_INFINITY;
    for (let i = index; i < queue.entries.length; i++) {
      const entry = queue.entries[i] as Entry;
      lowest = Math.min(lowest, entry.rate);
      if (entry.priority === lowest) continue;
      entry.priority = lowest;
      this.#eviction.update(entry.evictionPosition);
    }
  }
}
