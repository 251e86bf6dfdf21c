// A bootstrap node: an address that does not change, where newcomers learn who else is in the network. It has no chain, no
// keys but that of its peer id, and next to nothing to lose.

import { mkdir } from 'node:fs/promises';
import { Registry } from 'prom-client';
import { isSystemError } from '../crypto/durable-file.ts';
import type { BootstrapNetwork } from '../network/bootstrap-network.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Genesis } from '../primitives/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import { decodeText } from '../primitives/ssz.ts';
import { AdminServer } from '../rpc/admin/server.ts';
import { DEFAULT_LIMITS } from '../rpc/options.ts';
import { DirectoryLock } from '../store/lock.ts';
import { type Logger, partLogger } from '../telemetry/logger.ts';
import { createDiscoveryMetrics } from '../telemetry/metrics/discovery.ts';
import { registerPeerCount } from '../telemetry/metrics/network.ts';
import { registerProcessMetrics } from '../telemetry/metrics/process.ts';
import { createRpcMetrics } from '../telemetry/metrics/rpc.ts';
import { metricsServer } from '../telemetry/metrics-server.ts';
import { type Page, PageServer } from '../telemetry/page-server.ts';
import type { NodeConfig } from './config.ts';
import { dataPaths, requireAbsent } from './data-dir.ts';
import { hostOptions } from './host-options.ts';
import { createIdentity, readIdentity } from './identity-file.ts';
import type { Service } from './lifecycle.ts';
import { buildInfo } from './package-root.ts';
import { reachable } from './reachable.ts';
import { Teardown } from './teardown.ts';

/** What `aitbc-node bootstrap` tells when it is up. */
export interface BootstrapInfo {
  readonly healthUrl: string;
  readonly metricsUrl: string;
  /** what others write into `bootstrap_peers` */
  readonly p2pAddresses: readonly string[];
  readonly chainId: string;
  readonly genesisHash: string;
}

export interface BootstrapInputs {
  readonly logger: Logger;
  readonly genesis: Genesis;
  readonly genesisHash: Hash;
}

/**
 * Makes the data directory where there is none. One made by `init` will do as well.
 * @throws {DataDirError} NOT_EMPTY when the directory holds something else, MALFORMED when the identity is damaged.
 */
export async function prepareBootstrapDir(directory: string): Promise<void> {
  const { identity } = dataPaths(directory);
  try {
    await readIdentity(identity);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    await requireAbsent(directory);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await createIdentity(identity);
  }
}

export class BootstrapNode implements Service<BootstrapInfo> {
  /** Nothing that happens to a bootstrap node is worth its end. */
  readonly failed: Promise<Error> = new Promise(() => undefined);
  readonly #config: NodeConfig;
  readonly #inputs: BootstrapInputs;
  readonly #teardown = new Teardown();
  #draining = false;

  constructor(config: NodeConfig, inputs: BootstrapInputs) {
    this.#config = config;
    this.#inputs = inputs;
  }

  async start(): Promise<BootstrapInfo> {
    try {
      return await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#draining = true;
    await this.#teardown.run(this.#inputs.logger);
  }

  async #start(): Promise<BootstrapInfo> {
    const { genesis, genesisHash, logger } = this.#inputs;
    const { dataDir, rpcHost } = this.#config;
    const lock = await DirectoryLock.acquire(dataDir, { hash: genesisHash });
    this.#teardown.add('lock', () => lock.release());
    const { BootstrapNetwork } = await import('../network/bootstrap-network.ts');
    const options = await hostOptions({ ...this.#config, discovery: 'server', nat: false, sentries: [] });
    const registry = new Registry();
    const { queries } = createDiscoveryMetrics(registry, () => network.levels);
    const network: BootstrapNetwork = new BootstrapNetwork({
      ...options,
      genesisHash,
      banFile: dataPaths(dataDir).bans,
      onDhtQuery: () => queries.inc(),
      logger: partLogger(logger, 'network'),
    });
    this.#teardown.add('network', () => network.stop());
    await network.start();
    const admin = new AdminServer({
      path: this.#config.adminSocket,
      network,
      limits: DEFAULT_LIMITS,
      logger: partLogger(logger, 'admin'),
      metrics: createRpcMetrics(registry),
    });
    await admin.start();
    this.#teardown.add('admin', () => admin.stop());
    const [health, metrics] = [this.#healthPages(network), this.#metricsPages(registry, network)];
    for (const [part, server] of [
      ['health', health],
      ['metrics', metrics],
    ] as const) {
      await server.start();
      this.#teardown.add(part, () => server.stop());
    }
    return {
      healthUrl: `http://${reachable(rpcHost)}:${health.port}/health`,
      metricsUrl: `http://${reachable(rpcHost)}:${metrics.port}/metrics`,
      p2pAddresses: network.addresses,
      chainId: decodeText(genesis.chainId),
      genesisHash: toHex(genesisHash),
    };
  }

  #healthPages(network: BootstrapNetwork): PageServer {
    return new PageServer({
      pages: { '/health': () => this.#health(network), '/livez': () => json(200, { status: 'ok' }) },
      host: this.#config.rpcHost,
      port: this.#config.rpcPort,
      setting: 'RPC_PORT',
      logger: partLogger(this.#inputs.logger, 'health'),
    });
  }

  /** The first node of a network has nobody to know; one that knows others and reaches none is of no use. */
  #health(network: BootstrapNetwork): Page {
    const { peers, knownPeers, routingTable } = network.levels;
    const reasons: string[] = [];
    if (peers === 0 && knownPeers + this.#config.bootstrapPeers.length > 0) reasons.push('no peers');
    if (this.#draining) reasons.push('stopping');
    const status = reasons.length === 0 ? 'ok' : 'unhealthy';
    const levels = { peers, known_peers: knownPeers, routing_table: routingTable };
    return json(status === 'ok' ? 200 : 503, { status, reasons, ...levels });
  }

  #metricsPages(registry: Registry, network: BootstrapNetwork): PageServer {
    registerPeerCount(registry, () => network.levels.peers);
    registerProcessMetrics(registry, buildInfo());
    const { rpcHost: host, metricsPort: port } = this.#config;
    return metricsServer({ registry, host, port, logger: partLogger(this.#inputs.logger, 'metrics') });
  }
}

function json(status: number, value: object): Page {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}
