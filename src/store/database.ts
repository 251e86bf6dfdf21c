// Opens a LevelDB directory for this process alone. LevelDB's own file lock keeps other processes out and dies with
// its holder, however that ends; this file adds what it lacks: a refusal within one process, and who the holder is.

import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type DatabaseOptions, Level } from 'level';
import { codeOf, rootCause, StoreError, toStoreError } from './errors.ts';

export type Database = Level<Uint8Array, Uint8Array>;
/**
 * Writes gathered for one atomic write. It costs a tenth of what an array of operations does, which the library copies
 * twice and the binding takes apart property by property.
 */
export type Batch = ReturnType<Database['batch']>;
export type Tuning = Pick<
  DatabaseOptions<Uint8Array, Uint8Array>,
  'cacheSize' | 'writeBufferSize' | 'maxFileSize' | 'compression'
>;

export interface HeldDatabase {
  readonly db: Database;
  /** Closes the database and lets others open it. */
  close(): Promise<void>;
}

/** Written beside LevelDB's files, which it leaves alone: whoever is refused reads it. */
const OWNER_FILE = 'owner.json';

/**
 * Directories open in this process, by real path. LevelDB must not be asked about them: when it refuses a second open
 * within one process it closes the lock file, and with that POSIX drops the lock which the first open still relies on.
 */
const openHere = new Set<string>();

/**
 * Opens `location`, creating it when it is missing.
 * @throws {StoreError} LOCKED, CORRUPT or IO
 */
export async function openDatabase(location: string, tuning: Tuning): Promise<HeldDatabase> {
  let path: string;
  try {
    await mkdir(location, { recursive: true });
    path = await realpath(location);
  } catch (error) {
    throw toStoreError(error, `create the directory ${location}`);
  }
  if (openHere.has(path)) throw new StoreError('LOCKED', `${path} is already open in this process (${process.pid})`);
  openHere.add(path);
  const db: Database = new Level<Uint8Array, Uint8Array>(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    ...tuning,
  });
  try {
    await db.open();
    await writeOwner(path);
  } catch (error) {
    await db.close();
    openHere.delete(path);
    if (codeOf(rootCause(error)) === 'LEVEL_LOCKED') throw await lockedError(path, error);
    throw toStoreError(error, `open the database ${path}`);
  }
  return {
    db,
    close: async () => {
      await db.close();
      openHere.delete(path);
    },
  };
}

async function writeOwner(path: string): Promise<void> {
  const owner = { pid: process.pid, host: hostname(), started: new Date(performance.timeOrigin).toISOString() };
  const file = join(path, OWNER_FILE);
  await writeFile(`${file}.new`, JSON.stringify(owner));
  await rename(`${file}.new`, file);
}

async function lockedError(path: string, cause: unknown): Promise<StoreError> {
  const holder = await readOwner(path);
  return new StoreError(
    'LOCKED',
    `${path} is in use by ${holder}: stop that process, or choose another data directory`,
    { cause },
  );
}

async function readOwner(path: string): Promise<string> {
  try {
    const { pid, host, started } = JSON.parse(await readFile(join(path, OWNER_FILE), 'utf8'));
    return `process ${pid} on ${host}, running since ${started}`;
  } catch {
    // Only the error text is the poorer: the holder may not have written its name yet, or be of another user.
    return 'another process';
  }
}
