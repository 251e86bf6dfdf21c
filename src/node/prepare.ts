// Everything that is judged before a node is built: genesis, data directory, keys, and whether the configuration agrees
// with the chain. Nothing listens and nothing is written yet.

import type { KeyPair } from '../crypto/keys.ts';
import {
  checkAgreement,
  checkNat,
  checkSentries,
  checkValidator,
  remoteOperator as operatorIn,
} from './config/agreement.ts';
import type { LoadedConfig } from './config.ts';
import { requireInitialized } from './data-dir.ts';
import { loadGenesis } from './genesis-file.ts';
import type { GenesisFinding } from './genesis-finding.ts';
import type { NodeInputs } from './lifecycle.ts';

export interface PreparedNode extends Omit<NodeInputs, 'logger'> {
  readonly warnings: readonly GenesisFinding[];
}

/**
 * @param openKey opens a key of the data directory by name, asking for its passphrase where it needs one.
 * @throws ConfigError, GenesisFileError, DataDirError, or what `openKey` throws.
 */
export async function prepareNode(
  loaded: LoadedConfig,
  openKey: (name: string) => Promise<KeyPair>,
): Promise<PreparedNode> {
  const { config } = loaded;
  const { genesis, hash, warnings } = await loadGenesis(config.genesisFile);
  await requireInitialized(config.dataDir, config.network);
  checkAgreement(loaded, genesis);
  checkNat(loaded);
  checkSentries(loaded);
  const validatorKey = config.validatorKey === undefined ? undefined : await openKey(config.validatorKey);
  const remoteOperator = operatorIn(loaded);
  if (remoteOperator === undefined) checkValidator(loaded, genesis, validatorKey?.publicKey);
  const faucetKey = config.faucetKey === undefined ? undefined : await openKey(config.faucetKey);
  return { genesis, genesisHash: hash, validatorKey, remoteOperator, faucetKey, warnings };
}
