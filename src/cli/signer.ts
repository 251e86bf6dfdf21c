// `signer …`: how a validator's key and the record of what it has signed are looked at, moved and brought back. The work
// is in signer-commands.ts.

import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { type DataDirOptions, withDataDir, withJson } from './options.ts';
import type { PassphraseOptions } from './passphrase.ts';

export interface SignerOptions extends DataDirOptions, PassphraseOptions {
  readonly key?: string;
}

export interface ExportOptions extends SignerOptions {
  readonly out: string;
}

export interface ServeOptions extends SignerOptions {
  readonly socket: string;
  readonly stopWithParent?: boolean;
}

export interface RecoverOptions extends SignerOptions {
  readonly epoch: string;
  readonly slot: string;
}

export function addSigner(program: Command, context: CliContext): void {
  const signer = program
    .command('signer')
    .description("Look after a validator's signer: its key, and the record of what it has signed.");
  const commands = () => import('./signer-commands.ts');

  withKey(signer.command('show'))
    .description('Print the state of the record: floor, entries, and whether it signs.')
    .addHelpText('after', '\nExample:\n  aitbc-node signer show --data-dir ./node')
    .action(async (options: SignerOptions) => (await commands()).show(context, options));

  withKey(signer.command('export'))
    .description('Move the validator away: seals the record here for good, then writes key and record to a file.')
    .requiredOption('--out <file>', 'the file to make; it is encrypted under a passphrase')
    .addHelpText(
      'after',
      '\nOnly while the node is stopped. From then on nothing is signed here.\n\nExample:\n  aitbc-node signer export --data-dir ./node --out validator.export',
    )
    .action(async (options: ExportOptions) => (await commands()).exportValidator(context, options));

  withKey(signer.command('import <file>'))
    .description('Bring an exported validator here. It listens to the network for a while before it signs.')
    .addHelpText(
      'after',
      '\nThe data directory is made by `init` first, without a validator. Import each export once.\n\nExample:\n  aitbc-node signer import validator.export --data-dir ./node',
    )
    .action(async (file: string, options: SignerOptions) => (await commands()).importValidator(context, file, options));

  withKey(signer.command('recover'))
    .description(
      'Let a key sign again whose record is lost, damaged, or marked as copied, above all that it may have signed.',
    )
    .requiredOption('--epoch <number>', 'the epoch that the network is in, from `aitbc-node status` of another node')
    .requiredOption('--slot <number>', 'its slot in that epoch, from the same answer')
    .addHelpText(
      'after',
      '\nFirst make sure that nothing else signs with this key.\n\nExample:\n  aitbc-node signer recover --data-dir ./node --epoch 7 --slot 1234',
    )
    .action(async (options: RecoverOptions) => (await commands()).recover(context, options));

  const serve = withKey(signer.command('serve'))
    .description('Hold the key in this process, and sign for one node over a unix socket.')
    .requiredOption('--socket <path>', 'the socket to make; only its owner may connect')
    .addHelpText(
      'after',
      '\nThe node sets validator_signer: unix:<path>, validator_key: none and validator_address.\n\nExample:\n  aitbc-node signer serve --data-dir ./signer --socket /run/aitbc/signer.sock',
    );
  serve
    .addOption(serve.createOption('--stop-with-parent', 'stop when the process that started this one ends').hideHelp())
    .action(async (options: ServeOptions) => (await import('./signer-serve.ts')).serve(context, options));
}

function withKey(command: Command): Command {
  return withJson(withDataDir(command))
    .option(
      '--key <name>',
      'the validator key in <data dir>/keys (default: validator_key of the settings, or validator)',
    )
    .option('--passphrase-file <file>', 'file whose first line is the passphrase (environment PASSPHRASE_FILE)');
}
