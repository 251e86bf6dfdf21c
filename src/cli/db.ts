// `db verify`: checks the database of a node that is not running against itself and against genesis.

import type { Command } from 'commander';
import { type CliContext, columns, printResult } from './context.ts';
import { CliError } from './errors.ts';
import { type DataDirOptions, flagsOf, withDataDir, withJson } from './options.ts';

interface VerifyOptions extends DataDirOptions {
  readonly genesisFile?: string;
}

export function addDb(program: Command, context: CliContext): void {
  const db = program.command('db').description('Look after the database of a node that is not running.');
  withJson(withDataDir(db.command('verify')))
    .description('Recompute the state root and the total supply, and follow the links of every header.')
    .option('--genesis-file <file>', SETTING_DOC)
    .addHelpText(
      'after',
      '\nExits with 9 when the database contradicts itself.\n\nExample:\n  aitbc-node db verify --network devnet',
    )
    .action((options: VerifyOptions) => verify(context, options));
}

const SETTING_DOC = 'the genesis of the chain, where it is not in the data directory or the package';

async function verify(context: CliContext, options: VerifyOptions): Promise<void> {
  const { loadConfig } = await import('../node/config.ts');
  const { dataPaths, requireInitialized } = await import('../node/data-dir.ts');
  const { loadGenesis } = await import('../node/genesis-file.ts');
  const { ChainStore } = await import('../store/chain-store.ts');
  const { StoreError } = await import('../store/errors.ts');
  const { DirectoryLock } = await import('../store/lock.ts');
  const { toHex } = await import('../primitives/bytes.ts');
  const { formatAit } = await import('../primitives/units.ts');
  const { config } = await loadConfig({
    flags: flagsOf(options),
    environment: context.environment,
    file: options.config,
  });
  const { genesis, hash } = await loadGenesis(config.genesisFile);
  await requireInitialized(config.dataDir, config.network);
  const lock = await DirectoryLock.acquire(config.dataDir, { hash });
  try {
    const store = await ChainStore.open(dataPaths(config.dataDir).db, { hash });
    try {
      if (store.head === undefined) {
        throw new CliError('data', `the chain in ${config.dataDir} has no block yet`, { hint: 'start the node first' });
      }
      const supply = genesis.accounts.reduce((sum, { balance }) => sum + balance, 0n);
      const found = await store.verify({ supply });
      const root = toHex(found.stateRoot);
      const json = { ...found, stateRoot: undefined, state_root: root, supply: found.supply.toString() };
      const lines = columns([
        ['head', `block ${found.height}`],
        ['headers', `${found.headers} linked`],
        ['state root', `${root}, recomputed from ${found.entries} records`],
        ['supply', formatAit(found.supply)],
      ]);
      printResult(context, options, json, [...lines, 'the database is sound']);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'CORRUPT') throw error;
    throw new CliError('checkFailed', error.message, { code: error.code });
  } finally {
    await lock.release();
  }
}
