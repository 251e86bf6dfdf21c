// What a node finds on its disk, and where consensus goes on from it.

import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../src/crypto/keys.ts';
import { LocalSigner } from '../../src/crypto/signer/local-signer.ts';
import { loadConfig } from '../../src/node/config.ts';
import { dataPaths } from '../../src/node/data-dir.ts';
import { newestFinal, openStorage } from '../../src/node/storage.ts';
import { Teardown } from '../../src/node/teardown.ts';
import { FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { ChainStore } from '../../src/store/chain-store.ts';
import type { StoreError } from '../../src/store/errors.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { keyOf } from '../chain/fixture.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { certificateOf, nextBlock, sampleChain } from '../store/sample-chain.ts';
import { GENESIS, GENESIS_HASH, MEMBERS } from '../sync/fixture.ts';

const storageTest = suite('storage');
const sample = sampleChain(4);

type Certified = 'final' | 'notar' | 'none';

/** The newest Final of a chain whose blocks 1, 2, … are certified like this. */
async function anchorOf(...certified: readonly Certified[]) {
  return withTempDir(async (directory) => {
    const store = await ChainStore.open(directory, sample);
    try {
      await store.commit(nextBlock(sample, store));
      for (const [index, kind] of certified.entries()) {
        const block = nextBlock(sample, store);
        const slot = 10 * (index + 1);
        const certificates = {
          final: certificateOf(block.hash, slot, FINAL),
          notar: certificateOf(block.hash, slot, NOTAR),
          none: undefined,
        };
        await store.commit({ ...block, certificate: certificates[kind] });
      }
      const anchor = await newestFinal(store);
      assert.equal(anchor.hash, await store.hashByHeight(anchor.header.height));
      return [anchor.header.height, anchor.slot, anchor.certificate?.kind];
    } finally {
      await store.close();
    }
  });
}

storageTest('consensus goes on at the newest Final, below blocks that have only a Notar or none', async () => {
  assert.equal(await anchorOf('final', 'final'), [2, 20, FINAL]);
  assert.equal(await anchorOf('final', 'final', 'notar', 'none', 'notar'), [2, 20, FINAL]);
  assert.equal(await anchorOf('notar', 'final', 'none'), [2, 20, FINAL]);
});

storageTest('and at slot 0, which needs no certificate, where no block has a Final', async () => {
  assert.equal(await anchorOf(), [0, 0, undefined]);
  assert.equal(await anchorOf('notar', 'none'), [0, 0, undefined]);
});

storageTest('a store without a genesis block has no anchor', async () => {
  await withTempDir(async (directory) => {
    const store = await ChainStore.open(directory, sample);
    await newestFinal(store).then(
      () => assert.unreachable(),
      (error: Error) => assert.match(error.message, /genesis/),
    );
    await store.close();
  });
});

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
    remoteValidator: undefined,
    faucetKey: undefined,
    logger,
  };
  const close = () => teardown.run(logger);
  try {
    return { ...(await openStorage(config, inputs, MEMBERS, teardown)), close };
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

storageTest('a validator has its seat and signer, everyone else follows', async () => {
  await withDataDir(async (open) => {
    const validator = await open(keyOf(0));
    assert.is(validator.seat?.member, MEMBERS.indexOf(keyOf(0).publicKey));
    assert.equal(validator.seat?.signer.publicKey, keyOf(0).publicKey);
    assert.is(validator.store.head, undefined);
    await validator.journal.append(Uint8Array.of(1, 2, 3));
    await validator.close();

    const follower = await open(undefined);
    assert.is(follower.seat, undefined);
    assert.equal(
      follower.journal.restored.map((record) => [...record]),
      [[1, 2, 3]],
    );
    await follower.close();

    const outsider = await open(new KeyPair(new Uint8Array(32).fill(77)));
    assert.is(outsider.seat, undefined, 'a key without a seat in genesis');
    await outsider.close();
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
