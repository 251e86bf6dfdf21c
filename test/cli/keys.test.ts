import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { runCli, runJson } from './run-cli.ts';

const keys = suite('keys');
const SEED = '11'.repeat(32);

keys('a key is made, listed, exported, and imported somewhere else', async () => {
  await withTempDir(async (directory) => {
    const passphraseFile = join(directory, 'passphrase');
    await writeFile(passphraseFile, 'correct horse\n');
    const secret = ['--data-dir', directory, '--passphrase-file', passphraseFile];
    const made = await runJson(['keys', 'new', 'savings', ...secret]);
    assert.match(String(made.address), /^ait1/);
    const file = join(directory, 'keys', 'savings.json');
    assert.is((await stat(file)).mode & 0o077, 0);
    const { keys: listed } = (await runJson(['keys', 'list', '--data-dir', directory])) as { keys: object[] };
    assert.equal(listed, [{ name: 'savings', address: made.address, public_key: made.public_key, encrypted: true }]);
    const { seed } = await runJson(['keys', 'export', 'savings', ...secret]);
    assert.not((await readFile(file, 'utf8')).includes(String(seed)));
    const seedFile = join(directory, 'seed');
    await writeFile(seedFile, `${seed}\n`);
    const again = await runJson([
      'keys',
      'import',
      'copy',
      '--seed-file',
      seedFile,
      '--plain',
      '--data-dir',
      directory,
    ]);
    assert.is(again.address, made.address);
  });
});

keys('a secret can come through a pipe', async () => {
  await withTempDir(async (directory) => {
    const args = ['keys', 'import', 'piped', '--seed-file', '-', '--plain', '--data-dir', directory];
    const { address } = await runJson(args, { stdin: `${SEED}\n` });
    assert.match(String(address), /^ait1/);
    const { stdout } = await runCli(['keys', 'export', 'piped', '--data-dir', directory]);
    assert.is(stdout, `${SEED}\n`);
  });
});

keys('what can not be is refused with the way out', async () => {
  await withTempDir(async (directory) => {
    const at = ['--data-dir', directory];
    const cases: [args: string[], code: number, message: RegExp][] = [
      [['keys', 'new', 'a', ...at], EXIT.data, /no terminal to ask on[\s\S]*--passphrase-file/],
      [['keys', 'new', '../a', '--plain', ...at], EXIT.usage, /no name for a key/],
      [['keys', 'new', 'A B', '--plain', ...at], EXIT.usage, /lower-case letters/],
      [['keys', 'export', 'nobody', ...at], EXIT.data, /no key "nobody"[\s\S]*keys list/],
      [['keys', 'import', 'a', '--seed-file', '-', '--plain', ...at], EXIT.usage, /64 lower-case hex digits/],
      [['keys', 'new', 'a', '--passphrase-file', '/nowhere/p', ...at], EXIT.data, /passphrase file can not be read/],
    ];
    for (const [args, code, message] of cases) {
      const result = await runCli(args);
      assert.is(result.code, code, args.join(' '));
      assert.match(result.stderr, message);
    }
    await runJson(['keys', 'new', 'a', '--plain', ...at]);
    const twice = await runCli(['keys', 'new', 'a', '--plain', ...at]);
    assert.is(twice.code, EXIT.data);
    assert.match(twice.stderr, /never overwritten/);
  });
});

keys('a wrong passphrase opens nothing', async () => {
  await withTempDir(async (directory) => {
    const right = join(directory, 'right');
    const wrong = join(directory, 'wrong');
    await writeFile(right, 'right');
    await writeFile(wrong, 'wrong');
    await runJson(['keys', 'new', 'a', '--data-dir', directory], { environment: { PASSPHRASE_FILE: right } });
    const { code, stderr } = await runCli(['keys', 'export', 'a', '--data-dir', directory, '--passphrase-file', wrong]);
    assert.is(code, EXIT.data);
    assert.match(stderr, /wrong passphrase/);
  });
});

keys('an empty directory has no keys', async () => {
  await withTempDir(async (directory) => {
    const { code, stdout } = await runCli(['keys', 'list', '--data-dir', directory]);
    assert.is(code, EXIT.ok);
    assert.match(stdout, /^no keys in /);
  });
});

keys.run();
