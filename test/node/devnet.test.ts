import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../src/crypto/keys.ts';
import { readKeystore, writeKeystore } from '../../src/crypto/keystore.ts';
import { LocalSigner } from '../../src/crypto/signer/local-signer.ts';
import { loadConfig } from '../../src/node/config.ts';
import { DataDirError, dataDirState, dataPaths, keyFile, requireInitialized } from '../../src/node/data-dir.ts';
import {
  devnetNodeDirectory,
  devnetPorts,
  ensureDevnet,
  initDevnetNode,
  writeDevnetConfigs,
} from '../../src/node/devnet.ts';
import { loadGenesis } from '../../src/node/genesis-file.ts';
import { readIdentity } from '../../src/node/identity-file.ts';
import { prepareNode } from '../../src/node/prepare.ts';
import { withTempDir } from '../helpers/temp-dir.ts';

const devnet = suite('devnet directories');

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DataDirError) return error.code;
    throw error;
  }
  return 'none';
}

devnet('a fresh directory gets keys, identity, record and settings, readable by the owner only', async () => {
  await withTempDir(async (directory) => {
    assert.is(await dataDirState(directory), 'absent');
    await initDevnetNode(directory, undefined);
    assert.is(await dataDirState(directory), 'initialized');
    const paths = dataPaths(directory);
    assert.equal((await readdir(paths.keys)).length, 6);
    assert.is((await readIdentity(paths.identity)).length, 32);
    for (const file of [paths.identity, paths.signerRecord, keyFile(directory, 'validator')]) {
      assert.is((await stat(file)).mode & 0o077, 0, file);
    }
    const loaded = await loadConfig({ flags: { dataDir: directory } });
    assert.match(loaded.config.genesisFile, /networks[/\\]devnet/, 'the published genesis needs no copy');
    const prepared = await prepareNode(loaded, (name) => readKeystore(keyFile(directory, name)));
    const { validatorKey, genesisHash } = prepared;
    assert.ok(validatorKey);
    const signer = await LocalSigner.open(paths.signerRecord, validatorKey as KeyPair, genesisHash);
    await signer.close();
  });
});

devnet('another block time makes a genesis of its own that can run', async () => {
  await withTempDir(async (directory) => {
    await initDevnetNode(directory, 5000);
    const { config } = await loadConfig({ flags: { dataDir: directory } });
    assert.is(config.genesisFile, dataPaths(directory).genesis);
    const { genesis } = await loadGenesis(config.genesisFile);
    assert.is(genesis.parameters.blockTime, 5000);
  });
  await withTempDir(async (directory) => {
    await initDevnetNode(directory, 20);
    const { genesis } = await loadGenesis(dataPaths(directory).genesis);
    assert.is(genesis.parameters.minBlockInterval, 20);
  });
});

devnet('nothing is ever overwritten', async () => {
  await withTempDir(async (directory) => {
    await initDevnetNode(directory, undefined);
    const before = await readFile(dataPaths(directory).identity, 'utf8');
    assert.is(await codeOf(initDevnetNode(directory, undefined)), 'ALREADY_INITIALIZED');
    assert.is(await readFile(dataPaths(directory).identity, 'utf8'), before);
  });
  await withTempDir(async (directory) => {
    await writeFile(join(directory, 'photo.jpg'), '');
    assert.is(await codeOf(initDevnetNode(directory, undefined)), 'NOT_EMPTY');
    assert.is(await codeOf(requireInitialized(directory, 'devnet')), 'NOT_EMPTY');
    assert.equal(await readdir(directory), ['photo.jpg']);
  });
});

devnet('keys that were made before stay', async () => {
  await withTempDir(async (directory) => {
    const own = KeyPair.generate();
    await mkdir(dataPaths(directory).keys);
    await writeKeystore(keyFile(directory, 'mine'), own, { kind: 'plain' });
    await initDevnetNode(directory, undefined);
    assert.equal((await readKeystore(keyFile(directory, 'mine'))).publicKey, own.publicKey);
  });
});

devnet('four validators know each other and share a genesis', async () => {
  await withTempDir(async (directory) => {
    await ensureDevnet(directory, { validators: 4, blockTime: undefined });
    const files = await writeDevnetConfigs(directory, 4, 20_000);
    const { hash, genesis } = await loadGenesis(dataPaths(directory).genesis);
    assert.is(genesis.authorities.length, 4);
    for (const [index, file] of files.entries()) {
      const loaded = await loadConfig({ file });
      const { config } = loaded;
      assert.is(config.dataDir, devnetNodeDirectory(directory, index));
      assert.is(config.rpcPort, 20_000 + 10 * index);
      assert.is(config.rpcHost, '127.0.0.1');
      assert.is(config.bootstrapPeers.length, 3);
      const prepared = await prepareNode(loaded, (name) => readKeystore(keyFile(config.dataDir, name)));
      assert.equal(prepared.genesisHash, hash);
      assert.ok(prepared.faucetKey);
    }
    // Again: the same network, on other ports if asked.
    await ensureDevnet(directory, { validators: 4, blockTime: undefined });
    const [first] = await writeDevnetConfigs(directory, 4, 30_000);
    assert.is((await loadConfig({ file: first })).config.rpcPort, 30_000);
    assert.equal((await loadGenesis(dataPaths(directory).genesis)).hash, hash);
    assert.is(await codeOf(ensureDevnet(directory, { validators: 7, blockTime: undefined })), 'ALREADY_INITIALIZED');
  });
});

devnet('twenty nodes never meet on a port', () => {
  const ports = Array.from({ length: 20 }, (_, index) => Object.values(devnetPorts(9080, index))).flat();
  assert.is(new Set(ports).size, 100);
  assert.is(devnetPorts(9080, 0).rpcPort, 9080);
  assert.is(devnetPorts(9080, 0).wsPort, 9081);
  assert.is(devnetPorts(9080, 3).rpcPort, 9110);
});

devnet.run();
