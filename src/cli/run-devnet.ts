// The work of `devnet`: makes or finds the network's folder, runs one process for each node, tells where they are.

import { createServer } from 'node:http';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { checkAgreement } from '../node/config/agreement.ts';
import { loadConfig } from '../node/config.ts';
import { DEFAULT_BASE_PORT, devnetPorts, ensureDevnet, PORTS_PER_NODE, writeDevnetConfigs } from '../node/devnet.ts';
import { loadGenesis } from '../node/genesis-file.ts';
import type { NodeInfo } from '../node/lifecycle.ts';
import { ListenError, listen } from '../telemetry/listen.ts';
import { accountLines, fundedAccounts, tryLines } from './banner.ts';
import { type CliContext, columns } from './context.ts';
import type { DevnetOptions } from './devnet.ts';
import { CliError } from './errors.ts';
import { linePrinter } from './node-log.ts';
import { NodeProcess, nodeEnvironment } from './node-process.ts';
import { StopRequest } from './stop-request.ts';

/** More processes than this help nobody on one machine. */
const MAX_VALIDATORS = 20;
const MAX_PORT = 65_535;
const LOOPBACK = '127.0.0.1';
/** What a node may take to stop cleanly before it is killed. */
const STOP_LIMIT_MS = 10_000;

export async function runDevnet(context: CliContext, options: DevnetOptions): Promise<void> {
  const validators = wholeNumber(options.validators, '--validators', 1, MAX_VALIDATORS);
  const highest = MAX_PORT + 1 - PORTS_PER_NODE * validators;
  const basePort = wholeNumber(options.basePort ?? String(DEFAULT_BASE_PORT), '--base-port', 1, highest);
  const directory = resolve(
    options.dataDir ?? (context.environment.DATA_DIR || join(homedir(), '.aitbc', `devnet-${validators}`)),
  );
  const genesis = await prepare(context, options, directory, validators);
  await requireFreePorts(validators, basePort);
  const files = await writeDevnetConfigs(directory, validators, basePort);
  const nodes = files.map((file, index) => startNode(context, options, file, index));
  const stop = new StopRequest(() => {
    for (const node of nodes) node.kill();
  });
  try {
    const up = Promise.all(nodes.map((node) => node.started)).then(async (infos) => {
      const accounts = await fundedAccounts(genesis);
      const json = { data_dir: directory, nodes: infos, accounts };
      const lines = [...describe(directory, infos), ...accountLines(accounts), ...tryLines(firstUrl(infos), accounts)];
      context.stdout.write(options.json === true ? `${JSON.stringify(json)}\n` : `\n${lines.join('\n')}\n\n`);
    });
    // A node that never starts is reported as one that ended.
    up.catch(() => undefined);
    const allEnded = Promise.all(nodes.map((node) => node.ended)).then(() => 'all ended' as const);
    if ((await Promise.race([allEnded, stop.requested])) === 'all ended') {
      throw new CliError('nodeFailed', 'every node has ended', { hint: 'the lines above say why' });
    }
    context.stderr.write('stopping all nodes; once more stops them at once\n');
    await Promise.all(nodes.map((node) => node.stop(STOP_LIMIT_MS)));
  } finally {
    stop.close();
  }
}

async function prepare(context: CliContext, options: DevnetOptions, directory: string, validators: number) {
  const { BLOCK_TIME } = context.environment;
  const environment = { BLOCK_TIME };
  const flags = { blockTime: options.blockTime, dataDir: directory, genesisFile: join(directory, 'genesis.json') };
  const loaded = await loadConfig({ flags, environment });
  await ensureDevnet(directory, { validators, blockTime: loaded.config.blockTime });
  const { genesis } = await loadGenesis(loaded.config.genesisFile);
  checkAgreement(loaded, genesis);
  return genesis;
}

/** Said once before anything starts: of a network that lacks some nodes the others would wait for ever. */
async function requireFreePorts(validators: number, basePort: number): Promise<void> {
  for (let index = 0; index < validators; index++) {
    for (const port of Object.values(devnetPorts(basePort, index))) {
      const server = createServer();
      try {
        await listen(server, { host: LOOPBACK, port, setting: '--base-port' });
      } catch (error) {
        if (!(error instanceof ListenError) || error.code !== 'ADDRESS_IN_USE') throw error;
        throw new CliError('environment', `${LOOPBACK}:${port} is in use by another process`, {
          code: error.code,
          hint: 'stop that process (another devnet?), or choose other ports with --base-port, like --base-port 20000',
        });
      } finally {
        await new Promise((resolve) => server.close(resolve));
      }
    }
  }
}

function startNode(context: CliContext, options: DevnetOptions, file: string, index: number): NodeProcess {
  const log = options.json === true ? context.stderr : context.stdout;
  const print = linePrinter(log, index);
  const level = options.logLevel === undefined ? [] : ['--log-level', options.logLevel];
  const node = new NodeProcess(
    ['start', '--config', file, '--stop-with-parent', ...level],
    nodeEnvironment(context.environment),
    print,
  );
  node.ended.then((how) => {
    if (how !== undefined)
      context.stderr.write(
        `[node ${index}] ended: ${how}. The others go on; start it again with\n  aitbc-node start --config ${file}\n`,
      );
  });
  return node;
}

function describe(directory: string, infos: readonly NodeInfo[]): string[] {
  const rows = infos.map((info, index): [string, string] => [
    `node ${index}`,
    `RPC ${info.rpcUrl}  WebSocket ${info.wsUrl}  metrics ${info.metricsUrl}`,
  ]);
  return [`${infos.length} validators of ${infos[0]?.chainId} are up; their data is in ${directory}`, ...columns(rows)];
}

function firstUrl(infos: readonly NodeInfo[]): string {
  return infos[0]?.rpcUrl ?? '';
}

function wholeNumber(text: string, option: string, minimum: number, maximum: number): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= minimum && value <= maximum) return value;
  throw new CliError('usage', `${option}: "${text}" is not allowed`, {
    hint: `write a whole number from ${minimum} to ${maximum}`,
  });
}
