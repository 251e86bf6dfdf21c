// A devnet for tests: data directories made by the same functions as `aitbc-node devnet`, each node a process that can be
// killed and started again on the same ports.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devnetNodeDirectory, ensureDevnet, PORTS_PER_NODE, writeDevnetConfigs } from '../../../src/node/devnet.ts';
import { loadGenesis } from '../../../src/node/genesis-file.ts';
import type { NodeInfo } from '../../../src/node/lifecycle.ts';
import type { Genesis } from '../../../src/primitives/genesis.ts';
import { freePorts } from './ports.ts';
import { type Exit, NodeProcess } from './program.ts';
import { Rpc } from './rpc.ts';
import { eventually } from './wait.ts';

/** A node that is started, killed and started again in one place. */
export class TestNode {
  readonly directory: string;
  /** of the command, without `--stop-with-parent` */
  readonly args: readonly string[];
  /** file to which its output goes */
  readonly log: string;
  /** as that of NodeProcess */
  readonly #wrapper: readonly string[];
  #process: NodeProcess | undefined;
  #rpc: Rpc | undefined;

  constructor(directory: string, args: readonly string[], log: string, wrapper: readonly string[] = []) {
    this.directory = directory;
    this.args = args;
    this.log = log;
    this.#wrapper = wrapper;
  }

  async start(environment?: Readonly<Record<string, string>>): Promise<NodeInfo> {
    this.#process = new NodeProcess(this.args, this.log, environment, undefined, this.#wrapper);
    const info = await this.#process.started;
    this.#rpc = new Rpc(info.rpcUrl);
    return info;
  }

  get rpc(): Rpc {
    if (this.#rpc === undefined) throw new Error(`the node of ${this.directory} was never started`);
    return this.#rpc;
  }

  get process(): NodeProcess {
    if (this.#process === undefined) throw new Error(`the node of ${this.directory} was never started`);
    return this.#process;
  }

  get tail(): string {
    return this.#process?.tail ?? '';
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** @returns how it ended after SIGTERM. */
  stop(): Promise<Exit> {
    return this.process.end('SIGTERM');
  }

  async ready(): Promise<void> {
    await eventually(`the node of ${this.directory} is ready`, () => this.rpc.isReady());
  }
}

/** A folder for one test file. AITBC_TEST_KEEP=1 leaves it there, with the logs of the nodes, and says where. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'aitbc-e2e-'));
  const keep = process.env.AITBC_TEST_KEEP === '1';
  if (keep) console.log(`kept: ${path}`);
  return { path, remove: () => (keep ? Promise.resolve() : rm(path, { recursive: true, force: true })) };
}

export class TestDevnet {
  readonly directory: string;
  readonly genesis: Genesis;
  readonly genesisHash: Uint8Array;
  readonly nodes: readonly TestNode[];
  readonly #remove: () => Promise<void>;

  private constructor(
    directory: string,
    { genesis, hash }: { genesis: Genesis; hash: Uint8Array },
    nodes: readonly TestNode[],
    remove: () => Promise<void>,
  ) {
    this.directory = directory;
    this.genesis = genesis;
    this.genesisHash = hash;
    this.nodes = nodes;
    this.#remove = remove;
  }

  /** @param blockTime milliseconds; undefined for that of the published genesis */
  static async create(validators: number, blockTime?: number): Promise<TestDevnet> {
    const { path, remove } = await temporaryFolder();
    const directory = join(path, 'devnet');
    await ensureDevnet(directory, { validators, blockTime });
    const files = await writeDevnetConfigs(directory, validators, await freePorts(validators * PORTS_PER_NODE));
    const genesis = await loadGenesis(join(directory, 'genesis.json'));
    const nodes = files.map(
      (file, index) =>
        new TestNode(
          devnetNodeDirectory(directory, index),
          ['start', '--config', file],
          join(path, `node-${index}.log`),
        ),
    );
    return new TestDevnet(directory, genesis, nodes, remove);
  }

  node(index: number): TestNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`no node ${index}`);
    return node;
  }

  /** Starts all nodes; resolves when each is ready. */
  async start(nodes: readonly TestNode[] = this.nodes): Promise<void> {
    await Promise.all(nodes.map((node) => node.start()));
    await Promise.all(nodes.map((node) => node.ready()));
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.#remove();
  }

  /** Resolves when the nodes have finalized `height`, and it is the same block with the same state for all of them. */
  async agreeAt(height: number, nodes: readonly TestNode[] = this.nodes): Promise<void> {
    const blocks = await Promise.all(
      nodes.map(({ rpc, directory }) => eventually(`${directory} finalizes height ${height}`, () => rpc.block(height))),
    );
    const different = new Set(blocks.map(({ hash, state_root }) => `${hash} ${state_root}`));
    if (different.size > 1) throw new Error(`height ${height} differs: ${[...different].join(', ')}`);
  }
}
