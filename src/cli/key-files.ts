// Named keys of a data directory, opened for a command.

import type { KeyPair } from '../crypto/keys.ts';
import { KEY_NAME, KEY_NAME_FORM } from '../node/config/settings.ts';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';
import type { DataDirOptions } from './options.ts';
import { flagsOf } from './options.ts';
import { askPassphrase, type PassphraseOptions } from './passphrase.ts';

/** The data directory that a command means. @throws {ConfigError} */
export async function dataDirOf(context: CliContext, options: DataDirOptions): Promise<string> {
  const { loadConfig } = await import('../node/config.ts');
  const { network, dataDir } = flagsOf(options);
  const flags = { network, dataDir };
  const { config } = await loadConfig({ flags, environment: context.environment, file: options.config });
  return config.dataDir;
}

/** @throws {CliError} when there is no such key, naming those that are there. */
export async function openKey(
  context: CliContext,
  options: DataDirOptions & PassphraseOptions,
  name: string,
): Promise<KeyPair> {
  const { keyFile } = await import('../node/data-dir.ts');
  const { inspectKeystore, KeystoreError, readKeystore } = await import('../crypto/keystore.ts');
  const directory = await dataDirOf(context, options);
  const file = keyFile(directory, checkKeyName(name));
  try {
    const { plain } = await inspectKeystore(file);
    if (plain) return await readKeystore(file);
    return await readKeystore(file, await askPassphrase(context, options, `key ${name}`));
  } catch (error) {
    if (!(error instanceof KeystoreError) || error.code !== 'NOT_FOUND') throw error;
    throw new CliError('data', `there is no key "${name}" in ${directory}/keys`, {
      code: error.code,
      hint: '`aitbc-node keys list` shows the keys; --data-dir or --network names another data directory',
    });
  }
}

/** @throws {CliError} */
export function checkKeyName(name: string): string {
  if (KEY_NAME.test(name)) return name;
  throw new CliError('usage', `"${name}" is no name for a key`, {
    hint: `use ${KEY_NAME_FORM}`,
  });
}
