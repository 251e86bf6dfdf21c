// A network of strangers for tests: one validator, and nodes that follow; each knows one address and finds the others.

import { join } from 'node:path';
import type { BootstrapInfo } from '../../../src/node/bootstrap.ts';
import { dataPaths } from '../../../src/node/data-dir.ts';
import { devnetPorts, PORTS_PER_NODE } from '../../../src/node/devnet.ts';
import { DEVNET_VALIDATOR, publishedKeys } from '../../../src/node/devnet-keys.ts';
import { loadGenesis, writeGenesis } from '../../../src/node/genesis-file.ts';
import { initDataDir } from '../../../src/node/init.ts';
import { networkDirectory } from '../../../src/node/package-root.ts';
import { type Genesis, genesisHash } from '../../../src/primitives/genesis.ts';
import { encodeText } from '../../../src/primitives/ssz.ts';
import { TestNode, temporaryFolder } from './devnet.ts';
import { freePorts } from './ports.ts';
import { NodeProcess } from './program.ts';
import { eventually, inParallel } from './wait.ts';

const NETWORK = 'open';
/** Node.js takes most of a second of CPU to load a node. */
const STARTS_AT_ONCE = 4;
const PATIENCE_MS = 120_000;

export class OpenNetwork {
  readonly nodes: TestNode[] = [];
  readonly folder: string;
  readonly #genesis: Genesis;
  readonly #remove: () => Promise<void>;

  private constructor(folder: string, genesis: Genesis, remove: () => Promise<void>) {
    this.folder = folder;
    this.#genesis = genesis;
    this.#remove = remove;
  }

  static async create(): Promise<OpenNetwork> {
    const { path, remove } = await temporaryFolder();
    const { genesis: devnet } = await loadGenesis(join(networkDirectory('devnet'), 'genesis.json'));
    const genesis = { ...devnet, chainId: encodeText('ait-open'), genesisTime: Date.now() };
    await writeGenesis(join(path, 'genesis.json'), genesis);
    return new OpenNetwork(path, genesis, remove);
  }

  /** A process of `aitbc-node bootstrap` on free ports. */
  bootstrap(name: string, ...args: readonly string[]): NodeProcess<BootstrapInfo> {
    const where = ['--network', NETWORK, '--genesis-file', join(this.folder, 'genesis.json')];
    const directory = ['--data-dir', join(this.folder, name)];
    const ports = ['--p2p-port', '0', '--p2p-ws-port', '0', '--rpc-port', '0', '--metrics-port', '0'];
    const all = ['bootstrap', ...where, ...directory, '--p2p-host', '127.0.0.1', ...ports, ...args];
    return new NodeProcess(all, join(this.folder, `${name}.log`));
  }

  /** The first one ever validates. @param known the only address that each is told */
  async add(count: number, known: string): Promise<TestNode[]> {
    const basePort = await freePorts(count * PORTS_PER_NODE);
    const added = await inParallel(
      Array.from({ length: count }, (_, index) => index),
      1,
      (index) => this.#make(this.nodes.length + index, devnetPorts(basePort, index), known),
    );
    this.nodes.push(...added);
    await inParallel(added, STARTS_AT_ONCE, (node) => node.start());
    return added;
  }

  async #make(index: number, ports: ReturnType<typeof devnetPorts>, known: string): Promise<TestNode> {
    const directory = join(this.folder, `node-${index}`);
    const key = (await publishedKeys()).find(({ name }) => name === DEVNET_VALIDATOR)?.key;
    if (key === undefined) throw new Error('the devnet has no validator');
    const validates = {
      keys: [{ name: DEVNET_VALIDATOR, key, protection: { kind: 'plain' } as const }],
      validator: key,
    };
    await initDataDir({
      directory,
      genesisHash: genesisHash(this.#genesis),
      genesis: this.#genesis,
      ...(index === 0 ? validates : { keys: [] }),
      settings: {
        network: NETWORK,
        dataDir: '.',
        ...(index === 0 ? { validatorKey: DEVNET_VALIDATOR, signerListen: 0, discovery: 'server' as const } : {}),
        p2pHost: '127.0.0.1',
        ...ports,
        bootstrapPeers: [known],
        outboundPeers: 4,
        verifierThreads: 1,
      },
    });
    const log = join(this.folder, `node-${index}.log`);
    return new TestNode(directory, ['start', '--config', dataPaths(directory).config], log);
  }

  /** Resolves when everyone reaches everyone over peers of peers, and all have the newest blocks. */
  async untilMesh(nodes: readonly TestNode[] = this.nodes): Promise<void> {
    await eventually('every node to reach every other', async () => (await islands(nodes)) === 1, PATIENCE_MS);
    const height = Math.max(...(await Promise.all(nodes.map(({ rpc }) => rpc.height())))) + 1;
    await eventually(
      `everyone to have height ${height}`,
      async () => (await Promise.all(nodes.map(({ rpc }) => rpc.height()))).every((one) => one >= height),
      PATIENCE_MS,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.#remove();
  }
}

/** Into how many groups that do not know each other the nodes fall. */
async function islands(nodes: readonly TestNode[]): Promise<number> {
  const ids = await Promise.all(nodes.map(async ({ rpc }) => (await rpc.networkInfo()).peer_id));
  const peers = await Promise.all(nodes.map(async ({ rpc }) => (await rpc.peers()).map(({ id }) => id)));
  const groups = ids.map((id) => new Set([id]));
  for (const [index, id] of ids.entries()) {
    for (const peer of peers[index] ?? []) {
      const [a, b] = [groups.find((group) => group.has(id)), groups.find((group) => group.has(peer))];
      if (a === undefined || b === undefined || a === b) continue;
      for (const member of b) a.add(member);
      groups.splice(groups.indexOf(b), 1);
    }
  }
  return groups.length;
}
