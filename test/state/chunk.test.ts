import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareBytes, equalBytes, toHex } from '../../src/primitives/bytes.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import { SnapshotChunk, type StateEntry } from '../../src/primitives/snapshot.ts';
import { pathBit, statePath } from '../../src/primitives/state-proof.ts';
import {
  ChunkTree,
  checkChunk,
  cutSubtree,
  type PlacedEntry,
  placeEntry,
  subtreeEnd,
  subtreeStart,
} from '../../src/state/chunk.ts';
import { recomputeRoot } from '../../src/state/recompute.ts';
import { emptyRoot } from '../../src/state/tree.ts';
import { crowdedKeys } from './keys.ts';

const test = suite('chunks of a state');
const keys = crowdedKeys(160);
const FIRST: Hash = new Uint8Array(32);

function placed(entries: readonly StateEntry[]): PlacedEntry[] {
  return entries.map(placeEntry).sort((a, b) => compareBytes(a.path, b.path));
}

/** A state cut into chunks as they travel, with where each begins. */
function cut(entries: readonly StateEntry[], maxBytes: number) {
  const { hash, chunks } = cutSubtree(placed(entries), 0, maxBytes);
  const tree = new ChunkTree(chunks);
  const sent = chunks.map(({ depth, entries }, index) => ({
    start: tree.starts[index] as Hash,
    chunk: overTheWire({ depth, siblings: tree.siblings(index), entries: [...entries] }),
  }));
  return { root: hash, tree, sent };
}

function overTheWire(chunk: SnapshotChunk): SnapshotChunk {
  return SnapshotChunk.deserialize(SnapshotChunk.serialize(chunk));
}

const states = fc.uniqueArray(
  fc.record({ key: fc.constantFrom(...keys), value: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
  { selector: ({ key }) => toHex(key), maxLength: 80, size: 'max' },
);
const bounds = fc.constantFrom(30, 100, 400, 5000);

test('chunks cover a state in tree order, each once, and each is accepted under the state root', () => {
  let several = 0;
  fc.assert(
    fc.property(states, bounds, (entries, maxBytes) => {
      const { root, tree, sent } = cut(entries, maxBytes);
      assert.equal(root, recomputeRoot(entries.map(({ key, value }) => [key, value])));
      assert.equal(tree.root, root);
      let position: Hash | undefined = FIRST;
      const found: StateEntry[] = [];
      for (const { start, chunk } of sent) {
        assert.equal(start, position, 'it begins where the one before ends');
        const checked = checkChunk(root, start, chunk);
        if (typeof checked === 'string') throw new Error(checked);
        assert.equal(checked.start, start);
        for (const { key, value, path } of checked.entries) {
          assert.equal(tree.starts[tree.find(path)], start, 'a path leads to its chunk');
          assert.is.not(typeof checkChunk(root, path, chunk), 'string', 'asked for by any of its paths');
          found.push({ key, value });
        }
        position = subtreeEnd(checked);
      }
      assert.is(position, undefined, 'the last one ends with the tree');
      assert.equal(
        found,
        placed(entries).map(({ key, value }) => ({ key, value })),
      );
      if (sent.length > 1) several++;
    }),
    { numRuns: 120, seed: 5 },
  );
  assert.ok(several > 40, 'states of several chunks were cut');
});

test('no more than one chunk where the state fits into it, and chunks that do not fit together', () => {
  const entries = keys.map((key) => ({ key, value: key }));
  assert.is(cut(entries, 1 << 20).sent.length, 1);
  const { sent } = cut(entries, 100);
  for (const [index, { start, chunk }] of sent.entries()) {
    const beside = sent[index + 1];
    if (
      beside?.chunk.depth !== chunk.depth ||
      !equalBytes(parentOf(start, chunk.depth), parentOf(beside.start, chunk.depth))
    )
      continue;
    const together = [...chunk.entries, ...beside.chunk.entries];
    assert.ok(together.reduce((sum, { key, value }) => sum + 12 + key.length + value.length, 0) > 100);
  }
});

test('an empty state is one chunk without entries', () => {
  const { root, sent } = cut([], 100);
  assert.equal(root, emptyRoot);
  assert.is(sent.length, 1);
  assert.is.not(typeof checkChunk(emptyRoot, FIRST, sent[0]?.chunk as SnapshotChunk), 'string');
  assert.type(
    checkChunk(cut([{ key: FIRST, value: FIRST }], 100).root, FIRST, sent[0]?.chunk as SnapshotChunk),
    'string',
  );
});

test('nothing else than the state passes: dropped, added, altered, swapped, moved, cut short or made wider', () => {
  let refused = 0;
  fc.assert(
    fc.property(states, bounds, fc.nat(), fc.nat(), (entries, maxBytes, which, at) => {
      const { root, sent } = cut(entries, maxBytes);
      const { start, chunk } = sent[which % sent.length] as (typeof sent)[0];
      for (const tampered of tamperings(chunk, sent, at)) {
        assert.type(checkChunk(root, start, tampered), 'string');
        refused++;
      }
      const elsewhere = subtreeEnd({ start, depth: chunk.depth }) ?? FIRST;
      if (sent.length > 1) assert.type(checkChunk(root, elsewhere, chunk), 'string', 'a chunk of another place');
    }),
    { numRuns: 150, seed: 6 },
  );
  assert.ok(refused > 500);
});

function* tamperings(
  chunk: SnapshotChunk,
  sent: readonly { chunk: SnapshotChunk }[],
  at: number,
): Generator<SnapshotChunk> {
  const { depth, siblings, entries } = chunk;
  const index = at % Math.max(1, entries.length);
  const entry = entries[index];
  const other = { key: Uint8Array.of(9, at & 255), value: Uint8Array.of(1) };
  yield { ...chunk, entries: placed([...entries, other]).map(({ key, value }) => ({ key, value })) };
  yield { ...chunk, siblings: [...siblings, FIRST] };
  if (!isOneSided(chunk)) yield { ...chunk, siblings: [...siblings, FIRST], depth: depth + 1 };
  yield { ...chunk, depth: 257 };
  if (depth > 0) {
    const wider = { ...chunk, depth: depth - 1, siblings: siblings.slice(0, -1) };
    if (!equalBytes(siblings.at(-1) as Hash, FIRST)) yield wider;
    yield { ...chunk, siblings: siblings.with(at % depth, FIRST.with(at & 31, 77)) };
  }
  if (entry === undefined) return;
  yield { ...chunk, entries: entries.toSpliced(index, 1) };
  yield { ...chunk, entries: entries.with(index, { ...entry, value: Uint8Array.of(...entry.value, 0) }) };
  yield { ...chunk, entries: entries.with(index, { ...entry, key: Uint8Array.of(...entry.key, 0) }) };
  yield { ...chunk, entries: entries.toSpliced(index, 0, entry) };
  const next = entries[index + 1];
  if (next !== undefined) {
    yield { ...chunk, entries: entries.with(index, next).with(index + 1, entry) };
    yield {
      ...chunk,
      entries: entries
        .with(index, { ...entry, value: next.value })
        .with(index + 1, { ...next, value: Uint8Array.of(1, 2, 3) }),
    };
  }
  const beside = sent.find((one) => one.chunk !== chunk && one.chunk.entries.length > 0);
  if (beside !== undefined) yield { ...chunk, entries: beside.chunk.entries };
}

/** Whether half of the subtree is empty and the other is not one leaf: then the other half is a true chunk as well. */
function isOneSided({ depth, entries }: SnapshotChunk): boolean {
  const bits = new Set(entries.map(({ key }) => pathBit(statePath(key), depth)));
  return entries.length > 1 && bits.size === 1;
}

test('chunks that leave a gap or lie in each other are no tree', () => {
  const { sent } = cut(
    keys.map((key) => ({ key, value: key })),
    100,
  );
  const chunks = sent.map(({ chunk: { depth } }) => ({ depth, hash: FIRST }));
  assert.throws(() => new ChunkTree(chunks.slice(0, -1)), RangeError);
  assert.throws(() => new ChunkTree([...chunks, { depth: 3, hash: FIRST }]), RangeError);
  assert.throws(
    () =>
      new ChunkTree([
        { depth: 2, hash: FIRST },
        { depth: 1, hash: FIRST },
      ]),
    RangeError,
  );
  assert.throws(() => new ChunkTree([]), RangeError);
});

test('a subtree begins and ends at whole bits', () => {
  const path = Uint8Array.from({ length: 32 }, () => 0xff);
  assert.equal(subtreeStart(path, 0), FIRST);
  assert.equal(subtreeStart(path, 9), FIRST.with(0, 0xff).with(1, 0x80));
  assert.equal(subtreeStart(path, 256), path);
  assert.is(subtreeEnd({ start: FIRST, depth: 0 }), undefined);
  assert.is(subtreeEnd({ start: path, depth: 256 }), undefined);
  assert.equal(subtreeEnd({ start: FIRST.with(0, 0x7f), depth: 8 }), FIRST.with(0, 0x80));
});

function parentOf(start: Hash, depth: number): Hash {
  return subtreeStart(start, Math.max(0, depth - 1));
}

test.run();
