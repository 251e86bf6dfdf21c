// What a node keeps on disk, opened in order under the lock of the data directory: chain, journal, signer's record.

import { LocalSigner } from '../../crypto/signer/local-signer.ts';
import type { Signer } from '../../crypto/signer/signer.ts';
import { ChainStore } from '../../store/chain-store.ts';
import { Journal } from '../../store/journal.ts';
import { DirectoryLock } from '../../store/lock.ts';
import { Snapshots } from '../../store/snapshots.ts';
import type { NodeConfig } from '../config.ts';
import { dataPaths } from '../data-dir.ts';
import type { NodeInputs } from '../lifecycle.ts';
import { consensusKeyIn } from '../own-validator.ts';
import { RemoteValidator } from '../remote-validator.ts';
import { restNowAndThen } from '../snapshot-keeper.ts';
import type { Opening } from './opening.ts';

export interface Storage {
  readonly store: ChainStore;
  /** what others may begin from */
  readonly snapshots: Snapshots;
  readonly journal: Journal;
  /** of this node's validator, which may have a seat now or later; undefined on a node that only follows */
  readonly signer: Omit<Signer, 'publicKey'> | undefined;
}

/** @throws {StoreError | SignerError} when something is locked, damaged or of another network. */
export async function openStorage({
  config,
  inputs,
  teardown,
}: Pick<Opening, 'config' | 'inputs' | 'teardown'>): Promise<Storage> {
  const { dataDir, blockCacheSize } = config;
  const genesis = { hash: inputs.genesisHash };
  const paths = dataPaths(dataDir);
  const lock = await DirectoryLock.acquire(dataDir, genesis);
  teardown.add('lock', () => lock.release());
  const store = await ChainStore.open(paths.db, genesis, { blockCacheBytes: blockCacheSize });
  teardown.add('store', () => store.close());
  const snapshots = await Snapshots.open(paths.snapshots, { keep: config.keepSnapshots, rest: restNowAndThen() });
  teardown.add('snapshots', () => snapshots.close());
  const journal = await Journal.open(paths.journal);
  teardown.add('journal', () => journal.close());
  const signer = await openSigner(config, inputs, store);
  if (signer !== undefined) teardown.add('signer', () => signer.close());
  return { store, snapshots, journal, signer };
}

async function openSigner(
  { dataDir, validatorSigner, signerListen }: NodeConfig,
  { genesisHash, validatorKey, remoteOperator }: NodeInputs,
  store: ChainStore,
): Promise<Storage['signer']> {
  if (validatorKey !== undefined) {
    const record = dataPaths(dataDir).signerRecord;
    return LocalSigner.open(record, validatorKey, genesisHash, { listenMs: signerListen });
  }
  if (validatorSigner === undefined || remoteOperator === undefined) return undefined;
  const keyIn = (epoch: number) => consensusKeyIn(store, remoteOperator, epoch);
  return new RemoteValidator({ path: validatorSigner.slice('unix:'.length), genesisHash, keyIn });
}
