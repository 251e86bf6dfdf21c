// What a node keeps on disk, opened in order under the lock of the data directory: chain, journal, signer's record.

import type { Members } from '../consensus/members.ts';
import type { Anchor } from '../consensus/types.ts';
import { LocalSigner } from '../crypto/signer/local-signer.ts';
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
  { dataDir, blockCacheSize, signerListen }: NodeConfig,
  { genesisHash, validatorKey }: NodeInputs,
  members: Members,
  teardown: Teardown,
): Promise<Storage> {
  const genesis = { hash: genesisHash };
  const paths = dataPaths(dataDir);
  const lock = await DirectoryLock.acquire(dataDir, genesis);
  teardown.add('lock', () => lock.release());
  const store = await ChainStore.open(paths.db, genesis, { blockCacheBytes: blockCacheSize });
  teardown.add('store', () => store.close());
  const journal = await Journal.open(paths.journal);
  teardown.add('journal', () => journal.close());
  const member = validatorKey && members.indexOf(validatorKey.publicKey);
  if (validatorKey === undefined || member === undefined) return { store, journal, seat: undefined };
  const signer = await LocalSigner.open(paths.signerRecord, validatorKey, genesisHash, { listenMs: signerListen });
  teardown.add('signer', () => signer.close());
  return { store, journal, seat: { member, signer } };
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
