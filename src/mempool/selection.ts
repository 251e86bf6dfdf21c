// Which waiting transactions a block gets: the best fee per byte first, each sender's nonces in order.

import type { TransactionEnvelope } from '../primitives/transaction.ts';
import { Heap } from './heap.ts';
import { atNonce, type Entry, paysMore, type SenderQueue, type TransactionPool } from './pool.ts';

/** In an SSZ list each transaction is preceded by an offset. */
export const LIST_OFFSET_BYTES = 4;
/** No transaction is smaller; when less is left of a block it is full. */
const SMALLEST_TRANSACTION_BYTES = 128;
/** Senders passed over because their next transaction did not fit, before a block counts as full. */
const MAX_MISFITS = 64;

export interface SelectionRules {
  /** the nonce that the sender's next transaction must have in the parent's state */
  nextNonce: (envelope: TransactionEnvelope) => number;
  /** bytes of the SSZ list of what is selected, at most */
  maxBytes: number;
  maxTransactions: number;
  /** ms; the time of the block */
  timestamp: number;
  /** ids (hex) that must not be selected */
  exclude: ReadonlySet<string>;
}

/**
 * Takes from `pool` until the block is full. Accounts are looked up only for senders whose turn comes, so the cost is
 * that of a heap over the senders plus the block's own transactions.
 */
export function selectTransactions(pool: TransactionPool, rules: SelectionRules): TransactionEnvelope[] {
  const heads: Entry[] = [];
  for (const queue of pool.queues()) heads.push(queue.entries[0] as Entry);
  const candidates = new Heap<Entry>(paysMore, undefined, heads);
  const started = new Set<SenderQueue>();
  const selected: TransactionEnvelope[] = [];
  let left = rules.maxBytes;
  let misfits = 0;
  while (left >= SMALLEST_TRANSACTION_BYTES && selected.length < rules.maxTransactions && misfits < MAX_MISFITS) {
    const entry = candidates.pop();
    if (entry === undefined) break;
    const { envelope } = entry;
    const queue = pool.queue(entry.sender);
    if (queue === undefined) continue;
    if (!started.has(queue)) {
      // The parent's unfinalized ancestors may hold the first of this queue, or something else with their nonces.
      started.add(queue);
      const next = atNonce(queue, rules.nextNonce(envelope));
      if (next !== entry) {
        if (next !== undefined) candidates.push(next);
        continue;
      }
    }
    const { validUntil } = envelope.signed.transaction;
    if ((validUntil !== 0 && validUntil < rules.timestamp) || rules.exclude.has(envelope.idHex)) continue;
    const bytes = envelope.bytes.length + LIST_OFFSET_BYTES;
    if (bytes > left) {
      misfits++;
      continue;
    }
    selected.push(envelope);
    left -= bytes;
    const following = atNonce(queue, entry.nonce + 1);
    if (following !== undefined) candidates.push(following);
  }
  return selected;
}
