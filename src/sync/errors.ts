// What a peer may get wrong when it is asked for blocks or for a snapshot. A lying peer costs time, never state.

import type { OffenceKind } from '../network/offences.ts';

export type SyncErrorCode =
  /** bytes that are no block, or not the block that was asked for */
  | 'WRONG_BLOCK'
  /** the blocks do not follow each other from our head */
  | 'BROKEN_CHAIN'
  /** a block of an epoch that is over, or has not begun */
  | 'WRONG_EPOCH'
  /** a certificate whose signatures do not hold */
  | 'BAD_CERTIFICATE'
  /** many blocks and no Final among them, or none at an epoch's end: nothing can be believed */
  | 'NO_FINAL'
  /** the boundary of an epoch that does not follow from what is trusted */
  | 'WRONG_BOUNDARY'
  /** a chunk that is not that part of the state */
  | 'WRONG_CHUNK'
  /** bytes that are no answer */
  | 'MALFORMED';

/** A chain that was without a Final for long may be honest. */
export const OFFENCES: Readonly<Record<SyncErrorCode, OffenceKind>> = {
  WRONG_BLOCK: 'untrue',
  BROKEN_CHAIN: 'untrue',
  WRONG_EPOCH: 'untrue',
  BAD_CERTIFICATE: 'untrue',
  NO_FINAL: 'nuisance',
  WRONG_BOUNDARY: 'untrue',
  WRONG_CHUNK: 'untrue',
  MALFORMED: 'violation',
};

export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly code: SyncErrorCode;

  constructor(code: SyncErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
