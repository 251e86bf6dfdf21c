// Which paths of a state are still to be fetched, while its chunks come in from several peers: ranges of the path space
// that shrink from below and vanish.

import { compareBytes } from '../primitives/bytes.ts';
import { HASH_BYTES, type Hash } from '../primitives/hash.ts';
import { type Subtree, subtreeEnd } from './chunk.ts';

/** The paths from `from` up to, not including, `to`; to the end of the tree when `to` is null. */
export interface PathRange {
  readonly from: Hash;
  readonly to: Hash | null;
}

/** All paths, in 16 ranges of the same size. */
export function allPaths(): PathRange[] {
  return Array.from({ length: 16 }, (_, nibble) => ({
    from: firstWith(nibble),
    to: nibble === 15 ? null : firstWith(nibble + 1),
  }));
}

/** The ranges less those of a subtree that covers the beginning of one of them. */
export function without(ranges: readonly PathRange[], subtree: Subtree): PathRange[] {
  const end = subtreeEnd(subtree);
  return ranges.flatMap(({ from, to }) => {
    const touches = compareBytes(subtree.start, from) <= 0 && (end === undefined || compareBytes(from, end) < 0);
    if (!touches) return { from, to };
    if (end === undefined || (to !== null && compareBytes(to, end) <= 0)) return [];
    return { from: end, to };
  });
}

function firstWith(nibble: number): Hash {
  return new Uint8Array(HASH_BYTES).fill(nibble << 4, 0, 1);
}
