// A block that is known to be final from outside of the chain: its operator has been told by somebody. Whatever way leads
// to its height, no other block is ever stored there.

import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { ChainError } from './errors.ts';

export interface Checkpoint {
  readonly height: number;
  readonly hash: Hash;
}

/**
 * @param hash of the block that the chain has, or is to have, at that height
 * @throws {ChainError} NOT_CHECKPOINT
 */
export function assertCheckpoint(checkpoint: Checkpoint | undefined, height: number, hash: Hash): void {
  if (checkpoint?.height !== height || equalBytes(checkpoint.hash, hash)) return;
  throw new ChainError(
    'NOT_CHECKPOINT',
    `block ${height} is ${toHex(hash)} and not that of the checkpoint, ${toHex(checkpoint.hash)}: unless the checkpoint ` +
      "is wrong, the chain in this node's database is a forgery that leads past it; begin anew with an empty data directory",
  );
}
