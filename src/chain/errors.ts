// What can go wrong in the chain other than a block being invalid, as one error class with stable codes.

import type { Fault } from './rules.ts';

export type ChainErrorCode =
  /** the block was never executed here, or was dropped; fetch it and verify it first */
  | 'UNKNOWN_BLOCK'
  /** a certificate finalizes a block that contradicts what is final: two Finals exist, the network has been split */
  | 'CONFLICT'
  /** the certificate is of another block or epoch, or no Final where the last block of an epoch needs one */
  | 'WRONG_CERTIFICATE'
  /** another block than the one that the operator knows to be final */
  | 'NOT_CHECKPOINT'
  /** a synced block is not valid */
  | 'INVALID_BLOCK'
  /** a synced block does not follow the head */
  | 'MISSING_PARENT'
  /** the block that this node was asked to build would break a rule */
  | 'INVALID_REQUEST'
  /** too many executed blocks wait for a Final */
  | 'TREE_FULL'
  /** from the next block on the network speaks a newer version of the protocol than this node */
  | 'UPGRADE_REQUIRED'
  /** after `stop()` */
  | 'STOPPED';

export class ChainError extends Error {
  override readonly name = 'ChainError';
  readonly code: ChainErrorCode;
  /** what is wrong with the block, when the code is INVALID_BLOCK */
  readonly fault: Fault | undefined;

  constructor(code: ChainErrorCode, message: string, fault?: Fault) {
    super(message);
    this.code = code;
    this.fault = fault;
  }
}
