// `tx send` and `tx show`. A transaction is signed here, with a key of the data directory; the node that is asked to
// spread it never sees the key.

import type { Command } from 'commander';
import { type CliContext, columns, printResult } from './context.ts';
import { CliError } from './errors.ts';
import { type ClientOptions, rpcClient, withDataDir, withJson, withRpc } from './options.ts';
import type { JsonObject } from './rpc-client.ts';
import type { SendOptions } from './tx-send.ts';

export function addTx(program: Command, context: CliContext): void {
  const tx = program.command('tx').description('Send transactions and see what became of them.');

  withRpc(withJson(withDataDir(tx.command('send'))))
    .description('Pay an account: sign with a key of the data directory and hand it to a node.')
    .requiredOption('--from <key>', 'name of the key that pays (see `keys list`)')
    .requiredOption('--to <address>', 'account that is paid: ait1… or 0x and 40 hex digits')
    .requiredOption('--amount <AIT>', 'amount in AIT, like 1.5')
    .option('--memo <text>', 'text for the receiver, at most 256 bytes', '')
    .option('--fee <AIT>', 'fee in AIT; auto pays the minimum', 'auto')
    .option('--nonce <number>', 'number of the transaction; needed only to send before the last one is final')
    .option('--wait [stage]', 'wait until it is notarized or finalized (default: finalized)')
    .option('--timeout <duration>', 'how long to wait', '60s')
    .option('--passphrase-file <file>', 'file whose first line opens the key (environment PASSPHRASE_FILE)')
    .addHelpText(
      'after',
      `
Exits with 7 when the transaction is refused or fails, with 8 when it is not seen in time.

Examples:
  aitbc-node tx send --from alice --to ait1dvlw5gz0yl3v05ysv57ucvd0v2ffm7cefzk0uv --amount 1.5 --wait
  aitbc-node tx send --from savings --to ait1… --amount 20 --memo rent --wait notarized --json`,
    )
    .action(async (options: SendOptions) => {
      const { send } = await import('./tx-send.ts');
      await send(context, options);
    });

  withRpc(withJson(tx.command('show <hash>')))
    .description('Print a transaction, its status and its receipt.')
    .addHelpText('after', '\nExample:\n  aitbc-node tx show 5f0c…')
    .action((hash: string, options: ClientOptions) => show(context, hash, options));
}

async function show(context: CliContext, hash: string, options: ClientOptions): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(hash)) {
    throw new CliError('usage', `"${hash}" is no transaction hash`, { hint: 'it is 64 lower-case hex digits' });
  }
  const { formatAit } = await import('../primitives/units.ts');
  const answer = await rpcClient(context, options).get(`rpc/get_tx/${hash}`);
  const transaction = answer.transaction as JsonObject;
  const rows: [string, string][] = [
    ['transaction', hash],
    ['status', String(answer.status)],
    ['from', String(answer.from)],
    ['nonce', String(transaction.nonce)],
    ['fee', formatAit(BigInt(String(transaction.fee)))],
    ...payments(transaction.action as JsonObject, formatAit),
  ];
  const receipt = answer.receipt as JsonObject | undefined;
  if (receipt !== undefined) rows.push(['block', `${receipt.height}`], ['result', String(receipt.code)]);
  printResult(context, options, answer, columns(rows));
}

/** Who is paid how much, one row for each output. */
function payments(action: JsonObject, formatAit: (units: bigint) => string): [string, string][] {
  const outputs = (action.outputs ?? [action]) as JsonObject[];
  const paid = outputs.map(({ to, amount }): [string, string] => [
    'pays',
    `${formatAit(BigInt(String(amount)))} to ${to}`,
  ]);
  return action.memo === '' ? paid : [...paid, ['memo', JSON.stringify(action.memo)]];
}
