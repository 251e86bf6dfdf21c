// The work of `start`, from settings to a node that has stopped again.

import { basename, dirname } from 'node:path';
import type { KeyPair } from '../crypto/keys.ts';
import { inspectKeystore, readKeystore } from '../crypto/keystore.ts';
import { type LoadedConfig, loadConfig } from '../node/config.ts';
import { dataDirState, keyFile } from '../node/data-dir.ts';
import { initDevnetNode } from '../node/devnet.ts';
import type { NodeInfo } from '../node/lifecycle.ts';
import { networkDirectory } from '../node/package-root.ts';
import { prepareNode } from '../node/prepare.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { StatusLine } from '../telemetry/status-line.ts';
import { banner, type FundedAccount, fundedAccounts } from './banner.ts';
import type { CliContext } from './context.ts';
import { type DataDirOptions, flagsOf } from './options.ts';
import { askPassphrase } from './passphrase.ts';
import { runNode } from './run-node.ts';
import type { StartOptions } from './start.ts';
import { StopRequest } from './stop-request.ts';
import { showSync } from './sync-bar.ts';

/** @throws {CliError} and everything of `loadConfig`, `prepareNode` and `createNode`. */
export async function runStart(context: CliContext, options: StartOptions): Promise<void> {
  const loaded = await loadSettings(context, options);
  const { config } = loaded;
  const { warnings, ...prepared } = await prepareNode(loaded, (name) => openNodeKey(context, loaded, name));
  const stream = options.json === true ? context.stderr : context.stdout;
  const line = stream.isTTY === true ? new StatusLine(stream) : undefined;
  const logger = createLogger({ level: config.logLevel, stream: line ?? stream });
  // That one validator decides alone is the very idea of a devnet.
  const warn = config.network === 'devnet' ? 'debug' : 'warn';
  for (const { path, message } of warnings) logger[warn]({ path }, `genesis: ${message}`);
  const { createNode } = await import('../node/node.ts');
  const stop = new StopRequest();
  let endBar: (() => void) | undefined;
  try {
    if (options.stopWithParent === true) stop.withParent();
    const node = await createNode(config, { logger, ...prepared });
    // A parent says them once for all its nodes.
    const tellsAccounts = config.network === 'devnet' && options.stopWithParent !== true;
    const accounts = tellsAccounts ? await fundedAccounts(prepared.genesis) : [];
    await runNode(node, stop, logger, (info) => {
      announce(context, options, logger, info, accounts);
      if (line !== undefined) endBar = showSync(line, () => node.syncStatus());
    });
  } finally {
    endBar?.();
    stop.close();
  }
}

/** An empty directory becomes a devnet node's by itself; no other network can know which keys are wanted. */
async function loadSettings(context: CliContext, options: StartOptions): Promise<LoadedConfig> {
  const { stopWithParent: _, ...settings } = options;
  const inputs = { flags: flagsOf(settings), environment: context.environment, file: options.config };
  const loaded = await loadConfig(inputs);
  const { config } = loaded;
  const isPublished = dirname(config.genesisFile) === networkDirectory('devnet');
  if (config.network !== 'devnet' || !isPublished || (await dataDirState(config.dataDir)) !== 'absent') return loaded;
  await initDevnetNode(config.dataDir, config.blockTime);
  return loadConfig(inputs);
}

async function openNodeKey(context: CliContext, { config }: LoadedConfig, name: string): Promise<KeyPair> {
  const file = keyFile(config.dataDir, name);
  if ((await inspectKeystore(file)).plain) return readKeystore(file);
  const { passphraseFile } = config;
  const options = passphraseFile === undefined ? {} : { passphraseFile };
  return readKeystore(file, await askPassphrase(context, options, `key ${basename(file, '.json')}`));
}

/** A terminal gets a picture, a log gets fields, a script gets JSON, and a parent process a message. */
function announce(
  context: CliContext,
  options: DataDirOptions,
  logger: Logger,
  info: NodeInfo,
  accounts: readonly FundedAccount[],
): void {
  process.send?.({ started: info });
  if (options.json === true) context.stdout.write(`${JSON.stringify({ ...info, accounts })}\n`);
  else if (context.stdout.isTTY === true) context.stdout.write(banner(info, accounts));
  else logger.info({ ...info, ...(accounts.length === 0 ? {} : { accounts }) }, 'started');
}
