// Snapshots are made beside the chain, served chunk by chunk, taken in by another store, and are there whole or not at all.

import { mkdir, readdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/primitives/bytes.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import { MAX_CHUNK_ENTRY_BYTES } from '../../src/primitives/snapshot.ts';
import { BUCKETS, bucketRange } from '../../src/store/buckets.ts';
import { ChainStore } from '../../src/store/chain-store.ts';
import { Snapshots } from '../../src/store/snapshots.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { boundaryAtHead, chunksOf } from './boundary.ts';
import { refused } from './refused.ts';
import { nextBlock, sampleChain } from './sample-chain.ts';

/** Several chunks. */
const sample = sampleChain(6_500);
const noRest = async () => undefined;
const KEEP_TWO = { keep: 2, rest: noRest };

const test = suite('snapshots');

async function withChain(use: (store: ChainStore, directory: string) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    const store = await ChainStore.open(join(directory, 'db'), sample);
    try {
      await grow(store, 3);
      await use(store, directory);
    } finally {
      await store.close();
    }
  });
}

async function grow(store: ChainStore, height: number): Promise<void> {
  while ((store.head?.height ?? -1) < height) await store.commit(nextBlock(sample, store));
}

function headOf(store: ChainStore) {
  if (store.head === undefined) throw new Error('no head');
  return store.head;
}

test('a snapshot is of its block, whatever is committed while it is made, and with files or without', async () => {
  await withChain(async (store, directory) => {
    for (const sorterBytes of [1 << 25, 50_000]) {
      const snapshots = await Snapshots.open(join(directory, `snapshots-${sorterBytes}`), { ...KEEP_TWO, sorterBytes });
      const { height, hash, header } = headOf(store);
      const made = snapshots.make(store.freeze());
      await grow(store, height + 3);
      const offer = await made;
      assert.is(offer?.height, height);
      assert.equal(offer?.hash, hash);
      const chunks = await chunksOf(snapshots, hash, header.stateRoot);
      const entries = chunks.flatMap((chunk) => chunk.entries);
      assert.is(entries.length, offer?.entries);
      assert.ok(chunks.length >= 2, `${chunks.length} chunks`);
      assert.ok((offer?.bytes ?? 0) > MAX_CHUNK_ENTRY_BYTES);
      await snapshots.close();
    }
  });
});

test('it is served after a restart; the newest two stay; none is made where none is wanted', async () => {
  await withChain(async (store, directory) => {
    const place = join(directory, 'snapshots');
    const first = await Snapshots.open(place, KEEP_TWO);
    for (const height of [3, 4, 5]) {
      await grow(store, height);
      assert.ok(first.wants(height));
      await first.make(store.freeze());
      assert.not(first.wants(height));
    }
    await first.close();
    const again = await Snapshots.open(place, KEEP_TWO);
    assert.equal(
      again.offers.map(({ height }) => height),
      [5, 4],
    );
    const { hash, header } = headOf(store);
    assert.ok((await chunksOf(again, hash, header.stateRoot)).length > 1);
    assert.is(await again.chunk(new Uint8Array(32), new Uint8Array(32)), undefined);
    await again.close();
    const none = await Snapshots.open(place, { keep: 0, rest: noRest });
    assert.equal(none.offers, []);
    assert.is(await none.make(store.freeze()), undefined);
    assert.equal(await readdir(place), []);
  });
});

test('one that is cut short is as if it had never been', async () => {
  await withChain(async (store, directory) => {
    const place = join(directory, 'snapshots');
    let rests = 0;
    let halfway: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => {
      halfway = resolve;
    });
    const rest = async () => {
      if (++rests === 100) halfway();
      await new Promise((resolve) => setImmediate(resolve));
    };
    const snapshots = await Snapshots.open(place, { keep: 2, rest });
    const made = snapshots.make(store.freeze());
    await reached;
    await snapshots.close();
    assert.is(await made, undefined);
    assert.equal(await readdir(place), []);
    await mkdir(join(place, 'unfinished', 'whole'), { recursive: true });
    await (await Snapshots.open(place, KEEP_TWO)).close();
    assert.equal(await readdir(place), [], 'what a killed process left is gone');
  });
});

test('one that can not be read for now stays', async () => {
  await withChain(async (store, directory) => {
    const place = join(directory, 'snapshots');
    const snapshots = await Snapshots.open(place, KEEP_TWO);
    const offer = await snapshots.make(store.freeze());
    const { hash, height } = headOf(store);
    for (const name of ['chunks', 'index']) {
      const file = join(place, String(height), name);
      await rename(file, `${file}.away`);
      await mkdir(file);
      if (name === 'chunks') await refused(snapshots.chunk(hash, new Uint8Array(32)), 'IO');
      else assert.equal((await Snapshots.open(place, KEEP_TWO)).offers, []);
      await rmdir(file);
      await rename(`${file}.away`, file);
    }
    assert.equal(snapshots.offers, [offer]);
    assert.ok(await snapshots.chunk(hash, new Uint8Array(32)));
    assert.equal((await Snapshots.open(place, KEEP_TWO)).offers, [offer]);
  });
});

test('a damaged one is neither served nor offered again', async () => {
  await withChain(async (store, directory) => {
    const place = join(directory, 'snapshots');
    const snapshots = await Snapshots.open(place, KEEP_TWO);
    await snapshots.make(store.freeze());
    const { hash, height } = headOf(store);
    const file = join(place, String(height), 'chunks');
    const bytes = await readFile(file);
    bytes[1000] = (bytes[1000] as number) ^ 1;
    await writeFile(file, bytes);
    await refused(snapshots.chunk(hash, new Uint8Array(32)), 'CORRUPT');
    assert.equal(snapshots.offers, []);
    await grow(store, height + 1);
    await snapshots.make(store.freeze());
    await writeFile(join(place, String(height + 1), 'index'), bytes);
    assert.equal((await Snapshots.open(place, KEEP_TWO)).offers, []);
  });
});

test('another store takes it in over many restarts, shows nothing of it before it is whole, and goes on from it', async () => {
  await withChain(async (store, directory) => {
    const snapshots = await Snapshots.open(join(directory, 'snapshots'), KEEP_TWO);
    await snapshots.make(store.freeze());
    const { hash, header } = headOf(store);
    const boundary = boundaryAtHead(store);
    const chunks = await chunksOf(snapshots, hash, header.stateRoot);
    const location = join(directory, 'new');
    let taking = await ChainStore.open(location, sample);
    await taking.commit(nextBlock(sample, taking));
    const zero = headOf(taking);
    let restoration = await taking.restore(boundary);
    for (const [index, chunk] of [...chunks, ...chunks].entries()) {
      const before = restoration.progress.entries;
      await restoration.add(chunk);
      assert.is(restoration.progress.entries, before + (index < chunks.length ? chunk.entries.length : 0));
      assert.equal(headOf(taking), zero);
      if (index === chunks.length - 2) {
        assert.is((await taking.verify({ supply: sample.supply })).height, 0);
        assert.not(restoration.isWhole);
        await assertRangeError(taking.adopt(restoration));
      }
      await taking.close();
      taking = await ChainStore.open(location, sample);
      const found = await taking.unfinishedRestoration();
      if (found === undefined) throw new Error('what was begun is forgotten');
      restoration = found;
      assert.equal(restoration.boundary.header, header);
    }
    assert.ok(restoration.isWhole);
    await taking.adopt(restoration);
    assert.equal(headOf(taking).hash, hash);
    assert.equal(taking.base?.hash, hash);
    assert.equal(rootOf(await taking.verify({ supply: sample.supply })), toHex(header.stateRoot));
    for (const target of [store, taking]) {
      const block = nextBlock(sample, target);
      await target.commit(block);
    }
    assert.equal(headOf(taking), headOf(store));
    await taking.close();
    taking = await ChainStore.open(location, sample);
    assert.equal(headOf(taking), headOf(store));
    assert.is(await taking.unfinishedRestoration(), undefined);
    assert.is(await taking.blockByHeight(1), undefined);
    assert.is(await taking.blockByHeight(header.height), undefined, 'its header alone is here');
    assert.equal(await taking.headerByHeight(header.height), header);
    assert.is(await taking.heightOf(hash), header.height);
    assert.equal(await taking.boundary(header.epoch), boundary);
    assert.is((await taking.verify()).headers, 2);
    await assertRangeError(taking.adopt(await taking.restore(boundary)));
    await taking.close();
  });
});

test('a boundary that is known stays, whatever else is said of its epoch', async () => {
  await withChain(async (store) => {
    const own = boundaryAtHead(store);
    const other = { ...own, header: { ...own.header, height: own.header.height - 1 } };
    await store.putBoundaries([own]);
    const later = { ...other, header: { ...other.header, epoch: own.header.epoch + 1 } };
    await store.putBoundaries([other, later]);
    assert.equal(await store.boundary(own.header.epoch), own);
    assert.equal(await store.boundary(later.header.epoch), later);
  });
});

test('a snapshot that another one takes the place of leaves nothing behind', async () => {
  await withChain(async (store, directory) => {
    const snapshots = await Snapshots.open(join(directory, 'snapshots'), KEEP_TWO);
    const taking = await ChainStore.open(join(directory, 'new'), sample);
    const old = boundaryAtHead(store);
    await snapshots.make(store.freeze());
    const { hash, header } = headOf(store);
    const given = await chunksOf(snapshots, hash, header.stateRoot);
    await (await taking.restore(old)).add(given[0] as (typeof given)[0]);
    await grow(store, header.height + 4);
    await snapshots.make(store.freeze());
    const next = headOf(store);
    const restoration = await taking.restore(boundaryAtHead(store));
    assert.is(restoration.progress.entries, 0);
    for (const chunk of await chunksOf(snapshots, next.hash, next.header.stateRoot)) await restoration.add(chunk);
    await taking.adopt(restoration);
    assert.equal(rootOf(await taking.verify({ supply: sample.supply })), toHex(next.header.stateRoot));
    await taking.close();
  });
});

test('what a restoration leaves that blocks have overtaken goes at the next start', async () => {
  await withChain(async (store, directory) => {
    const snapshots = await Snapshots.open(join(directory, 'snapshots'), KEEP_TWO);
    await snapshots.make(store.freeze());
    const boundary = boundaryAtHead(store);
    const chunks = await chunksOf(snapshots, headOf(store).hash, boundary.header.stateRoot);
    const location = join(directory, 'new');
    const taking = await ChainStore.open(location, sample);
    await taking.commit(nextBlock(sample, taking));
    await (await taking.restore(boundary)).add(chunks[0] as (typeof chunks)[0]);
    await grow(taking, boundary.header.height);
    await taking.close();
    const again = await ChainStore.open(location, sample);
    assert.is(await again.unfinishedRestoration(), undefined);
    await again.close();
    const db = new Level<Uint8Array, Uint8Array>(location, { keyEncoding: 'view', valueEncoding: 'view' });
    assert.equal(await db.keys(bucketRange(BUCKETS.otherStateValue)).all(), []);
    assert.equal(await db.keys(bucketRange(BUCKETS.otherStateNode)).all(), []);
    await db.close();
  });
});

function rootOf({ stateRoot }: { stateRoot: Hash }): string {
  return toHex(stateRoot);
}

async function assertRangeError(promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, RangeError);
}

test.run();
