// What a node is to those who start one: what it is made from, what it tells, how it is started and stopped.

import type { KeyPair } from '../crypto/keys.ts';
import type { Address } from '../primitives/address.ts';
import type { Genesis } from '../primitives/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import type { SyncStatus } from '../rpc/dependencies.ts';
import type { Logger } from '../telemetry/logger.ts';

/** What a node needs besides its configuration; found and checked by `prepareNode`. */
export interface NodeInputs {
  readonly logger: Logger;
  readonly genesis: Genesis;
  readonly genesisHash: Hash;
  /** has a seat now or later; absent on a node that only follows */
  readonly validatorKey: KeyPair | undefined;
  /** of the validator whose signer is another process; absent where the key is here or nowhere */
  readonly remoteOperator: Address | undefined;
  /** absent where there is no faucet */
  readonly faucetKey: KeyPair | undefined;
}

/** Where a started node is reached, with the ports that it really got. */
export interface NodeInfo {
  readonly rpcUrl: string;
  readonly wsUrl: string;
  readonly metricsUrl: string;
  readonly peerId: string;
  /** none where nobody is told where it is */
  readonly p2pAddresses: readonly string[];
  readonly chainId: string;
  readonly genesisHash: string;
  /** the account for which this node validates */
  readonly validatorAddress?: string;
}

/** What runs until it is stopped. @typeParam Info what it tells when it is up */
export interface Service<Info> {
  /** Resolves when everything listens. When it rejects, what was started is stopped again. */
  start(): Promise<Info>;
  /** Finishes what is under way, then closes everything; more than one call does no harm. */
  stop(): Promise<void>;
  /** Resolves with the reason when a started node can not go on, such as a failing disk. */
  readonly failed: Promise<Error>;
}

export interface Node extends Service<NodeInfo> {
  /** undefined before it has started */
  syncStatus(): SyncStatus | undefined;
}
