// What is where in a node's data directory. Paths only: who holds the directory is the store's business.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface DataPaths {
  /** settings of this node; written last, so that a directory with it is whole */
  readonly config: string;
  /** only where the chain is not one that comes with the package */
  readonly genesis: string;
  /** keystore files, one for each key */
  readonly keys: string;
  /** the secret from which the peer id follows */
  readonly identity: string;
  /** who is kept out, and until when */
  readonly bans: string;
  /** through which a running node is changed; a setting may put it elsewhere */
  readonly adminSocket: string;
  /** addresses of other nodes */
  readonly peerBook: string;
  /** what the validator key has signed */
  readonly signerRecord: string;
  /** consensus messages and blocks above the last final slot */
  readonly journal: string;
  /** finalized blocks and state */
  readonly db: string;
  /** copies of the state for other nodes to begin from; may be removed while the node is stopped */
  readonly snapshots: string;
}

export function dataPaths(directory: string): DataPaths {
  return {
    config: join(directory, 'config.yaml'),
    genesis: join(directory, 'genesis.json'),
    keys: join(directory, 'keys'),
    identity: join(directory, 'node-identity.key'),
    bans: join(directory, 'bans.json'),
    adminSocket: join(directory, 'admin.sock'),
    peerBook: join(directory, 'peers.json'),
    signerRecord: join(directory, 'signer', 'record'),
    journal: join(directory, 'journal'),
    db: join(directory, 'db'),
    snapshots: join(directory, 'snapshots'),
  };
}

export function keyFile(directory: string, name: string): string {
  return join(dataPaths(directory).keys, `${name}.json`);
}

export type DataDirErrorCode =
  /** `init` was not run here */
  | 'NOT_INITIALIZED'
  /** it was, and never overwrites */
  | 'ALREADY_INITIALIZED'
  /** files of something else, or of an `init` that was interrupted */
  | 'NOT_EMPTY'
  /** a file of a data directory that is not what it should be */
  | 'MALFORMED';

export class DataDirError extends Error {
  override readonly name = 'DataDirError';
  readonly code: DataDirErrorCode;

  constructor(code: DataDirErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type DataDirState = 'absent' | 'initialized' | 'other';

/** What may be there before `init`: a fresh volume's own folder, and keys that were made first. */
const HARMLESS: ReadonlySet<string> = new Set(['lost+found', 'keys']);

/** @returns `absent` also for a directory that holds nothing, or only keys. */
export async function dataDirState(directory: string): Promise<DataDirState> {
  let names: string[];
  try {
    if (!(await stat(directory)).isDirectory()) return 'other';
    names = await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent';
    throw error;
  }
  if (names.includes('config.yaml')) return 'initialized';
  return names.every((name) => HARMLESS.has(name)) ? 'absent' : 'other';
}

/** @throws {DataDirError} NOT_INITIALIZED or NOT_EMPTY, saying what to do. */
export async function requireInitialized(directory: string, network: string): Promise<void> {
  const state = await dataDirState(directory);
  if (state === 'initialized') return;
  if (state === 'other') throw notEmpty(directory);
  throw new DataDirError(
    'NOT_INITIALIZED',
    `${directory} is no data directory yet: run \`aitbc-node init --network ${network} --data-dir ${directory}\` first`,
  );
}

/** @throws {DataDirError} ALREADY_INITIALIZED or NOT_EMPTY */
export async function requireAbsent(directory: string): Promise<void> {
  const state = await dataDirState(directory);
  if (state === 'other') throw notEmpty(directory);
  if (state === 'initialized') {
    throw new DataDirError(
      'ALREADY_INITIALIZED',
      `${directory} is a data directory already, and is never overwritten: start it, or choose another with --data-dir`,
    );
  }
}

function notEmpty(directory: string): DataDirError {
  return new DataDirError(
    'NOT_EMPTY',
    `${directory} holds files but no config.yaml: it is no data directory, or its creation was interrupted. ` +
      'Move its files away, or choose another with --data-dir',
  );
}
