import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { MAX_STATE_DEPTH, StateProof, verifyStateProof } from '../../src/primitives/state-proof.ts';

const test = suite('state proof verifier');

function hash(...parts: Uint8Array[]): Uint8Array {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return new Uint8Array(digest.digest());
}

const VALUE = Uint8Array.of(42);
const leafHash = (path: Uint8Array, value: Uint8Array) => hash(Uint8Array.of(0), path, hash(value));
const firstBit = (key: Uint8Array) => (hash(key)[0] as number) >> 7;
const keys = Array.from({ length: 40 }, (_, i) => Uint8Array.of(1, i));
/** a and c go left, b goes right */
const [a, c] = keys.filter((key) => firstBit(key) === 0) as [Uint8Array, Uint8Array];
const [b] = keys.filter((key) => firstBit(key) === 1) as [Uint8Array];

/** the tree of a and b alone */
const leafA = leafHash(hash(a), VALUE);
const leafB = leafHash(hash(b), VALUE);
const root = hash(leafA, leafB);

test('presence: the leaf of the key, folded with its siblings, is the root', () => {
  assert.ok(verifyStateProof(root, a, VALUE, { siblings: [leafB], otherLeaf: null }));
  assert.ok(verifyStateProof(root, b, VALUE, { siblings: [leafA], otherLeaf: null }));
  assert.not(verifyStateProof(root, a, Uint8Array.of(43), { siblings: [leafB], otherLeaf: null }));
  assert.not(verifyStateProof(root, a, undefined, { siblings: [leafB], otherLeaf: null }));
  assert.not(verifyStateProof(root, c, VALUE, { siblings: [leafB], otherLeaf: null }));
});

test('absence: another leaf stands on the path of the key', () => {
  const otherLeaf = { path: hash(a), valueHash: hash(VALUE) };
  assert.ok(verifyStateProof(root, c, undefined, { siblings: [leafB], otherLeaf }));
  assert.not(verifyStateProof(root, c, VALUE, { siblings: [leafB], otherLeaf }));
  assert.not(verifyStateProof(root, a, undefined, { siblings: [leafB], otherLeaf }), 'its own leaf is no other leaf');
  assert.not(verifyStateProof(root, a, VALUE, { siblings: [leafB], otherLeaf }), 'presence names no other leaf');
});

test('absence: a leaf off the path proves nothing, though the hashes fit', () => {
  // A tree in which the leaf of b were filed on the left, where it does not belong.
  const wrong = hash(leafB, leafA);
  const otherLeaf = { path: hash(b), valueHash: hash(VALUE) };
  assert.not(verifyStateProof(wrong, c, undefined, { siblings: [leafA], otherLeaf }));
});

test('absence: the place of the key is empty', () => {
  assert.ok(verifyStateProof(ZERO_HASH, a, undefined, { siblings: [], otherLeaf: null }));
  assert.not(verifyStateProof(ZERO_HASH, a, VALUE, { siblings: [], otherLeaf: null }));
  assert.ok(verifyStateProof(hash(ZERO_HASH, leafB), a, undefined, { siblings: [leafB], otherLeaf: null }));
  assert.not(verifyStateProof(root, a, undefined, { siblings: [leafB], otherLeaf: null }));
});

test('an inner node is not taken for a leaf', () => {
  const forged = hash(leafA, leafB);
  assert.not(verifyStateProof(forged, c, undefined, { siblings: [], otherLeaf: { path: leafA, valueHash: leafB } }));
});

test('sizes are bounded, also for proofs that SSZ has not decoded', () => {
  // Set after the 32 bytes of the subtree, a sibling of 64 bytes would replace them.
  assert.not(verifyStateProof(root, b, VALUE, { siblings: [new Uint8Array([...leafA, ...leafB])], otherLeaf: null }));
  assert.not(verifyStateProof(root, a, VALUE, { siblings: [leafB.subarray(1)], otherLeaf: null }));
  const longLeaf = { path: new Uint8Array(33), valueHash: hash(VALUE) };
  assert.not(verifyStateProof(root, c, undefined, { siblings: [leafB], otherLeaf: longLeaf }));
  const siblings = Array.from({ length: MAX_STATE_DEPTH + 1 }, () => ZERO_HASH);
  assert.not(verifyStateProof(root, a, undefined, { siblings, otherLeaf: null }));
  assert.throws(() => StateProof.deserialize(new Uint8Array(5 + 32 * (MAX_STATE_DEPTH + 1))));
});

test.run();
