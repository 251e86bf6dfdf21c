// The network that is measured: a new devnet in a temporary directory, each node a process of its own as `devnet` runs
// them, with the senders of the benchmark in its genesis.

import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../node/config/sources.ts';
import { dataPaths } from '../../node/data-dir.ts';
import { devnetPorts, ensureDevnet, PORTS_PER_NODE, writeDevnetConfigs } from '../../node/devnet.ts';
import { loadGenesis } from '../../node/genesis-file.ts';
import type { NodeInfo } from '../../node/lifecycle.ts';
import { fromHex } from '../../primitives/bytes.ts';
import type { Genesis, GenesisAccount } from '../../primitives/genesis.ts';
import type { Hash } from '../../primitives/hash.ts';
import { UNITS_PER_AIT } from '../../primitives/units.ts';
import { CliError } from '../errors.ts';
import { NodeProcess, nodeEnvironment } from '../node-process.ts';
import { cpuSeconds, residentMiB } from './process-usage.ts';
import { sum } from './statistics.ts';
import { addressAt } from './transfer-signer.ts';

/** Enough for fees of any number of transfers. */
const BALANCE = 1_000n * UNITS_PER_AIT;
/** Below the ports that the system hands out to clients. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const PORT_ATTEMPTS = 50;
const STOP_LIMIT_MS = 10_000;
/** Of what the nodes have logged, shown when one fails. */
const KEPT_LINES = 20;

export interface NetworkOptions {
  readonly validators: number;
  /** of the funded accounts, 20 bytes each */
  readonly addresses: Uint8Array;
  readonly environment: Environment;
  /** where each node writes a CPU profile when it stops */
  readonly profileDirectory: string | undefined;
}

export interface BenchNetwork {
  readonly genesis: Genesis;
  readonly genesisHash: Hash;
  readonly nodes: readonly NodeInfo[];
  /** of all nodes together, since they started */
  cpuSeconds(): number;
  residentMiB(): number;
}

/**
 * Runs a network while `use` does, and removes it.
 * @param onFailure is told when a node ends by itself.
 */
export async function withNetwork<T>(
  options: NetworkOptions,
  onFailure: (error: Error) => void,
  use: (network: BenchNetwork) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'aitbc-bench-'));
  try {
    return await run(join(directory, 'devnet'), options, onFailure, use);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function run<T>(
  directory: string,
  { validators, addresses, environment, profileDirectory }: NetworkOptions,
  onFailure: (error: Error) => void,
  use: (network: BenchNetwork) => Promise<T>,
): Promise<T> {
  await ensureDevnet(directory, { validators, blockTime: undefined, accounts: funded(addresses) });
  const { genesis } = await loadGenesis(dataPaths(directory).genesis);
  const files = await writeDevnetConfigs(directory, validators, await freeBasePort(validators));
  const lines: string[] = [];
  const nodeOptions =
    profileDirectory === undefined
      ? []
      : ['--cpu-prof', `--cpu-prof-dir=${join(profileDirectory, `${validators}-validators`)}`];
  const processes = files.map((file, index) => {
    const print = (line: string) => {
      lines.push(`[node ${index}] ${line}`);
      if (lines.length > KEPT_LINES) lines.shift();
    };
    const node = new NodeProcess(
      ['start', '--config', file, '--stop-with-parent', '--log-level', 'warn'],
      nodeEnvironment(environment),
      print,
      nodeOptions,
    );
    node.ended.then((how) => {
      if (how === undefined) return;
      onFailure(new CliError('nodeFailed', `node ${index} ended: ${how}\n${lines.join('\n')}`));
    });
    return node;
  });
  try {
    const nodes = await Promise.all(processes.map(({ started }) => started));
    return await use({
      genesis,
      genesisHash: fromHex(nodes[0]?.genesisHash ?? ''),
      nodes,
      cpuSeconds: () => sum(processes.map(({ pid }) => cpuSeconds(pid))),
      residentMiB: () => sum(processes.map(({ pid }) => residentMiB(pid))),
    });
  } finally {
    await Promise.all(processes.map((node) => node.stop(STOP_LIMIT_MS)));
  }
}

function funded(addresses: Uint8Array): GenesisAccount[] {
  return Array.from({ length: addresses.length / addressAt(addresses, 0).length }, (_, account) => ({
    address: addressAt(addresses, account),
    balance: BALANCE,
  }));
}

/** Nodes have to know each other's ports before they start, so free ones are looked for. @throws {CliError} */
async function freeBasePort(validators: number): Promise<number> {
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
    const base = randomInt(FIRST_PORT, LAST_PORT - PORTS_PER_NODE * validators);
    const ports = Array.from({ length: validators }, (_, index) => Object.values(devnetPorts(base, index))).flat();
    const free = await Promise.all(ports.map(isFree));
    if (free.every((one) => one)) return base;
  }
  throw new CliError('environment', `no free ports were found between ${FIRST_PORT} and ${LAST_PORT}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
