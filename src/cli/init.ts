// `init`: makes a data directory and says what is in it.

import type { Command } from 'commander';
import type { NodeConfig } from '../node/config.ts';
import { type CliContext, columns, printResult } from './context.ts';
import { CliError } from './errors.ts';
import { openKey } from './key-files.ts';
import { type DataDirOptions, withDataDir, withJson } from './options.ts';
import type { PassphraseOptions } from './passphrase.ts';

interface InitOptions extends DataDirOptions, PassphraseOptions {
  readonly genesisFile?: string;
  readonly validator?: string;
}

export function addInit(program: Command, context: CliContext): void {
  withJson(withDataDir(program.command('init')))
    .description('Make a data directory: node identity, keys, and a config file with every setting explained.')
    .option('--genesis-file <file>', 'the genesis of a network that does not come with this package')
    .option(
      '--validator <key>',
      'validate with this key, made before with `keys new`; starts the record of what it signs',
    )
    .option('--passphrase-file <file>', 'file whose first line opens the validator key (environment PASSPHRASE_FILE)')
    .addHelpText(
      'after',
      `
A devnet gets its published keys and needs no options. A directory that is there already is never changed.

Examples:
  aitbc-node init --network devnet
  aitbc-node keys new validator --data-dir ./node     (its public key goes into the genesis)
  aitbc-node init --network mynet --genesis-file genesis.json --data-dir ./node --validator validator`,
    )
    .action((options: InitOptions) => init(context, options));
}

async function init(context: CliContext, options: InitOptions): Promise<void> {
  const { loadConfig } = await import('../node/config.ts');
  const { dataPaths, requireAbsent } = await import('../node/data-dir.ts');
  const { network, dataDir, genesisFile } = options;
  const flags = { network, dataDir, genesisFile };
  const { config } = await loadConfig({ flags, environment: context.environment, file: options.config });
  await requireAbsent(config.dataDir);
  const published = config.network === 'devnet' && genesisFile === undefined;
  if (published && options.validator !== undefined) {
    throw new CliError('usage', 'the devnet has one validator, whose key is published and comes by itself', {
      hint: 'leave out --validator, or use `aitbc-node devnet --validators N` for more',
    });
  }
  if (published) {
    const { initDevnetNode } = await import('../node/devnet.ts');
    await initDevnetNode(config.dataDir, config.blockTime);
  } else await initOwn(context, options, config);
  const paths = dataPaths(config.dataDir);
  printResult(
    context,
    options,
    { network: config.network, data_dir: config.dataDir, config: paths.config, keys: paths.keys },
    [
      ...columns([
        ['data directory', config.dataDir],
        ['settings', paths.config],
        ['keys', paths.keys],
      ]),
      `Start it with: aitbc-node start --network ${config.network} --data-dir ${config.dataDir}`,
    ],
  );
}

async function initOwn(context: CliContext, options: InitOptions, config: NodeConfig): Promise<void> {
  const { checkValidator } = await import('../node/config/agreement.ts');
  const { loadGenesis } = await import('../node/genesis-file.ts');
  const { initDataDir } = await import('../node/init.ts');
  const { dataDir, network } = config;
  const { genesis, hash } = await loadGenesis(config.genesisFile);
  const common = { directory: dataDir, genesisHash: hash, genesis, keys: [] };
  if (options.validator === undefined) {
    await initDataDir({ ...common, settings: { network } });
    return;
  }
  const validator = await openKey(context, options, options.validator);
  const expected = { config: { ...config, validatorKey: options.validator }, sources: { validatorKey: '--validator' } };
  checkValidator(expected, genesis, validator.publicKey);
  await initDataDir({ ...common, validator, settings: { network, validatorKey: options.validator } });
}
