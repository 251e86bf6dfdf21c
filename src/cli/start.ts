// `start`: loads the configuration, checks everything, runs a node until it is told to stop.

import type { Command } from 'commander';
import { flagName, SETTING_NAMES, SETTINGS, type SettingName } from '../node/config/settings.ts';
import type { Flags } from '../node/config/sources.ts';
import type { CliContext } from './context.ts';
import { type DataDirOptions, withDataDir, withJson } from './options.ts';

export type StartOptions = DataDirOptions & Flags & { readonly stopWithParent?: boolean };

/** Those that every command with a data directory has. */
const COMMON: ReadonlySet<SettingName> = new Set(['network', 'dataDir']);

export function addStart(program: Command, context: CliContext): void {
  const start = withJson(withDataDir(program.command('start')))
    .description('Run a node until it is stopped (Ctrl-C; once more stops it at once).')
    .optionsGroup('Settings (each also in the config file and the environment, see `config show`):');
  for (const name of SETTING_NAMES) {
    if (!COMMON.has(name)) start.option(`${flagName(name)} <value>`, SETTINGS[name].doc);
  }
  start
    .addOption(start.createOption('--stop-with-parent', 'stop when the process that started this one ends').hideHelp())
    .addHelpText(
      'after',
      `
With --network devnet an empty data directory is filled by itself: one validator with a published key.

Examples:
  aitbc-node start --network devnet
  aitbc-node start --config node.yaml --log-level debug
  aitbc-node start --network mynet --data-dir ./node --rpc-port 9180`,
    )
    .action(async (options: StartOptions) => {
      // First of all: a few dozen files are not even enough to load the rest of this program.
      const { checkFileDescriptors, readLimits } = await import('../node/file-descriptors.ts');
      checkFileDescriptors(await readLimits());
      const { runStart } = await import('./run-start.ts');
      await runStart(context, options);
    });
}
