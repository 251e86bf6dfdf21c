// Chunks of a state: entries made by a rule, since only their number and sizes matter.

import { toHex, utf8 } from '../../src/primitives/bytes.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import type { JsonValue } from '../../src/primitives/json.ts';
import { SnapshotChunk } from '../../src/primitives/snapshot.ts';
import { ChunkTree, cutSubtree, type PlacedEntry, placeEntry } from '../../src/state/chunk.ts';
import { compareBytes } from '../../src/primitives/bytes.ts';

const STATES = [0, 1, 16, 90];
const REPEATED = 512;

/** Entry i: the key is the number in decimal digits, the value SHA-256(key) so many times over. */
function entriesOf(count: number): PlacedEntry[] {
  const entries = Array.from({ length: count }, (_, i) => {
    const key = utf8(String(i));
    const digest = sha256(key);
    const value = new Uint8Array(REPEATED * digest.length);
    for (let offset = 0; offset < value.length; offset += digest.length) value.set(digest, offset);
    return placeEntry({ key, value });
  });
  return entries.sort((a, b) => compareBytes(a.path, b.path));
}

export function snapshotVectors(): JsonValue {
  return {
    rule: `key i = its decimal digits as ASCII; value = SHA-256(key), ${REPEATED} times; ssz is given by its SHA-256`,
    states: STATES.map((count) => {
      const { hash, chunks } = cutSubtree(entriesOf(count), 0);
      const tree = new ChunkTree(chunks);
      return {
        entries: count,
        state_root: toHex(hash),
        chunks: chunks.map(({ depth, entries }, index) => {
          const siblings = tree.siblings(index);
          const keys = entries.map(({ key }) => new TextDecoder().decode(key));
          const ssz = SnapshotChunk.serialize({ depth, siblings, entries: [...entries] });
          return { depth, siblings: siblings.map(toHex), keys, ssz_sha256: toHex(sha256(ssz)) };
        }),
      };
    }),
  };
}
