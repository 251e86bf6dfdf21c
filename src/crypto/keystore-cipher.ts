// The encrypted part of a keystore: the seed under XChaCha20-Poly1305, with a key that scrypt makes of a passphrase.
// The public key is authenticated with it, so that a file cannot be relabelled.

import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { z } from 'zod';
import { fromHex, toHex } from '../primitives/bytes.ts';
import { SEED_BYTES } from '../primitives/ed25519.ts';
import type { KeyPair } from './keys.ts';
import { KeystoreError } from './keystore-error.ts';

/** 2^17: 128 MiB and about half a second for each guess of a passphrase. */
const SCRYPT_N = 1 << 17;
/** What a file may ask of its reader: up to 1 GiB. Less than what is written was never written. */
const MAX_SCRYPT_N = 1 << 20;
const SCRYPT_R = 8;
const SCRYPT_P = 1;
const SALT_BYTES = 32;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;

export const EncryptedSeed = z.strictObject({
  kdf: z.literal('scrypt'),
  n: z
    .int()
    .min(SCRYPT_N)
    .max(MAX_SCRYPT_N)
    .refine((n) => (n & (n - 1)) === 0, 'expected a power of two'),
  r: z.literal(SCRYPT_R),
  p: z.literal(SCRYPT_P),
  salt: hexOf(SALT_BYTES),
  cipher: z.literal('xchacha20-poly1305'),
  nonce: hexOf(NONCE_BYTES),
  ciphertext: hexOf(SEED_BYTES + TAG_BYTES),
});
export type EncryptedSeed = z.infer<typeof EncryptedSeed>;

/** @throws {KeystoreError} EMPTY_PASSPHRASE */
export async function encryptSeed(key: KeyPair, passphrase: string): Promise<EncryptedSeed> {
  if (passphrase.length === 0) {
    throw new KeystoreError(
      'EMPTY_PASSPHRASE',
      'an empty passphrase protects nothing: choose one, or a plain keystore',
    );
  }
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const secret = await deriveKey(passphrase, salt, SCRYPT_N);
  return {
    kdf: 'scrypt',
    n: SCRYPT_N,
    r: SCRYPT_R,
    p: SCRYPT_P,
    salt: toHex(salt),
    cipher: 'xchacha20-poly1305',
    nonce: toHex(nonce),
    ciphertext: toHex(xchacha20poly1305(secret, nonce, key.publicKey).encrypt(key.seed)),
  };
}

/** @returns undefined when the passphrase is wrong or anything was altered. */
export async function decryptSeed(
  encrypted: EncryptedSeed,
  publicKey: Uint8Array,
  passphrase: string,
): Promise<Uint8Array | undefined> {
  const secret = await deriveKey(passphrase, fromHex(encrypted.salt), encrypted.n);
  try {
    return xchacha20poly1305(secret, fromHex(encrypted.nonce), publicKey).decrypt(fromHex(encrypted.ciphertext));
  } catch {
    return undefined; // the tag does not match: the library says so only by throwing
  }
}

const scryptAsync = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt);

/** NFKC: one passphrase typed on two keyboards is one passphrase. */
function deriveKey(passphrase: string, salt: Uint8Array, n: number): Promise<Uint8Array> {
  const maxmem = 2 * 128 * n * SCRYPT_R;
  return scryptAsync(passphrase.normalize('NFKC'), salt, 32, { N: n, r: SCRYPT_R, p: SCRYPT_P, maxmem });
}

/** Lower-case hex of so many bytes. */
export function hexOf(bytes: number): z.ZodString {
  return z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `expected ${2 * bytes} lower-case hex digits`);
}
