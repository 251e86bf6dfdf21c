// What the mempool answers: accepted, known, or rejected with a stable code; and why something was dropped later.

import type { InvalidReason } from '../ledger/rules.ts';
import type { SignatureFault } from '../primitives/action-signatures.ts';

export type RejectCode =
  | InvalidReason
  | SignatureFault
  /** the balance does not cover what the sender has waiting and this */
  | 'INSUFFICIENT_FUNDS'
  /** as many of this sender are waiting as may */
  | 'SENDER_LIMIT'
  /** one with this nonce is waiting and this does not offer clearly more */
  | 'REPLACEMENT_FEE_TOO_LOW'
  /** those waiting offer as much per byte or more, or too many signatures are being checked */
  | 'MEMPOOL_FULL';

export interface Rejection {
  readonly status: 'rejected';
  readonly code: RejectCode;
  /** for people; may change */
  readonly detail: string;
}

export type AddResult = { readonly status: 'accepted' } | { readonly status: 'known' } | Rejection;

/** Why a transaction that was accepted is not waiting any more, other than being finalized. */
export type DropReason =
  | 'REPLACED'
  | 'EVICTED'
  | 'EXPIRED'
  /** another transaction of the sender with its nonce is final */
  | 'NONCE_TOO_LOW'
  /** the balance does not cover what the sender has waiting any more */
  | 'INSUFFICIENT_FUNDS'
  /** the minimum has risen with the epoch */
  | 'FEE_TOO_LOW';

export function rejected(code: RejectCode, detail: string): Rejection {
  return { status: 'rejected', code, detail };
}
