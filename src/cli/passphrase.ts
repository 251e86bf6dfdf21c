// Passphrases of keystore files: from a file for scripts, else asked on the terminal without showing them.

import { readFile } from 'node:fs/promises';
import type { CliContext } from './context.ts';
import { CliError, systemMessage } from './errors.ts';

/** Longer than any passphrase that a person types; a larger file is something else. */
const MAX_PASSPHRASE_LENGTH = 1024;

const ENTER = new Set(['\r', '\n']);
const ERASE = new Set(['\u007f', '\b']);
const INTERRUPT = new Set(['\u0003', '\u0004']);

export interface PassphraseOptions {
  readonly passphraseFile?: string;
}

/** For an existing key. @throws {CliError} */
export async function askPassphrase(context: CliContext, options: PassphraseOptions, what: string): Promise<string> {
  const file = passphraseFile(context, options);
  return file === undefined ? prompt(context, `Passphrase of ${what}: `) : readPassphraseFile(file);
}

/** For a new key: asked twice, since nobody sees what is typed. @throws {CliError} */
export async function askNewPassphrase(context: CliContext, options: PassphraseOptions, what: string): Promise<string> {
  const file = passphraseFile(context, options);
  if (file !== undefined) return readPassphraseFile(file);
  const first = await prompt(context, `New passphrase for ${what}: `);
  if (first === '') throw new CliError('data', 'an empty passphrase protects nothing');
  if ((await prompt(context, 'The same again: ')) !== first) throw new CliError('data', 'the two passphrases differ');
  return first;
}

/** @returns the first line. @throws {CliError} */
export async function readPassphraseFile(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError('data', `the passphrase file can not be read: ${systemMessage(error as NodeJS.ErrnoException)}`);
  }
  const line = text.split(/\r?\n/, 1)[0] ?? '';
  if (line === '' || line.length > MAX_PASSPHRASE_LENGTH) {
    throw new CliError('data', `the first line of ${file} must be a passphrase`);
  }
  return line;
}

function passphraseFile(context: CliContext, options: PassphraseOptions): string | undefined {
  return options.passphraseFile ?? (context.environment.PASSPHRASE_FILE || undefined);
}

function prompt({ stdin, stderr }: CliContext, question: string): Promise<string> {
  if (stdin.isTTY !== true) {
    throw new CliError('data', 'a passphrase is needed, and there is no terminal to ask on', {
      hint: 'use --passphrase-file FILE (or PASSPHRASE_FILE)',
    });
  }
  stderr.write(question);
  return new Promise((resolve, reject) => {
    let text = '';
    const end = () => {
      stdin.off('data', read);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
    };
    const read = (chunk: string) => {
      for (const character of chunk) {
        if (ENTER.has(character)) {
          end();
          return resolve(text);
        }
        if (INTERRUPT.has(character)) {
          end();
          return reject(new CliError('usage', 'interrupted'));
        }
        if (ERASE.has(character)) text = [...text].slice(0, -1).join('');
        else if (text.length < MAX_PASSPHRASE_LENGTH) text += character;
      }
    };
    stdin.setRawMode(true);
    stdin.setEncoding('utf8');
    stdin.on('data', read);
    stdin.resume();
  });
}
