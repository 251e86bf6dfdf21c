// `tx send` and `tx show`. A transaction is signed here, with a key of the data directory; the node that is asked to
// spread it never sees the key.

import type { Command } from 'commander';
import { type CliContext, columns, printResult } from './context.ts';
import { CliError } from './errors.ts';
import { type ClientOptions, rpcClient, withJson, withRpc } from './options.ts';
import type { JsonObject } from './rpc-client.ts';
import { TRANSACTION_EXITS, withTransaction } from './transaction-options.ts';
import type { SendOptions } from './tx-send.ts';

export function addTx(program: Command, context: CliContext): void {
  const tx = program.command('tx').description('Send transactions and see what became of them.');

  withTransaction(tx.command('send'))
    .description('Pay an account: sign with a key of the data directory and hand it to a node.')
    .requiredOption('--to <address>', 'account that is paid: ait1… or 0x and 40 hex digits')
    .requiredOption('--amount <AIT>', 'amount in AIT, like 1.5')
    .option('--memo <text>', 'text for the receiver, at most 256 bytes', '')
    .addHelpText(
      'after',
      `
${TRANSACTION_EXITS}

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
  const { actionRows } = await import('./action-rows.ts');
  const { receiptWords } = await import('./receipt-words.ts');
  const answer = await rpcClient(context, options).get(`rpc/get_tx/${hash}`);
  const transaction = answer.transaction as JsonObject;
  const rows: [string, string][] = [
    ['transaction', hash],
    ['status', String(answer.status)],
    ['from', String(answer.from)],
    ['nonce', String(transaction.nonce)],
    ['fee', formatAit(BigInt(String(transaction.fee)))],
    ...actionRows(transaction.action as JsonObject),
  ];
  const receipt = answer.receipt as JsonObject | undefined;
  if (receipt !== undefined) {
    rows.push(['block', String(receipt.height)], ['result', receiptWords(String(receipt.code))]);
  }
  printResult(context, options, answer, columns(rows));
}
