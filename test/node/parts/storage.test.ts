// What a node finds on its disk.

import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../../src/crypto/keys.ts';
import { LocalSigner } from '../../../src/crypto/signer/local-signer.ts';
import { loadConfig } from '../../../src/node/config.ts';
import { dataPaths } from '../../../src/node/data-dir.ts';
import { openStorage } from '../../../src/node/parts/storage.ts';
import { Teardown } from '../../../src/node/teardown.ts';
import { sha256 } from '../../../src/primitives/hash.ts';
import type { StoreError } from '../../../src/store/errors.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { keyOf } from '../../chain/fixture.ts';
import { withTempDir } from '../../helpers/temp-dir.ts';
import { GENESIS, GENESIS_HASH } from '../../sync/fixture.ts';

const storageTest = suite('storage');
/** Opens the storage of a data directory that has a signer's record for `key`. */
async function withDataDir(
  body: (
    open: (validatorKey: KeyPair | undefined, genesisHash?: Uint8Array) => ReturnType<typeof opened>,
  ) => Promise<void>,
) {
  await withTempDir(async (parent) => {
    const dataDir = join(parent, 'node');
    const { config } = await loadConfig({ flags: { dataDir } });
    const record = dataPaths(dataDir).signerRecord;
    await mkdir(dirname(record), { recursive: true });
    await (await LocalSigner.create(record, keyOf(0), GENESIS_HASH)).close();
    await body((validatorKey, genesisHash = GENESIS_HASH) => opened(config, validatorKey, genesisHash));
  });
}

type Config = Awaited<ReturnType<typeof loadConfig>>['config'];

async function opened(config: Config, validatorKey: KeyPair | undefined, genesisHash: Uint8Array) {
  const teardown = new Teardown();
  const logger = silentLogger();
  const inputs = {
    genesis: GENESIS,
    genesisHash,
    validatorKey,
    remoteOperator: undefined,
    faucetKey: undefined,
    logger,
  };
  const close = () => teardown.run(logger);
  try {
    return { ...(await openStorage({ config, inputs, teardown })), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as StoreError).code;
  }
  return 'none';
}

storageTest('a validator has its signer, everyone else follows', async () => {
  await withDataDir(async (open) => {
    const validator = await open(keyOf(0));
    assert.instance(validator.signer, LocalSigner);
    assert.equal((validator.signer as LocalSigner).publicKey, keyOf(0).publicKey);
    assert.is(validator.store.head, undefined);
    await validator.journal.append(Uint8Array.of(1, 2, 3));
    await validator.close();

    const follower = await open(undefined);
    assert.is(follower.signer, undefined);
    assert.equal(
      follower.journal.restored.map((record) => [...record]),
      [[1, 2, 3]],
    );
    await follower.close();
    assert.is(await codeOf(open(new KeyPair(new Uint8Array(32).fill(77)))), 'RECORD_FOREIGN', "another key's record");
  });
});

storageTest('one process at a time, one network for ever', async () => {
  await withDataDir(async (open) => {
    const first = await open(keyOf(0));
    assert.is(await codeOf(open(keyOf(0))), 'LOCKED');
    await first.close();
    assert.is(await codeOf(open(undefined, sha256(Uint8Array.of(1)))), 'WRONG_GENESIS');
    const again = await open(keyOf(0));
    await again.close();
  });
});

storageTest('a seat without its own record is not opened, and leaves nothing locked', async () => {
  await withDataDir(async (open) => {
    assert.is(await codeOf(open(keyOf(1))), 'RECORD_FOREIGN');
    const again = await open(keyOf(0));
    await again.close();
  });
});

storageTest.run();
