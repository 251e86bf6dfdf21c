// What a node keeps on disk, opened in order under the lock of the data directory: chain, journal, signer's record.

import type { Members } from '../consensus/members.ts';
import type { Anchor } from '../consensus/types.ts';
import { LocalSigner } from '../crypto/signer/local-signer.ts';
import { RemoteSigner } from '../crypto/signer/remote/remote-signer.ts';
import type { Signer } from '../crypto/signer/signer.ts';
import { FINAL } from '../primitives/consensus.ts';
import { ChainStore } from '../store/chain-store.ts';
import { Journal } from '../store/journal.ts';
import { DirectoryLock } from '../store/lock.ts';
import type { NodeConfig } from './config.ts';
import { dataPaths } from './data-dir.ts';
import type { NodeInputs } from './lifecycle.ts';
import type { Teardown } from './teardown.ts';

export interface Storage {
  readonly store: ChainStore;
  readonly journal: Journal;
  /** this node's seat; undefined on a node that only follows */
  readonly seat: { readonly member: number; readonly signer: Signer } | undefined;
}

/** @throws {StoreError | SignerError} when something is locked, damaged or of another network. */
export async function openStorage(
  config: NodeConfig,
  inputs: NodeInputs,
  members: Members,
  teardown: Teardown,
): Promise<Storage> {
  const { dataDir, blockCacheSize } = config;
  const genesis = { hash: inputs.genesisHash };
  const paths = dataPaths(dataDir);
  const lock = await DirectoryLock.acquire(dataDir, genesis);
  teardown.add('lock', () => lock.release());
  const store = await ChainStore.open(paths.db, genesis, { blockCacheBytes: blockCacheSize });
  teardown.add('store', () => store.close());
  const journal = await Journal.open(paths.journal);
  teardown.add('journal', () => journal.close());
  const publicKey = inputs.validatorKey?.publicKey ?? inputs.remoteValidator;
  const member = publicKey && members.indexOf(publicKey);
  const signer = member === undefined ? undefined : await openSigner(config, inputs);
  if (member === undefined || signer === undefined) return { store, journal, seat: undefined };
  teardown.add('signer', () => signer.close());
  return { store, journal, seat: { member, signer } };
}

async function openSigner(
  { dataDir, validatorSigner, signerListen }: NodeConfig,
  { genesisHash, validatorKey, remoteValidator }: NodeInputs,
): Promise<Signer | undefined> {
  if (validatorKey !== undefined) {
    const record = dataPaths(dataDir).signerRecord;
    return LocalSigner.open(record, validatorKey, genesisHash, { listenMs: signerListen });
  }
  if (validatorSigner === undefined || remoteValidator === undefined) return undefined;
  return new RemoteSigner({ path: validatorSigner.slice('unix:'.length), publicKey: remoteValidator, genesisHash });
}

/**
 * Where consensus goes on: the newest stored block with a Final. Blocks above it were committed by a Final that
 * consensus will meet again.
 */
export async function newestFinal(store: ChainStore): Promise<Anchor> {
  for (let height = store.head?.height ?? 0; height > 0; height--) {
    const stored = await store.blockByHeight(height);
    if (stored?.certificate?.kind === FINAL) {
      const { hash, block, certificate } = stored;
      return { slot: certificate.slot, hash, header: block.header, certificate };
    }
  }
  const genesis = await store.blockByHeight(0);
  if (genesis === undefined) throw new Error('an open chain has a genesis block');
  return { slot: 0, hash: genesis.hash, header: genesis.block.header, certificate: undefined };
}
