// `keys new|import|export|list`: the keystore files of a data directory. Secrets are printed by `export` only.

import type { Command } from 'commander';
import type { Protection } from '../crypto/keystore.ts';
import { type CliContext, columns, printResult } from './context.ts';
import { CliError } from './errors.ts';
import { checkKeyName, dataDirOf, openKey } from './key-files.ts';
import { type DataDirOptions, withDataDir, withJson } from './options.ts';
import { askNewPassphrase, type PassphraseOptions } from './passphrase.ts';

interface NewKeyOptions extends DataDirOptions, PassphraseOptions {
  readonly plain?: boolean;
}

interface ImportOptions extends NewKeyOptions {
  readonly seedFile: string;
}

/** A file with a seed has 64 digits and perhaps a line break. */
const MAX_SEED_TEXT = 1024;

export function addKeys(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('Make, import, export and list the keys of a data directory.');

  withNewKey(keys.command('new <name>'))
    .description('Make a key and keep it under a passphrase.')
    .addHelpText(
      'after',
      '\nExamples:\n  aitbc-node keys new savings\n  aitbc-node keys new test --plain --network devnet',
    )
    .action((name: string, options: NewKeyOptions) => create(context, name, options));

  withNewKey(keys.command('import <name>'))
    .description('Keep a key whose secret (32 bytes, 64 hex digits) stands in a file.')
    .requiredOption('--seed-file <file>', 'the file with the secret; - reads standard input')
    .addHelpText('after', '\nExample:\n  aitbc-node keys import savings --seed-file seed.txt')
    .action((name: string, options: ImportOptions) => importKey(context, name, options));

  withPassphrase(withJson(withDataDir(keys.command('export <name>'))))
    .description('Print the SECRET of a key: whoever sees it owns the account.')
    .addHelpText('after', '\nExample:\n  aitbc-node keys export savings > seed.txt')
    .action((name: string, options: DataDirOptions & PassphraseOptions) => exportKey(context, name, options));

  withJson(withDataDir(keys.command('list')))
    .description('List the keys: name, address, public key, and whether it is encrypted.')
    .addHelpText('after', '\nExample:\n  aitbc-node keys list --network devnet --json')
    .action((options: DataDirOptions) => list(context, options));
}

function withPassphrase(command: Command): Command {
  return command.option(
    '--passphrase-file <file>',
    'file whose first line is the passphrase (environment PASSPHRASE_FILE)',
  );
}

function withNewKey(command: Command): Command {
  return withPassphrase(withJson(withDataDir(command))).option('--plain', 'do not encrypt: for devnet keys only');
}

async function create(context: CliContext, name: string, options: NewKeyOptions): Promise<void> {
  const { KeyPair } = await import('../crypto/keys.ts');
  await store(context, name, KeyPair.generate().seed, options);
}

async function importKey(context: CliContext, name: string, options: ImportOptions): Promise<void> {
  const { fromHex } = await import('../primitives/bytes.ts');
  const text = (await readSeed(context, options.seedFile)).trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new CliError('usage', `${options.seedFile} holds no secret key`, {
      hint: 'it must be 64 lower-case hex digits',
    });
  }
  await store(context, name, fromHex(text), options);
}

async function readSeed(context: CliContext, file: string): Promise<string> {
  if (file !== '-') {
    const { readFile } = await import('node:fs/promises');
    return readFile(file, 'utf8');
  }
  let text = '';
  for await (const chunk of context.stdin) {
    text += chunk;
    if (text.length > MAX_SEED_TEXT) break;
  }
  return text;
}

async function store(context: CliContext, name: string, seed: Uint8Array, options: NewKeyOptions): Promise<void> {
  const { mkdir } = await import('node:fs/promises');
  const { KeyPair } = await import('../crypto/keys.ts');
  const { writeKeystore } = await import('../crypto/keystore.ts');
  const { dataPaths, keyFile } = await import('../node/data-dir.ts');
  const { addressOf, formatAddress } = await import('../primitives/address.ts');
  const { toHex } = await import('../primitives/bytes.ts');
  const directory = await dataDirOf(context, options);
  const file = keyFile(directory, checkKeyName(name));
  const key = new KeyPair(seed);
  const protection = await askProtection(context, name, options);
  await mkdir(dataPaths(directory).keys, { recursive: true, mode: 0o700 });
  await writeKeystore(file, key, protection);
  const address = formatAddress(addressOf(key.publicKey));
  const publicKey = toHex(key.publicKey);
  printResult(
    context,
    options,
    { name, address, public_key: publicKey, file },
    columns([
      ['name', name],
      ['address', address],
      ['public key', publicKey],
      ['file', file],
    ]),
  );
}

async function askProtection(context: CliContext, name: string, options: NewKeyOptions): Promise<Protection> {
  if (options.plain === true) return { kind: 'plain' };
  return { kind: 'passphrase', passphrase: await askNewPassphrase(context, options, `key ${name}`) };
}

async function exportKey(
  context: CliContext,
  name: string,
  options: DataDirOptions & PassphraseOptions,
): Promise<void> {
  const { toHex } = await import('../primitives/bytes.ts');
  const key = await openKey(context, options, name);
  printResult(context, options, { name, seed: toHex(key.seed) }, [toHex(key.seed)]);
}

async function list(context: CliContext, options: DataDirOptions): Promise<void> {
  const { basename } = await import('node:path');
  const { KeystoreError, listKeystores } = await import('../crypto/keystore.ts');
  const { dataPaths } = await import('../node/data-dir.ts');
  const { toHex } = await import('../primitives/bytes.ts');
  const directory = dataPaths(await dataDirOf(context, options)).keys;
  const found = await listKeystores(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const keys = [];
  for (const entry of found) {
    if (entry instanceof KeystoreError) context.stderr.write(`warning: ${entry.message}\n`);
    else {
      const { file, address, publicKey, plain } = entry;
      keys.push({ name: basename(file, '.json'), address, public_key: toHex(publicKey), encrypted: !plain });
    }
  }
  const rows = keys.map(({ name, address, public_key, encrypted }): [string, string] => [
    name,
    `${address}  ${public_key}  ${encrypted ? 'encrypted' : 'plain'}`,
  ]);
  printResult(context, options, { directory, keys }, rows.length === 0 ? [`no keys in ${directory}`] : columns(rows));
}
