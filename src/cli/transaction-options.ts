// The options of every command that makes a transaction, spelled and explained once.

import type { Command } from 'commander';
import { type ClientOptions, type DataDirOptions, withDataDir, withJson, withRpc } from './options.ts';
import type { PassphraseOptions } from './passphrase.ts';

export interface TransactionOptions extends DataDirOptions, ClientOptions, PassphraseOptions {
  /** name of the key that signs and pays */
  readonly from: string;
  /** AIT or `auto` */
  readonly fee: string;
  readonly nonce?: string;
  /** true without a stage */
  readonly wait?: string | true;
  readonly timeout: string;
}

export function withTransaction(command: Command): Command {
  return withRpc(withJson(withDataDir(command)))
    .requiredOption('--from <key>', 'name of the key that signs and pays (see `keys list`)')
    .option('--fee <AIT>', 'fee in AIT; auto pays the minimum', 'auto')
    .option('--nonce <number>', 'number of the transaction; needed only to send before the last one is final')
    .option('--wait [stage]', 'wait until it is notarized or finalized (default: finalized)')
    .option('--timeout <duration>', 'how long to wait', '60s')
    .option('--passphrase-file <file>', 'file whose first line opens the keys (environment PASSPHRASE_FILE)');
}

export const TRANSACTION_EXITS =
  'Exits with 7 when the transaction is refused or fails, with 8 when it is not seen in time.';
