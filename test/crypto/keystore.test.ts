import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../src/crypto/keys.ts';
import {
  inspectKeystore,
  KeystoreError,
  listKeystores,
  readKeystore,
  writeKeystore,
} from '../../src/crypto/keystore.ts';
import type { KeystoreErrorCode } from '../../src/crypto/keystore-error.ts';
import { addressOf, formatAddress } from '../../src/primitives/address.ts';
import { toHex } from '../../src/primitives/bytes.ts';

const PLAIN = { kind: 'plain' } as const;
const PASSPHRASE = 'correct horse é';

const test = suite('keystore');
let directory = '';
const key = KeyPair.generate();

test.before.each(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aitbc-keystore-'));
});
test.after.each(() => rm(directory, { recursive: true }));

async function rejects(action: Promise<unknown>, code: KeystoreErrorCode): Promise<void> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, KeystoreError);
  assert.is((error as KeystoreError).code, code, (error as KeystoreError).message);
}

/** Rewrites one field of a keystore file; a dotted name reaches into an object. */
async function alter(file: string, field: string, value: unknown): Promise<void> {
  const json = JSON.parse(await readFile(file, 'utf8'));
  const path = field.split('.');
  const last = path.pop() as string;
  let target = json;
  for (const name of path) target = target[name];
  target[last] = value;
  await writeFile(file, JSON.stringify(json));
}

test('an encrypted key comes back under its passphrase, however it was typed, and under no other', async () => {
  const file = join(directory, 'a.json');
  await writeKeystore(file, key, { kind: 'passphrase', passphrase: PASSPHRASE });
  assert.not.match(await readFile(file, 'utf8'), toHex(key.seed));
  const read = await readKeystore(file, PASSPHRASE.normalize('NFD'));
  assert.equal(read.seed, key.seed);
  await rejects(readKeystore(file, 'incorrect horse'), 'WRONG_PASSPHRASE');
  await rejects(readKeystore(file), 'PASSPHRASE_REQUIRED');
  const text = await readFile(file, 'utf8');
  await alter(file, 'publicKey', toHex(KeyPair.generate().publicKey));
  await rejects(readKeystore(file, PASSPHRASE), 'WRONG_PASSPHRASE');
  // Parameters out of bounds are refused before any work is done.
  for (const [field, value] of [
    ['encrypted.n', 2 ** 30],
    ['encrypted.n', 2 ** 14],
    ['encrypted.n', 2 ** 17 + 1],
    ['encrypted.n', -1],
    ['encrypted.n', 1e300],
    ['encrypted.r', 1024],
    ['encrypted.p', 1024],
    ['encrypted.kdf', 'none'],
    ['encrypted.nonce', '00'],
  ] as const) {
    await writeFile(file, text);
    await alter(file, field, value);
    await rejects(readKeystore(file, PASSPHRASE), 'MALFORMED');
  }
});

test('a plain key says that it is plain, and needs no passphrase', async () => {
  const file = join(directory, 'a.json');
  await writeKeystore(file, key, PLAIN);
  const json = JSON.parse(await readFile(file, 'utf8'));
  assert.is(json.plain, true);
  assert.match(json.warning, 'NOT ENCRYPTED');
  assert.equal((await readKeystore(file)).seed, key.seed);
});

test('a file belongs to its owner only, and nothing else is left behind', async () => {
  const file = join(directory, 'a.json');
  await writeKeystore(file, key, PLAIN);
  assert.is((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await readdir(directory), ['a.json']);
});

test('a file is never overwritten', async () => {
  const file = join(directory, 'a.json');
  await writeKeystore(file, key, PLAIN);
  await rejects(writeKeystore(file, KeyPair.generate(), PLAIN), 'EXISTS');
  assert.equal((await readKeystore(file)).publicKey, key.publicKey);
  assert.equal(await readdir(directory), ['a.json']);
});

test('an empty passphrase is refused and writes nothing', async () => {
  const file = join(directory, 'a.json');
  await rejects(writeKeystore(file, key, { kind: 'passphrase', passphrase: '' }), 'EMPTY_PASSPHRASE');
  assert.equal(await readdir(directory), []);
});

test('files that are missing, torn, foreign or too large are told apart from good ones', async () => {
  const file = join(directory, 'a.json');
  await rejects(readKeystore(file), 'NOT_FOUND');
  await writeKeystore(file, key, PLAIN);
  const text = await readFile(file, 'utf8');
  for (const length of [0, 1, text.length >> 1, text.length - 2]) {
    await writeFile(file, text.slice(0, length));
    await rejects(readKeystore(file), 'MALFORMED');
  }
  for (const content of ['null', '[]', '{}', '"text"', ' '.repeat(20_000)]) {
    await writeFile(file, content);
    await rejects(readKeystore(file), 'MALFORMED');
  }
  for (const [field, value, code] of [
    ['version', 2, 'UNSUPPORTED_VERSION'],
    ['version', '1', 'UNSUPPORTED_VERSION'],
    ['seed', toHex(key.seed).toUpperCase(), 'MALFORMED'],
    ['seed', toHex(KeyPair.generate().seed), 'MISMATCH'],
    ['address', formatAddress(addressOf(KeyPair.generate().publicKey)), 'MISMATCH'],
    ['plain', false, 'MALFORMED'],
    ['unknown', 1, 'MALFORMED'],
  ] as const) {
    await writeFile(file, text);
    await alter(file, field, value);
    await rejects(readKeystore(file), code);
  }
});

test('a directory is listed by name, with what cannot be read', async () => {
  await writeKeystore(join(directory, 'b.json'), key, PLAIN);
  await writeFile(join(directory, 'a.json'), '{');
  await writeFile(join(directory, 'notes.txt'), 'not listed');
  const [first, second, ...rest] = await listKeystores(directory);
  assert.instance(first, KeystoreError);
  assert.equal(second, await inspectKeystore(join(directory, 'b.json')));
  assert.equal(second, {
    file: join(directory, 'b.json'),
    address: formatAddress(addressOf(key.publicKey)),
    publicKey: key.publicKey,
    plain: true,
  });
  assert.equal(rest, []);
});

test.run();
