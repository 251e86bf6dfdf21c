import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { publishedKeys } from '../../src/node/devnet-keys.ts';
import { formatGenesis, GenesisFileError, loadGenesis, writeGenesis } from '../../src/node/genesis-file.ts';
import { networkDirectory } from '../../src/node/package-root.ts';
import { addressOf, formatAddress } from '../../src/primitives/address.ts';
import { toHex, utf8 } from '../../src/primitives/bytes.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { withTempDir } from '../helpers/temp-dir.ts';

const files = suite('genesis file');
const DEVNET = join(networkDirectory('devnet'), 'genesis.json');

async function failure(file: string): Promise<string> {
  try {
    await loadGenesis(file);
  } catch (error) {
    if (error instanceof GenesisFileError) return error.message;
    throw error;
  }
  throw new Error('expected a GenesisFileError');
}

files('the published devnet starts, and stays the same chain', async () => {
  const { genesis, hash, warnings } = await loadGenesis(DEVNET);
  assert.is(toHex(hash), 'a4932f0d4a6dbef6ca390a3e8a2ac0f2fa8ee3d11f4c6d083fe36adbf974410c');
  assert.equal(
    warnings.map(({ path }) => path),
    ['authorities.0'],
  );
  assert.is(await readFile(DEVNET, 'utf8'), formatGenesis(genesis));
});

files('the published keys are those of the published genesis', async () => {
  const { genesis } = await loadGenesis(DEVNET);
  const keys = await publishedKeys();
  for (const { name, key } of keys) assert.equal(key.seed, sha256(utf8(`aitbc devnet ${name}`)));
  const [validator, ...accounts] = keys;
  assert.equal(genesis.authorities[0]?.publicKey, validator?.key.publicKey);
  assert.equal(
    genesis.accounts.map(({ address }) => formatAddress(address)),
    accounts.map(({ address }) => address),
  );
  const listed = JSON.parse(await readFile(join(networkDirectory('devnet'), 'keys.json'), 'utf8'));
  assert.match(listed.notice, /PUBLIC KNOWLEDGE/);
  for (const [index, { key }] of keys.entries()) {
    assert.is(listed.keys[index].public_key, toHex(key.publicKey));
    assert.is(listed.keys[index].address, formatAddress(addressOf(key.publicKey)));
  }
});

files('templates say that there is no such network yet', async () => {
  for (const network of ['testnet', 'mainnet']) {
    const message = await failure(join(networkDirectory(network), 'genesis.json'));
    assert.match(message, /no public network exists yet/);
    assert.match(message, new RegExp(`networks/${network}`));
    assert.not((await readdir(networkDirectory(network))).includes('genesis.json'));
  }
  assert.match(await failure(join(networkDirectory('nonet'), 'genesis.json')), /there is no network "nonet"/);
});

files('says where a file is wrong', async () => {
  await withTempDir(async (directory) => {
    const file = join(directory, 'genesis.json');
    const text = await readFile(DEVNET, 'utf8');
    const cases: [string, RegExp][] = [
      ['{', /is no JSON/],
      ['[]', /is no genesis: expected an object/],
      [text.replace('"min_fee": "1000"', '"min_fee": 1000'), /parameters\.min_fee: .*decimal string/],
      [text.replace('"mode": "poa"', '"mode": "pow"'), /mode: expected one of "poa"/],
      [text.replace('"max_stakers": 100', '"max_stakers": -1'), /parameters\.max_stakers/],
      [text.replace('"max_stakers": 100', '"max_stakers": 0'), /can run:\nparameters\.max_stakers: must be from 1 to/],
      [text.replace('ait1wkf', 'ait1wkg'), /accounts\.0\.address.*checksum/],
      [text.replace('"chain_id"', '"chainId"'), /chainId: unknown field/],
    ];
    for (const [content, expected] of cases) {
      await writeFile(file, content);
      const message = await failure(file);
      assert.match(message, expected);
      assert.ok(message.startsWith(file));
    }
    assert.match(await failure(join(directory, 'missing.json')), /there is no genesis file .*missing\.json/);
  });
});

files('never overwrites', async () => {
  await withTempDir(async (directory) => {
    const file = join(directory, 'genesis.json');
    const { genesis, hash } = await loadGenesis(DEVNET);
    await writeGenesis(file, genesis);
    assert.equal((await loadGenesis(file)).hash, hash);
    await writeGenesis(file, genesis).then(
      () => assert.unreachable(),
      (error: NodeJS.ErrnoException) => assert.is(error.code, 'EEXIST'),
    );
  });
});

files.run();
