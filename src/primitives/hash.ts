// The one hash function of the protocol: SHA-256 (docs/protocol.md §1).

import { digest, digest64, digest64Into } from '@chainsafe/as-sha256';

/** A 32-byte SHA-256 digest. */
export type Hash = Uint8Array;

export const HASH_BYTES = 32;
export const ZERO_HASH: Hash = new Uint8Array(HASH_BYTES);

export function sha256(data: Uint8Array): Hash {
  return digest(data);
}

/** SHA-256 of exactly 64 bytes: an inner node of a binary tree. */
export function sha256Pair(pair: Uint8Array): Hash {
  return digest64(pair);
}

/** `sha256Pair` without an allocation, for whole trees of them. @param output 32 bytes that take the digest */
export function sha256PairInto(pair: Uint8Array, output: Uint8Array): void {
  digest64Into(pair, output);
}
