// Holds a node's data directory: the journal, the signer's record and the databases in it belong to one live process
// and to one genesis. It is taken before anything else in the directory is opened and given back last.

import { join } from 'node:path';
import { equalBytes, toHex, utf8 } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { type Database, type HeldDatabase, openDatabase } from './database.ts';
import { StoreError, toStoreError } from './errors.ts';

const GENESIS_KEY = utf8('genesis');

/** The lock's database holds one record, so it needs next to no memory. */
const TUNING = { cacheSize: 0, writeBufferSize: 64 * 1024 };

export class DirectoryLock {
  readonly directory: string;
  readonly #held: HeldDatabase;

  private constructor(directory: string, held: HeldDatabase) {
    this.directory = directory;
    this.#held = held;
  }

  /**
   * Locks `directory`, creating it when missing. The first lock ever taken ties it to `genesis`.
   * A process that ends in any way, SIGKILL included, leaves it unlocked.
   * @throws {StoreError} LOCKED (naming the holder), WRONG_GENESIS, CORRUPT or IO
   */
  static async acquire(directory: string, genesis: { readonly hash: Hash }): Promise<DirectoryLock> {
    const held = await openDatabase(join(directory, 'lock'), TUNING);
    try {
      await claim(held.db, directory, genesis.hash);
    } catch (error) {
      await held.close();
      throw toStoreError(error, `lock the data directory ${directory}`);
    }
    return new DirectoryLock(directory, held);
  }

  async release(): Promise<void> {
    await this.#held.close();
  }
}

async function claim(db: Database, directory: string, genesisHash: Hash): Promise<void> {
  const owner = await db.get(GENESIS_KEY);
  if (owner === undefined) await db.put(GENESIS_KEY, genesisHash, { sync: true });
  else assertGenesis(directory, owner, genesisHash);
}

/** @throws {StoreError} WRONG_GENESIS, naming both hashes */
export function assertGenesis(location: string, found: Hash, expected: Hash): void {
  if (equalBytes(found, expected)) return;
  throw new StoreError(
    'WRONG_GENESIS',
    `${location} holds a chain with genesis ${toHex(found)}, this network's is ${toHex(expected)}: ` +
      'choose another data directory, or the network that this one belongs to',
  );
}
