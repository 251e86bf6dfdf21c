// The doors for people and programs: RPC with its WebSockets, and metrics. Shapes what the parts of a node offer into
// what these servers ask for.

import type { Chain } from '../../chain/chain.ts';
import type { ConsensusDriver } from '../../consensus/driver.ts';
import type { KeyPair } from '../../crypto/keys.ts';
import type { Mempool } from '../../mempool/mempool.ts';
import type { Network } from '../../network/network.ts';
import { AdminServer } from '../../rpc/admin/server.ts';
import type { RpcDependencies } from '../../rpc/dependencies.ts';
import { DEFAULT_LIMITS } from '../../rpc/options.ts';
import { RpcServer } from '../../rpc/server.ts';
import type { ChainStore } from '../../store/chain-store.ts';
import { partLogger } from '../../telemetry/logger.ts';
import { metricsServer } from '../../telemetry/metrics-server.ts';
import { Faucet } from '../faucet.ts';
import type { NodeHealth } from '../health.ts';
import type { NodeInputs } from '../lifecycle.ts';
import type { NodeMetrics } from '../metrics.ts';
import { buildInfo } from '../package-root.ts';
import { reachable } from '../reachable.ts';
import type { TransactionRelay } from '../transaction-relay.ts';
import type { Opening } from './opening.ts';

export interface ApiParts {
  readonly chain: Chain;
  readonly store: ChainStore;
  readonly mempool: Mempool;
  readonly relay: TransactionRelay;
  readonly network: Network;
  readonly health: NodeHealth;
  readonly metrics: NodeMetrics;
  readonly consensus: ConsensusDriver;
}

export interface ApiUrls {
  readonly rpcUrl: string;
  readonly wsUrl: string;
  readonly metricsUrl: string;
}

/** @throws {ListenError | RpcError} when a port can not be opened. */
export async function openApi(opening: Opening, parts: ApiParts): Promise<ApiUrls> {
  const { config, inputs, teardown } = opening;
  const { rpcHost: host, rpcPort, wsPort, metricsPort, rpcTimeout, adminSocket } = config;
  const { metrics, health } = parts;
  const pages = metricsServer({
    registry: metrics.registry,
    host,
    port: metricsPort,
    logger: partLogger(inputs.logger, 'metrics'),
  });
  await pages.start();
  teardown.add('metrics', () => pages.stop());
  const rpc = new RpcServer(rpcDependencies(opening, parts), {
    host,
    port: rpcPort,
    wsPort,
    timeoutMs: rpcTimeout,
    limits: DEFAULT_LIMITS,
  });
  await rpc.start();
  teardown.add('rpc', () => {
    health.draining();
    return rpc.stop();
  });
  const admin = new AdminServer({
    path: adminSocket,
    network: parts.network,
    limits: DEFAULT_LIMITS,
    logger: partLogger(inputs.logger, 'admin'),
    metrics: metrics.rpc,
  });
  await admin.start();
  teardown.add('admin', () => admin.stop());
  const authority = reachable(host);
  return {
    rpcUrl: `http://${authority}:${rpc.ports.rpc}`,
    wsUrl: `ws://${authority}:${rpc.ports.ws}`,
    metricsUrl: `http://${authority}:${pages.port}/metrics`,
  };
}

function rpcDependencies({ inputs, events }: Opening, parts: ApiParts): RpcDependencies {
  const { genesis, genesisHash, faucetKey, logger } = inputs;
  const { chain, store, mempool, relay, network, health, metrics, consensus } = parts;
  return {
    identity: { genesis, genesisHash, ...buildInfo() },
    chain: {
      get head() {
        return chain.head;
      },
      get base() {
        return store.base?.height;
      },
      blockByHeight: (height) => store.blockByHeight(height),
      blockByHash: (hash) => store.blockByHash(hash),
      transaction: (id) => store.transaction(id),
      state: () => ({ reader: store, header: chain.head.header }),
      prove: (key) => chain.prove(key),
    },
    mempool: {
      get size() {
        return mempool.size;
      },
      get bytes() {
        return mempool.bytes;
      },
      get: (idHex) => mempool.get(idHex),
      nextNonce: (address) => mempool.nextNonce(address),
      add: (envelope) => relay.submit(envelope),
    },
    network,
    consensus: {
      get epoch() {
        return consensus.core.epoch;
      },
      get members() {
        return consensus.members.list;
      },
      get round() {
        return consensus.core.round;
      },
      get lastFinalSlot() {
        return consensus.core.lastFinalSlot;
      },
      get quorum() {
        return consensus.members.quorum;
      },
      evidence: store.evidence,
    },
    health,
    ...(faucetKey === undefined ? {} : { faucet: openFaucet(faucetKey, inputs, parts) }),
    events,
    logger: partLogger(logger, 'rpc'),
    metrics: metrics.rpc,
  };
}

function openFaucet(key: KeyPair, { genesisHash }: NodeInputs, { chain, mempool, relay }: ApiParts): Faucet {
  const parameters = () => chain.epoch.parameters;
  return new Faucet({ key, genesisHash, parameters, mempool, submit: (envelope) => relay.submit(envelope) });
}
