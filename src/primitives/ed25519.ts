// The one Ed25519 rule of the network (docs/protocol.md §1), in portable JavaScript: what makes a signature valid, and
// how to sign. A node checks with native code (src/crypto) that must give the same verdict on every input; tests hold
// both to the same vectors. Nothing here may be replaced by a library's own `verify`: those accept other sets of
// signatures.

import { getPublicKey, hashes, sign as nobleSign, Point } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from './bytes.ts';

export const PUBLIC_KEY_BYTES = 32;
export const SEED_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** ℓ, the order of the prime subgroup (RFC 8032 §5.1). */
const GROUP_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;

// The library's synchronous functions hash with whatever stands here.
hashes.sha512 = sha512;

/**
 * Whether `signature` (64 bytes: R ‖ S) is valid: RFC 8032 without the cofactor, `[S]B − [k]A = R` compared as bytes,
 * S < ℓ, A and R canonical encodings of points whose order is not small.
 * @param publicKey A, 32 bytes.
 * @returns false, never an error, for bytes of any other length or that encode no point.
 */
export function verifyStrict(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= GROUP_ORDER) return false;
  const a = decodePoint(publicKey);
  if (a === undefined || a.isSmallOrder()) return false;
  const k = littleEndian(sha512(concatBytes(r, publicKey, message))) % GROUP_ORDER;
  const expected = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k));
  // Equal bytes make R canonical, and make its order that of `expected`.
  return equalBytes(expected.toBytes(), r) && !expected.isSmallOrder();
}

/** Whether these 32 bytes are a key under which a signature can be valid: a canonical point whose order is not small. */
export function isPublicKey(bytes: Uint8Array): boolean {
  const point = decodePoint(bytes);
  return point !== undefined && !point.isSmallOrder();
}

/** @param seed the 32-byte secret key of RFC 8032. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  return getPublicKey(seed);
}

/**
 * Signs by RFC 8032: deterministic, 64 bytes. Slow (milliseconds); a node signs with src/crypto/keys.ts.
 * @param seed the 32-byte secret key of RFC 8032.
 */
export function sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return nobleSign(message, seed);
}

function decodePoint(bytes: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(bytes);
  } catch {
    return undefined; // no canonical encoding of a point: the library says so only by throwing
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}
