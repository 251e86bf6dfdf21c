// Makes a data directory: keys, identity, the signer's record, and last of all the config file. Only here is a
// signer's record created, so that a lost one is never taken for a new one.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KeyPair } from '../crypto/keys.ts';
import { inspectKeystore, KeystoreError, type Protection, writeKeystore } from '../crypto/keystore.ts';
import { LocalSigner } from '../crypto/signer/local-signer.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Genesis } from '../primitives/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Settings } from './config/schema.ts';
import { configTemplate } from './config/template.ts';
import { dataPaths, keyFile, requireAbsent } from './data-dir.ts';
import { writeGenesis } from './genesis-file.ts';
import { createIdentity } from './identity-file.ts';

export interface NewKey {
  readonly name: string;
  readonly key: KeyPair;
  readonly protection: Protection;
}

export interface NewDataDir {
  readonly directory: string;
  readonly genesisHash: Hash;
  /** written into the directory where no package and no setting has it */
  readonly genesis?: Genesis;
  readonly keys: readonly NewKey[];
  /** the one of `keys` that validates */
  readonly validator?: KeyPair;
  /** what the config file sets; everything else stands there as a comment */
  readonly settings: Partial<Settings>;
}

/**
 * @returns the seed of the node's identity.
 * @throws {DataDirError} when the directory is not absent or empty.
 */
export async function initDataDir(fresh: NewDataDir): Promise<Uint8Array> {
  const { directory } = fresh;
  await requireAbsent(directory);
  const paths = dataPaths(directory);
  await mkdir(paths.keys, { recursive: true, mode: 0o700 });
  await mkdir(dirname(paths.signerRecord), { mode: 0o700 });
  if (fresh.genesis !== undefined) await writeGenesis(paths.genesis, fresh.genesis);
  for (const key of fresh.keys) await keepKey(directory, key);
  if (fresh.validator !== undefined) {
    const signer = await LocalSigner.create(paths.signerRecord, fresh.validator, fresh.genesisHash);
    await signer.close();
  }
  const seed = await createIdentity(paths.identity);
  const head = ['Settings of this node. A line without # is set; flags and the environment win over this file.'];
  await writeFile(paths.config, configTemplate(head, fresh.settings), { flag: 'wx' });
  return seed;
}

/** A key may have been made before the directory; another key of the same name is not touched. */
export async function keepKey(directory: string, { name, key, protection }: NewKey): Promise<void> {
  const file = keyFile(directory, name);
  try {
    await writeKeystore(file, key, protection);
  } catch (error) {
    if (!(error instanceof KeystoreError) || error.code !== 'EXISTS') throw error;
    const { publicKey } = await inspectKeystore(file);
    if (!equalBytes(publicKey, key.publicKey)) throw error;
  }
}
