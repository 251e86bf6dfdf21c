// The file with the secret of a node's peer id: 64 hex digits. It guards no money; losing it only means a new peer id.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createDurably } from '../crypto/durable-file.ts';
import { fromHex, toHex, utf8 } from '../primitives/bytes.ts';
import { DataDirError } from './data-dir.ts';

const SEED_BYTES = 32;

/** @returns the 32-byte seed. @throws an `EEXIST` system error when the file exists. */
export async function createIdentity(file: string): Promise<Uint8Array> {
  const seed = Uint8Array.from(randomBytes(SEED_BYTES));
  await createDurably(file, utf8(`${toHex(seed)}\n`));
  return seed;
}

/** @returns the 32-byte seed. @throws {DataDirError} MALFORMED, or a system error when it can not be read. */
export async function readIdentity(file: string): Promise<Uint8Array> {
  const text = (await readFile(file, 'utf8')).trim();
  if (/^[0-9a-f]{64}$/.test(text)) return fromHex(text);
  throw new DataDirError('MALFORMED', `${file} must hold 64 hex digits; remove it and the node gets a new peer id`);
}
