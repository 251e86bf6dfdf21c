// `config show`: every setting, its value, and where the value comes from.

import type { Command } from 'commander';
import { type CliContext, columns, printResult } from './context.ts';
import { type DataDirOptions, flagsOf, withDataDir, withJson } from './options.ts';

export function addConfig(program: Command, context: CliContext): void {
  const config = program.command('config').description('Look at the configuration of a node.');
  withJson(withDataDir(config.command('show')))
    .description('Print every setting with its value and where that was set. Reports everything that is wrong.')
    .addHelpText(
      'after',
      `
Flags win over the environment, that over the config file, that over networks/<name>/config.yaml, that over defaults.

Examples:
  aitbc-node config show
  RPC_PORT=9180 aitbc-node config show --network devnet --json`,
    )
    .action((options: DataDirOptions) => show(context, options));
}

async function show(context: CliContext, options: DataDirOptions): Promise<void> {
  const { loadConfig } = await import('../node/config.ts');
  const { formatSetting } = await import('../node/config/template.ts');
  const { fileKey, SETTING_NAMES } = await import('../node/config/settings.ts');
  const { config, sources, file } = await loadConfig({
    flags: flagsOf(options),
    environment: context.environment,
    file: options.config,
  });
  const settings = SETTING_NAMES.map((name) => ({
    key: fileKey(name),
    value: formatSetting(name, config[name]) ?? null,
    source: sources[name] ?? 'default',
  }));
  const lines = columns(settings.map(({ key, value, source }) => [key, `${value ?? '(not set)'}  — ${source}`]));
  printResult(context, options, { file: file ?? null, settings }, lines);
}
