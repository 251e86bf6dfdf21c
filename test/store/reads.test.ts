// What readers see while blocks are being committed: one head and its state, never a mixture, with any size of cache.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { headerHash } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { Overlay } from '../../src/state/overlay.ts';
import type { StateView } from '../../src/state/view.ts';
import { ChainStore, type FinalizedBlock } from '../../src/store/chain-store.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { nextBlock, sampleChain } from './sample-chain.ts';

const sample = sampleChain(8);
/** So small that nothing is ever kept, some entries, everything. */
const CACHES = [2, 4_000, 1_000_000];
const KEYS = Array.from({ length: 40 }, (_, i) => Uint8Array.of(200, i));

const reads = suite<{ location: string }>('reads');

reads.before.each(async (context) => {
  context.location = await mkdtemp(join(tmpdir(), 'aitbc-reads-'));
});
reads.after.each(async ({ location }) => {
  await rm(location, { recursive: true });
});

/** Numbers from a seed, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The head's child that makes these changes to the state, whatever they mean. */
function blockOf(store: ChainStore, changes: readonly [Uint8Array, Uint8Array | undefined][]): FinalizedBlock {
  const overlay = new Overlay(store);
  for (const [key, value] of changes) {
    if (value === undefined) overlay.delete(key);
    else overlay.set(key, value);
  }
  const next = nextBlock(sample, store, 0);
  const header = { ...next.block.header, stateRoot: overlay.seal() };
  const block = { header, body: next.block.body };
  return { ...next, block, hash: headerHash(header), certificate: undefined, state: overlay.changes };
}

/** What all keys read as, as one text. */
function view(source: StateView, keys: readonly Uint8Array[] = KEYS): string {
  return keys.map((key) => toHex(source.get(key) ?? ZERO_HASH)).join(' ');
}

for (const cacheBytes of CACHES) {
  reads(`any history reads as it was written, cache of ${cacheBytes} bytes`, async ({ location }) => {
    const next = random(cacheBytes);
    const model = new Map<string, Uint8Array>();
    let store = await ChainStore.open(location, sample, { cacheBytes });
    for (let height = 0; height < 60; height++) {
      const changes = new Map<Uint8Array, Uint8Array | undefined>();
      for (let i = 0; i < 6; i++) {
        const key = KEYS[Math.floor(next() * KEYS.length)] as Uint8Array;
        changes.set(key, next() < 0.3 ? undefined : new Uint8Array(Math.floor(next() * 300)).fill(height));
      }
      await store.commit(blockOf(store, [...changes]));
      for (const [key, value] of changes) {
        if (value === undefined) model.delete(toHex(key));
        else model.set(toHex(key), value);
      }
      const some = KEYS.filter(() => next() < 0.5);
      for (const key of some) assert.equal(store.get(key), model.get(toHex(key)));
      if (height % 20 === 19) {
        await store.close();
        store = await ChainStore.open(location, sample, { cacheBytes });
      }
    }
    await store.close();
  });

  reads(`during a commit head and state change together, cache of ${cacheBytes} bytes`, async ({ location }) => {
    const store = await ChainStore.open(location, sample, { cacheBytes });
    await store.commit(blockOf(store, []));
    const next = random(cacheBytes);
    for (let height = 1; height < 40; height++) {
      const block = blockOf(
        store,
        KEYS.map((key) => [key, Uint8Array.of(height)] as [Uint8Array, Uint8Array]),
      );
      const [before, after] = [view(store), view(new Overlay(store))];
      assert.is(before, after);
      const expected = new Map([
        [height - 1, before],
        [height, KEYS.map(() => toHex(Uint8Array.of(height))).join(' ')],
      ]);
      let done = false;
      const committed = store.commit(block).finally(() => {
        done = true;
      });
      let looks = 0;
      do {
        // Only some keys a time, so that the rest is not in the cache when the batch reaches the database.
        const whole = expected.get(store.head?.height ?? -1)?.split(' ') ?? [];
        for (const [i, key] of KEYS.entries()) if (next() < 0.2) assert.is(view(store, [key]), whole[i]);
        assert.is((await store.hashByHeight(height)) === undefined, (store.head?.height ?? -1) < height);
        looks += 1;
        await new Promise(setImmediate);
      } while (!done);
      await withTimeout(committed, 10_000, 'a commit');
      assert.ok(looks > 0);
      assert.is(view(store), expected.get(height));
    }
    await store.close();
  });
}

reads('an overlay reads the same before, during and after its parent is committed', async ({ location }) => {
  const store = await ChainStore.open(location, sample, { cacheBytes: 2 });
  await store.commit(
    blockOf(
      store,
      KEYS.slice(0, 20).map((key) => [key, Uint8Array.of(1)]),
    ),
  );
  const parent = blockOf(
    store,
    KEYS.slice(10, 30).map((key) => [key, Uint8Array.of(2)]),
  );
  const base = new Overlay(store);
  for (const [key, value] of parent.state.values) if (value !== undefined) base.set(key, value);
  base.seal();
  const child = new Overlay(base);
  child.set(KEYS[0] as Uint8Array, Uint8Array.of(3));
  const expected = view(child);
  const committed = store.commit(parent);
  assert.is(view(child), expected);
  await new Promise(setImmediate);
  assert.is(view(child), expected);
  await committed;
  assert.is(view(child), expected);
  child.rebase(store);
  assert.is(view(child), expected);
  await store.close();
});

reads('entries and verify show one block’s state though others are committed meanwhile', async ({ location }) => {
  const store = await ChainStore.open(location, sample);
  const genesis = nextBlock(sample, store);
  await store.commit(genesis);
  const first = store.commit(nextBlock(sample, store));
  const verified = store.verify({ supply: sample.supply });
  const entries = store.entries();
  const seen: string[] = [];
  await first;
  const root = (await verified).stateRoot;
  for await (const [key, value] of entries) {
    if (seen.length % 3 === 0) await store.commit(nextBlock(sample, store));
    seen.push(`${toHex(key)} ${toHex(value)}`);
  }
  assert.equal(root, (await store.headerByHeight(1))?.stateRoot);
  assert.is((await store.verify({ supply: sample.supply })).height, store.head?.height);
  assert.is(seen.length, genesis.state.values.length + 1, 'the records of genesis and the fee pool');
  await store.close();
});

reads.run();
