// The encrypted part of a file with a secret: under XChaCha20-Poly1305, with a key that scrypt makes of a passphrase.
// What the file says in the open is authenticated with it, so that it cannot be relabelled.

import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { z } from 'zod';
import { fromHex, toHex } from '../primitives/bytes.ts';
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

const COMMON = {
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
};

/** As it stands in the JSON of a file. */
export type Encrypted = z.infer<z.ZodObject<typeof COMMON & { ciphertext: z.ZodString }>>;

/** The form of a secret of so many bytes, or of at most so many. */
export function encryptedForm(bytes: number, length: 'exactly' | 'at most') {
  const digits = 2 * (bytes + TAG_BYTES);
  const ciphertext =
    length === 'exactly'
      ? hexOf(bytes + TAG_BYTES)
      : z
          .string()
          .max(digits)
          .regex(/^(?:[0-9a-f]{2})+$/, 'expected lower-case hex digits');
  return z.strictObject({ ...COMMON, ciphertext });
}

/**
 * @param open what is authenticated along with the secret, and not hidden
 * @throws {KeystoreError} EMPTY_PASSPHRASE
 */
export async function encrypt(plain: Uint8Array, open: Uint8Array, passphrase: string): Promise<Encrypted> {
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
    ciphertext: toHex(xchacha20poly1305(secret, nonce, open).encrypt(plain)),
  };
}

/** @returns undefined when the passphrase is wrong or anything was altered. */
export async function decrypt(
  encrypted: Encrypted,
  open: Uint8Array,
  passphrase: string,
): Promise<Uint8Array | undefined> {
  const secret = await deriveKey(passphrase, fromHex(encrypted.salt), encrypted.n);
  try {
    return xchacha20poly1305(secret, fromHex(encrypted.nonce), open).decrypt(fromHex(encrypted.ciphertext));
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
