// Validators on hosts of their own: a chain as TestDevnet makes it, where each node has an address of the test's internet
// and knows the others by theirs. Nodes run as on a public network.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { peerIdOf } from '../../src/network/identity.ts';
import { configTemplate } from '../../src/node/config/template.ts';
import { dataPaths } from '../../src/node/data-dir.ts';
import { devnetNodeDirectory, ensureDevnet } from '../../src/node/devnet.ts';
import { DEVNET_VALIDATOR } from '../../src/node/devnet-keys.ts';
import { loadGenesis } from '../../src/node/genesis-file.ts';
import { readIdentity } from '../../src/node/identity-file.ts';
import type { Genesis } from '../../src/primitives/genesis.ts';
import { TestNode, temporaryFolder } from '../e2e/harness/devnet.ts';
import { eventually } from '../e2e/harness/wait.ts';
import { fundWallets, publishedWallet, type Wallet } from '../e2e/harness/wallet.ts';
import { Hosts } from './hosts.ts';
import type { Site } from './wires.ts';

const P2P_PORT = 9000;
/** Short, since patience with a leader grows with it. */
const BLOCK_TIME_MS = 250;
const GRANT = 1_000_000_000n;
/** Another one each time, and printed by run.ts with what fails. */
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

export class HostedNetwork {
  readonly hosts: Hosts;
  readonly genesis: Genesis;
  readonly genesisHash: Uint8Array;
  readonly nodes: readonly TestNode[];
  readonly #remove: () => Promise<void>;

  private constructor(
    hosts: Hosts,
    { genesis, hash }: { genesis: Genesis; hash: Uint8Array },
    nodes: readonly TestNode[],
    remove: () => Promise<void>,
  ) {
    this.hosts = hosts;
    this.genesis = genesis;
    this.genesisHash = hash;
    this.nodes = nodes;
    this.#remove = remove;
  }

  /** Once per process: makes the hosts too. Resolves when all are ready. */
  static async start(validators: number): Promise<HostedNetwork> {
    console.log(`SEED=${SEED}`);
    const { path, remove } = await temporaryFolder();
    const hosts = await Hosts.create(
      Array.from({ length: validators }, (_, host) => siteOf(host)),
      SEED,
    );
    const directory = join(path, 'chain');
    await ensureDevnet(directory, { validators, blockTime: BLOCK_TIME_MS });
    const nodes = Array.from({ length: validators }, (_, host) => {
      const own = devnetNodeDirectory(directory, host);
      const args = ['start', '--config', dataPaths(own).config];
      return new TestNode(own, args, join(path, `node-${host}.log`), hosts.runner(host));
    });
    await writeConfigs(nodes, hosts);
    const genesis = await loadGenesis(join(directory, 'genesis.json'));
    const network = new HostedNetwork(hosts, genesis, nodes, remove);
    await Promise.all(nodes.map((node) => node.start()));
    await Promise.all(nodes.map((node) => node.ready()));
    return network;
  }

  node(host: number): TestNode {
    const node = this.nodes[host];
    if (node === undefined) throw new RangeError(`no node ${host}`);
    return node;
  }

  /** New accounts with money. */
  async users(count: number): Promise<Wallet[]> {
    const { rpc } = this.node(0);
    const alice = await publishedWallet('alice', this.genesisHash, rpc);
    return fundWallets(rpc, this.genesisHash, alice, count, GRANT);
  }

  heights(nodes: readonly TestNode[] = this.nodes): Promise<number[]> {
    return Promise.all(nodes.map(({ rpc }) => rpc.height()));
  }

  /** Resolves when each of the nodes has finalized so many blocks more than the highest of them has now. */
  async progress(blocks: number, nodes: readonly TestNode[] = this.nodes, milliseconds?: number): Promise<void> {
    const goal = Math.max(...(await this.heights(nodes))) + blocks;
    const arrived = async () => (await this.heights(nodes)).every((height) => height >= goal);
    await eventually(`height ${goal}`, arrived, milliseconds);
  }

  /** All nodes have the same blocks, up to the height of the lowest of them. @returns that height. */
  async assertOneChain(): Promise<number> {
    const lowest = Math.min(...(await this.heights()));
    for (let height = 1; height <= lowest; height++) {
      const blocks = await Promise.all(this.nodes.map(({ rpc }) => rpc.block(height)));
      assert.is(new Set(blocks.map(({ hash, state_root }) => `${hash} ${state_root}`)).size, 1, `height ${height}`);
    }
    return lowest;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    this.hosts.close();
    await this.#remove();
  }
}

/** Each in a /24 of its own, as hosts of strangers are; reserved for tests of networks (RFC 2544). */
function siteOf(host: number): Site {
  return { kind: 'public', address: `198.19.${host + 1}.1` };
}

async function writeConfigs(nodes: readonly TestNode[], hosts: Hosts): Promise<void> {
  const peers = await Promise.all(
    nodes.map(async ({ directory }, host) => {
      const seed = await readIdentity(dataPaths(directory).identity);
      return `/ip4/${hosts.address(host)}/tcp/${P2P_PORT}/p2p/${peerIdOf(seed)}`;
    }),
  );
  for (const [host, { directory }] of nodes.entries()) {
    const text = configTemplate([], {
      network: 'hosts',
      dataDir: '.',
      genesisFile: '../genesis.json',
      validatorKey: DEVNET_VALIDATOR,
      rpcHost: hosts.managementAddress(host),
      p2pHost: hosts.address(host),
      p2pPort: P2P_PORT,
      bootstrapPeers: peers.filter((_, other) => other !== host),
      verifierThreads: 1,
    });
    await writeFile(dataPaths(directory).config, text);
  }
}
