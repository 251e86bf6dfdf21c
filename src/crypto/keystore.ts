// Keystore files: one key pair each, as JSON, encrypted under a passphrase or plain for a devnet and saying so. A file
// is never overwritten, and the key that comes out of it is always the one that its public fields name.

import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { addressOf, formatAddress } from '../primitives/address.ts';
import { fromHex, toHex } from '../primitives/bytes.ts';
import { SEED_BYTES } from '../primitives/ed25519.ts';
import { createDurably, isSystemError } from './durable-file.ts';
import { KeyPair } from './keys.ts';
import { decrypt, encrypt, encryptedForm, hexOf } from './keystore-cipher.ts';
import { KeystoreError } from './keystore-error.ts';

export { KeystoreError } from './keystore-error.ts';

const VERSION = 1;
/** A keystore has well under 1 kB; anything much larger is some other file. */
const MAX_FILE_BYTES = 16 * 1024;
const EXTENSION = '.json';
const PLAIN_WARNING = 'NOT ENCRYPTED: whoever reads this file owns the key. For a devnet only.';

const COMMON = { version: z.literal(VERSION), address: z.string(), publicKey: hexOf(32) };
const KeystoreFile = z.union([
  z.strictObject({ ...COMMON, encrypted: encryptedForm(SEED_BYTES, 'exactly') }),
  z.strictObject({ ...COMMON, plain: z.literal(true), warning: z.string(), seed: hexOf(32) }),
]);
type KeystoreFile = z.infer<typeof KeystoreFile>;

/** How a key is kept: under a passphrase (any text that is not empty), or readable by whoever reads the file. */
export type Protection = { readonly kind: 'passphrase'; readonly passphrase: string } | { readonly kind: 'plain' };

/** What a keystore says without its passphrase. The fields are not proven until the key is read. */
export interface KeystoreInfo {
  readonly file: string;
  /** `ait1…` */
  readonly address: string;
  readonly publicKey: Uint8Array;
  readonly plain: boolean;
}

/**
 * Creates `file`, readable by its owner only; it is whole on disk when this resolves.
 * @throws {KeystoreError} EXISTS, EMPTY_PASSPHRASE
 */
export async function writeKeystore(file: string, key: KeyPair, protection: Protection): Promise<void> {
  const common = {
    version: VERSION,
    address: formatAddress(addressOf(key.publicKey)),
    publicKey: toHex(key.publicKey),
  } as const;
  const content: KeystoreFile =
    protection.kind === 'plain'
      ? { ...common, plain: true, warning: PLAIN_WARNING, seed: toHex(key.seed) }
      : { ...common, encrypted: await encrypt(key.seed, key.publicKey, protection.passphrase) };
  try {
    await createDurably(file, new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`));
  } catch (cause) {
    if (!isSystemError(cause, 'EEXIST')) throw cause;
    throw new KeystoreError('EXISTS', `${file} exists and is never overwritten; choose another name or move it away`);
  }
}

/**
 * @param passphrase ignored by a plain keystore.
 * @throws {KeystoreError} NOT_FOUND, MALFORMED, UNSUPPORTED_VERSION, PASSPHRASE_REQUIRED, WRONG_PASSPHRASE, MISMATCH
 */
export async function readKeystore(file: string, passphrase?: string): Promise<KeyPair> {
  const content = await readContent(file);
  const key = new KeyPair(await seedOf(file, content, passphrase));
  const address = formatAddress(addressOf(key.publicKey));
  if (toHex(key.publicKey) !== content.publicKey || address !== content.address) {
    throw new KeystoreError('MISMATCH', `${file} names ${content.address}, but its key is that of ${address}`);
  }
  return key;
}

/** @throws {KeystoreError} NOT_FOUND, MALFORMED, UNSUPPORTED_VERSION */
export async function inspectKeystore(file: string): Promise<KeystoreInfo> {
  const content = await readContent(file);
  return { file, address: content.address, publicKey: fromHex(content.publicKey), plain: 'plain' in content };
}

/** The `.json` files of a directory by name: each as what it says, or as the error that makes it unreadable. */
export async function listKeystores(directory: string): Promise<(KeystoreInfo | KeystoreError)[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(EXTENSION)).sort();
  const found: (KeystoreInfo | KeystoreError)[] = [];
  for (const name of names) {
    try {
      found.push(await inspectKeystore(join(directory, name)));
    } catch (error) {
      if (!(error instanceof KeystoreError)) throw error;
      found.push(error);
    }
  }
  return found;
}

async function readContent(file: string): Promise<KeystoreFile> {
  const text = await readText(file);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new KeystoreError('MALFORMED', `${file} is no JSON: it is cut off or no keystore; restore it from a backup`);
  }
  const version = z.object({ version: z.unknown() }).safeParse(json).data?.version;
  if (version !== undefined && version !== VERSION) {
    const found = JSON.stringify(version);
    throw new KeystoreError('UNSUPPORTED_VERSION', `${file} has keystore version ${found}; this program reads 1`);
  }
  const parsed = KeystoreFile.safeParse(json);
  if (!parsed.success) {
    throw new KeystoreError('MALFORMED', `${file} is no keystore: ${z.prettifyError(parsed.error)}`);
  }
  return parsed.data;
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) {
      throw new KeystoreError('MALFORMED', `${file} has ${size} bytes, a keystore at most ${MAX_FILE_BYTES}`);
    }
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (!isSystemError(cause, 'ENOENT')) throw cause;
    throw new KeystoreError('NOT_FOUND', `there is no keystore ${file}`);
  }
}

async function seedOf(file: string, content: KeystoreFile, passphrase: string | undefined): Promise<Uint8Array> {
  if ('plain' in content) return fromHex(content.seed);
  if (passphrase === undefined) {
    throw new KeystoreError('PASSPHRASE_REQUIRED', `${basename(file)} is encrypted: its passphrase is needed`);
  }
  const seed = await decrypt(content.encrypted, fromHex(content.publicKey), passphrase);
  if (seed !== undefined) return seed;
  throw new KeystoreError('WRONG_PASSPHRASE', `wrong passphrase for ${basename(file)}, or the file was altered`);
}
