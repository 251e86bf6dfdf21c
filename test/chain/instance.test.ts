// Where consensus goes on from what is stored.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Epochs } from '../../src/chain/epochs.ts';
import { presentInstance } from '../../src/chain/instance.ts';
import { FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { ChainStore } from '../../src/store/chain-store.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { certificateOf, nextBlock, sampleChain } from '../store/sample-chain.ts';

const instance = suite('present instance');
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
      const anchor = (await presentInstance(store, new Epochs())).anchor;
      assert.equal(anchor.hash, await store.hashByHeight(anchor.header.height));
      return [anchor.header.height, anchor.slot, anchor.certificate?.kind];
    } finally {
      await store.close();
    }
  });
}

instance('consensus goes on at the newest Final, below blocks that have only a Notar or none', async () => {
  assert.equal(await anchorOf('final', 'final'), [2, 20, FINAL]);
  assert.equal(await anchorOf('final', 'final', 'notar', 'none', 'notar'), [2, 20, FINAL]);
  assert.equal(await anchorOf('notar', 'final', 'none'), [2, 20, FINAL]);
});

instance('and at slot 0, which needs no certificate, where no block has a Final', async () => {
  assert.equal(await anchorOf(), [0, 0, undefined]);
  assert.equal(await anchorOf('notar', 'none'), [0, 0, undefined]);
});

instance('a store without a genesis block has no instance', async () => {
  await withTempDir(async (directory) => {
    const store = await ChainStore.open(directory, sample);
    await presentInstance(store, new Epochs()).then(
      () => assert.unreachable(),
      (error: Error) => assert.is(error.name, 'CorruptStateError'),
    );
    await store.close();
  });
});

instance.run();
