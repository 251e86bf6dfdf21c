// Small files that must be whole or absent after a crash: written beside their place, synced, then put there by one
// directory operation that is synced too. Nothing here knows what the bytes mean.

import { randomBytes } from 'node:crypto';
import { link, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Owner only: every file of this room holds a secret or what a secret signed. */
const MODE = 0o600;

/** @throws an `EEXIST` system error when `file` exists; it is left as it was. */
export async function createDurably(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = await writeTemporary(file, bytes);
  try {
    await link(temporary, file); // unlike rename, never replaces
  } finally {
    await unlink(temporary);
  }
  await syncDirectory(dirname(file));
}

/** Replaces `file` by the new bytes; after a crash it holds either the old ones or these. */
export async function replaceDurably(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = await writeTemporary(file, bytes);
  try {
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary);
    throw error;
  }
  await syncDirectory(dirname(file));
}

/** Whether a file operation failed with this code, such as `ENOENT`. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

async function writeTemporary(file: string, bytes: Uint8Array): Promise<string> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  const handle = await open(temporary, 'wx', MODE);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } catch (error) {
    await unlink(temporary);
    throw error;
  } finally {
    await handle.close();
  }
  return temporary;
}

/** A file that was created or renamed is there after a crash only when its directory is synced. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
