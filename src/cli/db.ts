// `db verify`: checks the database of a node that is not running against itself and against genesis.

import type { Command } from 'commander';
import { type CliContext, columns, printResult } from './context.ts';
import { CliError } from './errors.ts';
import { type StoppedNode, type StoppedNodeOptions, useStoppedNode, withStoppedNode } from './stopped-node.ts';

export function addDb(program: Command, context: CliContext): void {
  const db = program.command('db').description('Look after the database of a node that is not running.');
  withStoppedNode(db.command('verify'))
    .description('Recompute the state root and the total supply, and follow the links of every header.')
    .addHelpText(
      'after',
      '\nExits with 9 when the database contradicts itself.\n\nExample:\n  aitbc-node db verify --network devnet',
    )
    .action((options: StoppedNodeOptions) => verify(context, options));
}

async function verify(context: CliContext, options: StoppedNodeOptions): Promise<void> {
  const { StoreError } = await import('../store/errors.ts');
  try {
    await useStoppedNode(context, options, (node) => report(context, options, node));
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'CORRUPT') throw error;
    throw new CliError('checkFailed', error.message, { code: error.code });
  }
}

async function report(
  context: CliContext,
  options: StoppedNodeOptions,
  { config, genesis, store }: StoppedNode,
): Promise<void> {
  const { toHex } = await import('../primitives/bytes.ts');
  const { formatAit } = await import('../primitives/units.ts');
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
}
