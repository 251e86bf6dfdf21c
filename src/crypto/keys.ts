// Ed25519 key pairs of this node: native signing, and native verification on the calling thread. Which signatures are
// valid is decided in primitives/ed25519.ts; this must agree with it, and tests hold it to that.

import { randomBytes } from 'node:crypto';
import { crypto_sign_detached, crypto_sign_seed_keypair, crypto_sign_verify_detached } from 'sodium-native';
import { PUBLIC_KEY_BYTES, SEED_BYTES, SIGNATURE_BYTES } from '../primitives/ed25519.ts';

/** seed ‖ public key, as libsodium wants it. */
const SECRET_KEY_BYTES = 64;

/** A secret key with its public key. Printing one or turning it into JSON shows only the public key. */
export class KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  // Private, so that nobody can sign under a public key that is not this seed's: that would give the secret away.
  readonly #secretKey: Uint8Array;

  /** @param seed the 32-byte secret key of RFC 8032. */
  constructor(seed: Uint8Array) {
    if (seed.length !== SEED_BYTES) throw new RangeError(`a seed has ${SEED_BYTES} bytes, this one ${seed.length}`);
    this.publicKey = new Uint8Array(PUBLIC_KEY_BYTES);
    this.#secretKey = new Uint8Array(SECRET_KEY_BYTES);
    crypto_sign_seed_keypair(this.publicKey, this.#secretKey, seed);
  }

  static generate(): KeyPair {
    return new KeyPair(randomBytes(SEED_BYTES));
  }

  /** A copy of the 32-byte secret key. */
  get seed(): Uint8Array {
    return this.#secretKey.slice(0, SEED_BYTES);
  }

  /** Signs on the calling thread, tens of microseconds; deterministic, 64 bytes. */
  sign(message: Uint8Array): Uint8Array {
    const signature = new Uint8Array(SIGNATURE_BYTES);
    crypto_sign_detached(signature, message, this.#secretKey);
    return signature;
  }
}

/** The verdict of `verifyStrict` in native code, on the calling thread (tens of microseconds). */
export function verifyNative(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  return crypto_sign_verify_detached(signature, message, publicKey);
}
