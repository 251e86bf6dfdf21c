// The work of `bootstrap`, from settings to a node that has stopped again.

import { type BootstrapInfo, BootstrapNode, prepareBootstrapDir } from '../node/bootstrap.ts';
import { type LoadedConfig, loadConfig } from '../node/config.ts';
import { loadGenesis } from '../node/genesis-file.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { BOOTSTRAP_MAX_PEERS, type BootstrapOptions } from './bootstrap.ts';
import { type CliContext, columns } from './context.ts';
import { flagsOf } from './options.ts';
import { runNode } from './run-node.ts';
import { StopRequest } from './stop-request.ts';

/** @throws {CliError} and everything of `loadConfig`, `loadGenesis`, `prepareBootstrapDir` and `BootstrapNode`. */
export async function runBootstrap(context: CliContext, options: BootstrapOptions): Promise<void> {
  const { config } = await loadSettings(context, options);
  const { genesis, hash } = await loadGenesis(config.genesisFile);
  await prepareBootstrapDir(config.dataDir);
  const stream = options.json === true ? context.stderr : context.stdout;
  const logger = createLogger({ level: config.logLevel, stream });
  const stop = new StopRequest();
  try {
    if (options.stopWithParent === true) stop.withParent();
    const node = new BootstrapNode(config, { logger, genesis, genesisHash: hash });
    await runNode(node, stop, logger, (info) => announce(context, options, logger, info));
  } finally {
    stop.close();
  }
}

/** A bootstrap node has room for many, unless a setting says for how many. */
async function loadSettings(context: CliContext, options: BootstrapOptions): Promise<LoadedConfig> {
  const { stopWithParent: _, ...settings } = options;
  const loaded = await loadConfig({
    flags: flagsOf(settings),
    environment: context.environment,
    file: options.config,
    dataDirName: (network) => `${network}-bootstrap`,
  });
  if (loaded.sources.maxPeers !== undefined) return loaded;
  return { ...loaded, config: { ...loaded.config, maxPeers: BOOTSTRAP_MAX_PEERS } };
}

function announce(context: CliContext, options: BootstrapOptions, logger: Logger, info: BootstrapInfo): void {
  process.send?.({ started: info });
  if (options.json === true) context.stdout.write(`${JSON.stringify(info)}\n`);
  else if (context.stdout.isTTY === true) context.stdout.write(banner(info));
  else logger.info({ ...info }, 'started');
}

function banner(info: BootstrapInfo): string {
  const rows = columns([
    ['Health', info.healthUrl],
    ['Metrics', info.metricsUrl],
    ['Peers', info.p2pAddresses.join('\n           ')],
  ]);
  const title = `aitbc-node helps newcomers of ${info.chainId} to find each other`;
  return `${['', title, '', ...rows.map((line) => `  ${line}`), '', 'Ctrl-C stops it.', ''].join('\n')}\n`;
}
