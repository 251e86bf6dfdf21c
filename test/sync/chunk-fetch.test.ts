// Chunks of a real state come from several peers, one of which sends true ones as small and as slowly as it can.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Hash } from '../../src/primitives/hash.ts';
import { ChunkTree, cutSubtree, placeEntry } from '../../src/state/chunk.ts';
import { allPaths, type PathRange, without } from '../../src/state/coverage.ts';
import { fetchChunks } from '../../src/sync/chunk-fetch.ts';

const test = suite('chunks from several peers');
const ENTRIES = 24;

const entries = Array.from({ length: ENTRIES }, (_, number) =>
  placeEntry({ key: Uint8Array.of(1, number), value: Uint8Array.of(number) }),
).sort((a, b) => Buffer.compare(a.path, b.path));
/** one entry in each */
const { hash: stateRoot, chunks } = cutSubtree(entries, 0, 1);
const tree = new ChunkTree(chunks);

function chunkAt(position: Hash) {
  const number = tree.find(position);
  const { depth, entries: own } = chunks[number] as (typeof chunks)[number];
  return { depth, siblings: tree.siblings(number), entries: own.map(({ key, value }) => ({ key, value })) };
}

/** @returns who was asked, in order */
async function asked(peers: readonly string[], slow: string): Promise<string[]> {
  const order: string[] = [];
  let missing: readonly PathRange[] = allPaths();
  let now = 0;
  let count = 0;
  await fetchChunks(peers, {
    client: {
      async chunk(peer, _, position) {
        order.push(peer);
        if (peer === slow) now += 6000;
        return chunkAt(position);
      },
    },
    hash: stateRoot,
    stateRoot,
    missing: () => missing,
    add: async (chunk) => {
      missing = without(missing, chunk);
      count += chunk.entries.length;
    },
    onLie: (_, error) => {
      throw error;
    },
    now: () => now,
    signal: new AbortController().signal,
  });
  assert.equal(missing, []);
  assert.ok(count >= ENTRIES);
  return order;
}

test('who drips is left out while others are there, and is better than nobody', async () => {
  const order = await asked(['slow', 'other'], 'slow');
  assert.is(order.filter((peer) => peer === 'slow').length, 2);
  assert.ok(new Set(await asked(['slow'], 'slow')).has('slow'));
});

test.run();
