// The database of a node that is not running, for commands that look at it or change it.

import type { Command } from 'commander';
import type { NodeConfig } from '../node/config.ts';
import type { Genesis } from '../primitives/genesis.ts';
import type { Hash } from '../primitives/hash.ts';
import type { ChainStore } from '../store/chain-store.ts';
import type { CliContext } from './context.ts';
import { type DataDirOptions, flagsOf, withDataDir, withJson } from './options.ts';

export interface StoppedNodeOptions extends DataDirOptions {
  readonly genesisFile?: string;
}

export interface StoppedNode {
  readonly config: NodeConfig;
  readonly genesis: Genesis;
  readonly hash: Hash;
  readonly store: ChainStore;
}

/** Adds the options that say which node. */
export function withStoppedNode(command: Command): Command {
  return withJson(withDataDir(command)).option(
    '--genesis-file <file>',
    'the genesis of the chain, where it is not in the data directory or the package',
  );
}

/** Opens the node's store under its lock for as long as `use` takes. */
export async function useStoppedNode(
  context: CliContext,
  options: StoppedNodeOptions,
  use: (node: StoppedNode) => Promise<void>,
): Promise<void> {
  const { loadConfig } = await import('../node/config.ts');
  const { dataPaths, requireInitialized } = await import('../node/data-dir.ts');
  const { loadGenesis } = await import('../node/genesis-file.ts');
  const { ChainStore } = await import('../store/chain-store.ts');
  const { DirectoryLock } = await import('../store/lock.ts');
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
      await use({ config, genesis, hash, store });
    } finally {
      await store.close();
    }
  } finally {
    await lock.release();
  }
}
