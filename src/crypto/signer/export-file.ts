// The file in which a validator moves from one host to another: its key and what it has signed, under a passphrase.
// Whoever makes one has sealed the record first (transfer.ts).

import { readFile, stat } from 'node:fs/promises';
import { ContainerType, ListCompositeType, type ValueOf } from '@chainsafe/ssz';
import { z } from 'zod';
import { concatBytes, equalBytes, fromHex, toHex } from '../../primitives/bytes.ts';
import { Bytes32 } from '../../primitives/ssz.ts';
import { isSystemError } from '../durable-file.ts';
import { KeyPair } from '../keys.ts';
import { decrypt, encrypt, encryptedForm, hexOf } from '../keystore-cipher.ts';
import { KeystoreError } from '../keystore-error.ts';
import { Entry } from './entry.ts';
import { SignerError } from './errors.ts';
import type { RecordIdentity } from './record.ts';
import { MAX_EXPORTED_ENTRIES } from './state.ts';

const VERSION = 1;
const Secret = new ContainerType(
  { seed: Bytes32, entries: new ListCompositeType(Entry, MAX_EXPORTED_ENTRIES) },
  { typeName: 'SignerExport' },
);
const MAX_SECRET_BYTES = Secret.maxSize;
const MAX_FILE_BYTES = 4 * MAX_SECRET_BYTES;

const ExportFile = z.strictObject({
  version: z.literal(VERSION),
  kind: z.literal('validator'),
  publicKey: hexOf(32),
  genesisHash: hexOf(32),
  encrypted: encryptedForm(MAX_SECRET_BYTES, 'at most'),
});

export interface SignerExport {
  readonly key: KeyPair;
  /** what was signed, as `SignerState.exported` gives it */
  readonly entries: readonly Entry[];
}

/** @throws {KeystoreError} EMPTY_PASSPHRASE */
export async function encodeExport(
  { key, entries }: SignerExport,
  genesisHash: Uint8Array,
  passphrase: string,
): Promise<Uint8Array> {
  const secret = Secret.serialize({ seed: key.seed, entries: [...entries] });
  const content: z.infer<typeof ExportFile> = {
    version: VERSION,
    kind: 'validator',
    publicKey: toHex(key.publicKey),
    genesisHash: toHex(genesisHash),
    encrypted: await encrypt(secret, openPart({ publicKey: key.publicKey, genesisHash }), passphrase),
  };
  return new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`);
}

/**
 * @throws {SignerError} EXPORT_MALFORMED, RECORD_FOREIGN for another network
 * @throws {KeystoreError} WRONG_PASSPHRASE
 */
export async function readExport(file: string, genesisHash: Uint8Array, passphrase: string): Promise<SignerExport> {
  const content = await readContent(file);
  const identity = { publicKey: fromHex(content.publicKey), genesisHash: fromHex(content.genesisHash) };
  if (!equalBytes(identity.genesisHash, genesisHash)) {
    throw new SignerError('RECORD_FOREIGN', `${file} is of another network: its genesis is ${content.genesisHash}`);
  }
  const secret = await decrypt(content.encrypted, openPart(identity), passphrase);
  if (secret === undefined) {
    throw new KeystoreError('WRONG_PASSPHRASE', `wrong passphrase for ${file}, or the file was altered`);
  }
  const { seed, entries } = decodeSecret(file, secret);
  const key = new KeyPair(seed);
  if (!equalBytes(key.publicKey, identity.publicKey)) throw malformed(file, 'it names another key than it holds');
  return { key, entries };
}

function openPart({ publicKey, genesisHash }: RecordIdentity): Uint8Array {
  return concatBytes(publicKey, genesisHash);
}

async function readContent(file: string): Promise<z.infer<typeof ExportFile>> {
  let json: unknown;
  try {
    if ((await stat(file)).size > MAX_FILE_BYTES) throw malformed(file, 'it is too large');
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT')) throw malformed(file, 'there is no such file');
    if (cause instanceof SyntaxError) throw malformed(file, 'it is no JSON, or cut off');
    throw cause;
  }
  const parsed = ExportFile.safeParse(json);
  if (!parsed.success) throw malformed(file, z.prettifyError(parsed.error));
  return parsed.data;
}

function decodeSecret(file: string, secret: Uint8Array): ValueOf<typeof Secret> {
  try {
    return Secret.deserialize(secret);
  } catch {
    throw malformed(file, 'its content is of another version');
  }
}

function malformed(file: string, what: string): SignerError {
  return new SignerError('EXPORT_MALFORMED', `${file} is no export of a validator: ${what}`);
}
