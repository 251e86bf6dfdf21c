// Chunks of a real state come from several peers, one of which some are silent and some as slow as they may be.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Hash } from '../../src/primitives/hash.ts';
import { ChunkTree, cutSubtree, placeEntry } from '../../src/state/chunk.ts';
import { allPaths, type PathRange, without } from '../../src/state/coverage.ts';
import { fetchChunks } from '../../src/sync/chunk-fetch.ts';

const test = suite('chunks from several peers');
const ENTRIES = 28;

const entries = Array.from({ length: ENTRIES }, (_, number) =>
  placeEntry({ key: Uint8Array.of(1, number), value: new Uint8Array(100_000).fill(number) }),
).sort((a, b) => Buffer.compare(a.path, b.path));
/** one entry in each */
const { hash: stateRoot, chunks } = cutSubtree(entries, 0, 1);
const tree = new ChunkTree(chunks);

function chunkAt(position: Hash) {
  const number = tree.find(position);
  const { depth, entries: own } = chunks[number] as (typeof chunks)[number];
  return { depth, siblings: tree.siblings(number), entries: own.map(({ key, value }) => ({ key, value })) };
}

/** Answers, or throws what went wrong. */
type Behaviour = (peer: string) => void;

/** @returns who was asked, in order */
async function asked(
  peers: readonly string[],
  behave: (advance: (ms: number) => void) => Behaviour,
): Promise<string[]> {
  const order: string[] = [];
  let missing: readonly PathRange[] = allPaths();
  let now = 0;
  const answer = behave((ms) => {
    now += ms;
  });
  await fetchChunks(peers, {
    client: {
      async chunk(peer, _, position) {
        order.push(peer);
        await new Promise(setImmediate);
        answer(peer);
        return chunkAt(position);
      },
    },
    hash: stateRoot,
    stateRoot,
    missing: () => missing,
    add: async (chunk) => {
      missing = without(missing, chunk);
    },
    onFailure: (peer, error) => {
      assert.ok(peer.startsWith('silent'), String(error));
    },
    now: () => now,
    until: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
  });
  assert.equal(missing, []);
  return order;
}

const SLOW = ['slow 1', 'slow 2', 'slow 3', 'slow 4'];
const count = (order: readonly string[], peer: string) => order.filter((one) => one === peer).length;

test('the slowest makes room for those who wait, so that the fast are found', async () => {
  const order = await asked([...SLOW, 'fast'], (advance) => (peer) => {
    if (peer !== 'fast') advance(1500);
  });
  assert.ok(order.includes('fast'));
  const since = order.slice(order.indexOf('fast'));
  for (const slow of SLOW) assert.ok(count(since, 'fast') >= count(since, slow), order.join(', '));
});

test('who is slow is better than nobody', async () => {
  const order = await asked(['slow'], (advance) => () => advance(6000));
  assert.is(new Set(order).size, 1);
});

test('who does not answer comes after all others, and is left out in the end', async () => {
  const silent = ['silent 1', 'silent 2', 'silent 3', 'silent 4', 'silent 5'];
  const order = await asked([...silent, 'honest'], () => (peer) => {
    if (peer !== 'honest') throw new Error('nothing came');
  });
  const first = order.indexOf('honest');
  assert.ok(first >= 0 && first <= silent.length, order.join(', '));
  for (const one of silent) assert.ok(count(order, one) <= 3, one);
  assert.equal(
    await asked(['silent', 'honest'], () => (peer) => {
      if (peer === 'silent') throw new Error('nothing came');
    }).then((all) => count(all, 'silent')),
    3,
  );
});

test('what is asked for ends when the time is up', async () => {
  let now = 0;
  let chunks = 0;
  let missing: readonly PathRange[] = allPaths();
  await fetchChunks(['a', 'b'], {
    client: {
      async chunk(_, __, position) {
        now += 1000;
        chunks += 1;
        return chunkAt(position);
      },
    },
    hash: stateRoot,
    stateRoot,
    missing: () => missing,
    add: async (chunk) => {
      missing = without(missing, chunk);
    },
    onFailure: (_, error) => {
      throw error;
    },
    now: () => now,
    until: 4000,
    signal: new AbortController().signal,
  });
  assert.is(chunks, 4);
});

test.run();
