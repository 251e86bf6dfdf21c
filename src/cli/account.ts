// `account show` and `account stakes`: what an account holds at the newest finalized block.

import type { Command } from 'commander';
import { type CliContext, columns, printResult } from './context.ts';
import { type ClientOptions, rpcClient, withJson, withRpc } from './options.ts';

export function addAccount(program: Command, context: CliContext): void {
  const account = program.command('account').description('Look at accounts.');
  withJson(withRpc(account.command('show <address>')))
    .description('Print balance, stakes and nonce of an account (ait1… or 0x and 40 hex digits).')
    .addHelpText('after', '\nExample:\n  aitbc-node account show ait1rsaplx0fp6l70p5d7as32p570e458fjlse9pwc')
    .action((address: string, options: ClientOptions) => show(context, address, options));

  withJson(withRpc(account.command('stakes <address>')))
    .description('Print what an account has staked, on whom, and what it has unstaked and waits for.')
    .addHelpText('after', '\nExample:\n  aitbc-node account stakes ait1rsaplx0fp6l70p5d7as32p570e458fjlse9pwc --json')
    .action(async (address: string, options: ClientOptions) => {
      const { showStakes } = await import('./account-stakes.ts');
      await showStakes(context, address, options);
    });
}

async function show(context: CliContext, text: string, options: ClientOptions): Promise<void> {
  const { formatAddress, parseAddress } = await import('../primitives/address.ts');
  const { formatAit } = await import('../primitives/units.ts');
  const address = formatAddress(parseAddress(text));
  const answer = await rpcClient(context, options).get(`rpc/get_balance/${address}`);
  const ait = (units: unknown) => formatAit(BigInt(String(units)));
  const lines = columns([
    ['address', address],
    ['balance', ait(answer.balance)],
    ['staked', ait(answer.staked)],
    ['unbonding', ait(answer.unbonding)],
    ['nonce', String(answer.nonce)],
  ]);
  printResult(context, options, answer, lines);
}
