// A small chain on the test's internet, and people at home behind routers: one validator, a bootstrap node that relays, and
// nodes that follow, made as their operators would.

import { join } from 'node:path';
import type { BootstrapInfo } from '../../src/node/bootstrap.ts';
import type { Settings } from '../../src/node/config/schema.ts';
import { dataPaths } from '../../src/node/data-dir.ts';
import { DEVNET_VALIDATOR, publishedKeys } from '../../src/node/devnet-keys.ts';
import { loadGenesis, writeGenesis } from '../../src/node/genesis-file.ts';
import { initDataDir } from '../../src/node/init.ts';
import { networkDirectory } from '../../src/node/package-root.ts';
import { type Genesis, genesisHash } from '../../src/primitives/genesis.ts';
import { encodeText } from '../../src/primitives/ssz.ts';
import { TestNode, temporaryFolder } from '../e2e/harness/devnet.ts';
import { NodeProcess } from '../e2e/harness/program.ts';
import { Hosts } from './hosts.ts';
import type { Site } from './wires.ts';

const NETWORK = 'homes';
export const P2P_PORT = 9000;
const BLOCK_TIME_MS = 1_000;

export class HomeNetwork {
  readonly hosts: Hosts;
  readonly genesisHash: Uint8Array;
  readonly #genesis: Genesis;
  readonly #folder: string;
  readonly #remove: () => Promise<void>;
  readonly #running: { kill(): Promise<unknown> }[] = [];

  private constructor(hosts: Hosts, genesis: Genesis, folder: string, remove: () => Promise<void>) {
    this.hosts = hosts;
    this.#genesis = genesis;
    this.genesisHash = genesisHash(genesis);
    this.#folder = folder;
    this.#remove = remove;
  }

  /** Once per process. */
  static async create(sites: readonly Site[]): Promise<HomeNetwork> {
    const { path, remove } = await temporaryFolder();
    const hosts = await Hosts.create(sites, 1);
    const { genesis: devnet } = await loadGenesis(join(networkDirectory('devnet'), 'genesis.json'));
    const parameters = { ...devnet.parameters, blockTime: BLOCK_TIME_MS };
    const genesis = { ...devnet, parameters, chainId: encodeText('ait-homes'), genesisTime: Date.now() };
    await writeGenesis(join(path, 'genesis.json'), genesis);
    return new HomeNetwork(hosts, genesis, path, remove);
  }

  /** A process of `aitbc-node bootstrap`. @returns its address. */
  async bootstrap(host: number, ...args: readonly string[]): Promise<string> {
    const files = ['--genesis-file', join(this.#folder, 'genesis.json'), '--data-dir', join(this.#folder, 'bootstrap')];
    const own = ['--p2p-host', this.hosts.address(host), '--p2p-port', String(P2P_PORT)];
    const all = ['bootstrap', '--network', NETWORK, ...files, ...own, ...args];
    const log = join(this.#folder, 'bootstrap.log');
    const boot = new NodeProcess<BootstrapInfo>(all, log, {}, undefined, this.hosts.runner(host));
    this.#running.push(boot);
    const address = (await boot.started).p2pAddresses.find((one) => !one.includes('/ws'));
    if (address === undefined) throw new Error('the bootstrap node listens nowhere');
    return address;
  }

  /** A node that is ready. @param settings besides those that follow from its host */
  async add(name: string, host: number, settings: Partial<Settings>): Promise<TestNode> {
    const directory = join(this.#folder, name);
    const key = (await publishedKeys()).find((one) => one.name === DEVNET_VALIDATOR)?.key;
    if (key === undefined) throw new Error('the devnet has no validator');
    const validates = {
      keys: [{ name: DEVNET_VALIDATOR, key, protection: { kind: 'plain' } as const }],
      validator: key,
    };
    await initDataDir({
      directory,
      genesisHash: this.genesisHash,
      genesis: this.#genesis,
      ...(settings.validatorKey === undefined ? { keys: [] } : validates),
      settings: {
        network: NETWORK,
        dataDir: '.',
        rpcHost: this.hosts.managementAddress(host),
        p2pPort: P2P_PORT,
        verifierThreads: 1,
        ...settings,
      },
    });
    const args = ['start', '--config', dataPaths(directory).config];
    const node = new TestNode(directory, args, join(this.#folder, `${name}.log`), this.hosts.runner(host));
    this.#running.push(node);
    await node.start();
    return node;
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map((one) => one.kill()));
    this.hosts.close();
    await this.#remove();
  }
}
