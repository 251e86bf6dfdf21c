// The way to other nodes, not yet started: the network, the transactions that travel over it, and the figures of both.

import type { Network } from '../../network/network.ts';
import type { Libp2pNetworkOptions } from '../../network/options.ts';
import { DEFAULT_RATE_LIMITS } from '../../network/rate-limit.ts';
import { partLogger } from '../../telemetry/logger.ts';
import { dataPaths } from '../data-dir.ts';
import { hostOptions } from '../host-options.ts';
import { NodeMetrics } from '../metrics.ts';
import { networkLevels } from '../network-levels.ts';
import { buildInfo } from '../package-root.ts';
import { TransactionRelay } from '../transaction-relay.ts';
import { validatorLevels } from '../validator-levels.ts';
import type { Ledger } from './ledger.ts';
import { type Opening, ownValidator } from './opening.ts';
import type { Storage } from './storage.ts';

/** Between two status exchanges with a peer (ms); three missed ones, each waited for longer, drop the connection. */
const STATUS_INTERVAL_MS = 1500;

export interface Peers {
  readonly network: Network;
  readonly relay: TransactionRelay;
  readonly metrics: NodeMetrics;
}

/** @throws {DataDirError | NetworkError} when the node's identity can not be read. */
export async function openPeers(opening: Opening, { store }: Storage, { mempool, pool }: Ledger): Promise<Peers> {
  const { inputs } = opening;
  const metrics = new NodeMetrics({
    build: buildInfo(),
    mempool: () => mempool,
    network: () => networkLevels(network),
    discovery: () => network.knowledge,
    signatureQueue: () => pool.queued,
    validator: () => validatorLevels(store, ownValidator(inputs)),
  });
  const { Libp2pNetwork } = await import('../../network/libp2p-network.ts');
  const network: Network = new Libp2pNetwork({
    ...(await networkOptions(opening)),
    observer: metrics.network,
    onDhtQuery: () => metrics.dhtQuery(),
  });
  const relay = new TransactionRelay({
    mempool,
    publish: (batch) => network.publishTransactions(batch),
    onSubmitted: ({ idHex }) => metrics.submitted(idHex),
    onRejected: (code) => metrics.rejected(code),
    now: () => performance.now(),
    logger: partLogger(inputs.logger, 'mempool'),
    random: Math.random,
  });
  return { network, relay, metrics };
}

async function networkOptions({ config, inputs }: Opening): Promise<Libp2pNetworkOptions> {
  const { maxUploadPerPeer } = config;
  const { genesis, genesisHash, logger } = inputs;
  return {
    ...(await hostOptions(config)),
    genesisHash,
    banFile: dataPaths(config.dataDir).bans,
    resendInterval: genesis.parameters.resendInterval,
    statusInterval: STATUS_INTERVAL_MS,
    rateLimits: { ...DEFAULT_RATE_LIMITS, bytes: { burst: 2 * maxUploadPerPeer, perSecond: maxUploadPerPeer } },
    logger: partLogger(logger, 'network'),
  };
}
