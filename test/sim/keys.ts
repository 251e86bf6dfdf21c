// Stand-ins for Ed25519, a hundred times as fast: anybody could make these signatures, but none holds for another key,
// message, network or kind of message than it was made for.

import { concatBytes, equalBytes } from '../../src/primitives/bytes.ts';
import { type Hash, sha256 } from '../../src/primitives/hash.ts';
import type { SignatureCheck } from '../../src/primitives/signing.ts';

/** Part of everything that is signed. */
export const GENESIS_HASH: Hash = sha256(new TextEncoder().encode('a simulated network'));

/** In the order of the members. */
export function publicKeyOf(member: number): Uint8Array {
  return new Uint8Array(32).fill(member + 1);
}

export function sign(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const digest = sha256(concatBytes(message, publicKey));
  return concatBytes(digest, digest);
}

export function holds({ publicKey, message, signature }: SignatureCheck): boolean {
  return equalBytes(signature, sign(publicKey, message));
}
