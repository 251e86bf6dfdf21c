// Chunks: a state cut into parts that can be checked one by one. A chunk is a whole subtree of the state tree, so that
// its entries give the subtree's hash, and the hashes beside its path lead from there to the state root: an entry left
// out, added, altered or moved gives another root. How chunks travel is in primitives/snapshot.ts.

import { compareBytes, concatBytes, equalBytes } from '../primitives/bytes.ts';
import { HASH_BYTES, type Hash, sha256, sha256Pair } from '../primitives/hash.ts';
import { entryBytes, MAX_CHUNK_ENTRY_BYTES, type SnapshotChunk, type StateEntry } from '../primitives/snapshot.ts';
import { MAX_STATE_DEPTH, pathBit, stateLeafHash, statePath } from '../primitives/state-proof.ts';
import { StateError } from './errors.ts';
import { subtreeRoot } from './recompute.ts';

/** An entry with its place in the tree. */
export interface PlacedEntry extends StateEntry {
  readonly path: Hash;
  /** of its leaf */
  readonly hash: Hash;
}

/** The range of paths that a subtree covers: those which share its first `depth` bits with `start`. */
export interface Subtree {
  readonly depth: number;
  /** the lowest path in it: zero after `depth` bits */
  readonly start: Hash;
}

/** One chunk of a state that is cut; hashes beside its path are known when all of the state is. */
export interface CutChunk {
  readonly depth: number;
  /** of the subtree */
  readonly hash: Hash;
  /** ascending paths */
  readonly entries: readonly PlacedEntry[];
}

/** A checked chunk, ready to be stored. */
export interface CheckedChunk extends Subtree {
  readonly entries: readonly CheckedEntry[];
}

export interface CheckedEntry extends StateEntry {
  readonly path: Hash;
  readonly valueHash: Hash;
}

export function placeEntry({ key, value }: StateEntry): PlacedEntry {
  const path = statePath(key);
  return { key, value, path, hash: stateLeafHash(path, sha256(value)) };
}

/**
 * Cuts a subtree into chunks: each is the largest subtree whose entries fit into one. Whoever cuts the same state gets
 * the same chunks.
 * @param entries of the subtree, ascending paths, each path once
 * @returns the subtree's hash, and its chunks in tree order
 * @throws {StateError} DUPLICATE_KEY
 */
export function cutSubtree(
  entries: readonly PlacedEntry[],
  depth: number,
  maxBytes: number = MAX_CHUNK_ENTRY_BYTES,
): { hash: Hash; chunks: CutChunk[] } {
  const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  if (bytes <= maxBytes || entries.length <= 1) {
    const hash = subtreeRoot(entries, depth);
    return { hash, chunks: [{ depth, hash, entries }] };
  }
  if (depth === MAX_STATE_DEPTH) throw new StateError('DUPLICATE_KEY', 'several entries at one path');
  const firstRight = entries.findIndex(({ path }) => pathBit(path, depth) === 1);
  const split = firstRight === -1 ? entries.length : firstRight;
  const left = cutSubtree(entries.slice(0, split), depth + 1, maxBytes);
  const right = cutSubtree(entries.slice(split), depth + 1, maxBytes);
  return { hash: innerHash(left.hash, right.hash), chunks: [...left.chunks, ...right.chunks] };
}

/** The hash of a subtree with two entries or more, from those of its halves. */
export function innerHash(left: Hash, right: Hash): Hash {
  return sha256Pair(concatBytes(left, right));
}

/**
 * Checks a chunk against the state root.
 * @param position a path that the chunk must cover
 * @returns what it holds, or what is wrong with it
 */
export function checkChunk(
  root: Hash,
  position: Hash,
  { depth, siblings, entries }: SnapshotChunk,
): CheckedChunk | string {
  if (depth > MAX_STATE_DEPTH) return `a subtree ${depth} levels down`;
  if (siblings.length !== depth) return `${siblings.length} hashes beside a path of ${depth}`;
  const start = subtreeStart(position, depth);
  const checked: CheckedEntry[] = [];
  for (const { key, value } of entries) {
    const path = statePath(key);
    if (!equalBytes(subtreeStart(path, depth), start)) return 'an entry of another subtree';
    const before = checked.at(-1);
    if (before !== undefined && compareBytes(before.path, path) >= 0) return 'entries that are not in order';
    checked.push({ key, value, path, valueHash: sha256(value) });
  }
  const hash = subtreeRoot(
    checked.map(({ path, valueHash }) => ({ path, hash: stateLeafHash(path, valueHash) })),
    depth,
  );
  if (!equalBytes(foldUp(position, hash, siblings), root)) return 'entries that are not those of the state';
  return { depth, start, entries: checked };
}

/** The hashes beside the path of each chunk, from the root down, and the root: of chunks that cover a whole state. */
export class ChunkTree {
  readonly root: Hash;
  /** by chunk: where it begins */
  readonly starts: readonly Hash[];
  readonly #chunks: readonly Pick<CutChunk, 'depth' | 'hash'>[];
  /** hashes of inner nodes and chunks, by depth and start */
  readonly #hashes = new Map<string, Hash>();

  /**
   * @param chunks in tree order
   * @throws {RangeError} when they do not cover a tree
   */
  constructor(chunks: readonly Pick<CutChunk, 'depth' | 'hash'>[]) {
    this.#chunks = chunks;
    const starts: Hash[] = [];
    this.root = this.#build(new Uint8Array(HASH_BYTES), 0, starts);
    if (starts.length !== chunks.length) throw new RangeError('more chunks than a tree has room for');
    this.starts = starts;
  }

  /** The number of the chunk that covers a path. */
  find(position: Hash): number {
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (compareBytes(this.starts[middle] as Hash, position) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** @param index of a chunk */
  siblings(index: number): Hash[] {
    const { depth } = this.#chunks[index] as CutChunk;
    const start = this.starts[index] as Hash;
    return Array.from({ length: depth }, (_, above) => {
      const beside = subtreeStart(start, above + 1);
      flipBit(beside, above);
      return this.#hashes.get(nameOf(above + 1, beside)) as Hash;
    });
  }

  #build(start: Hash, depth: number, starts: Hash[]): Hash {
    const next = this.#chunks[starts.length];
    if (next === undefined || next.depth < depth || depth > MAX_STATE_DEPTH) {
      throw new RangeError('chunks that do not cover a tree');
    }
    let { hash } = next;
    if (next.depth === depth) starts.push(start);
    else {
      const right = start.slice();
      flipBit(right, depth);
      hash = innerHash(this.#build(start, depth + 1, starts), this.#build(right, depth + 1, starts));
    }
    this.#hashes.set(nameOf(depth, start), hash);
    return hash;
  }
}

/** The lowest path with the first `depth` bits of this one. */
export function subtreeStart(path: Hash, depth: number): Hash {
  const start = new Uint8Array(HASH_BYTES);
  const whole = depth >> 3;
  start.set(path.subarray(0, whole));
  if (whole < HASH_BYTES) start[whole] = (path[whole] as number) & (0xff00 >> (depth & 7));
  return start;
}

/** The lowest path after a subtree; undefined after the last one. */
export function subtreeEnd({ start, depth }: Subtree): Hash | undefined {
  const end = start.slice();
  for (let bit = depth - 1; bit >= 0; bit--) {
    flipBit(end, bit);
    if (pathBit(end, bit) === 1) return end;
  }
  return undefined;
}

function foldUp(path: Hash, end: Hash, siblings: readonly Uint8Array[]): Hash {
  let hash = end;
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth] as Uint8Array;
    hash = pathBit(path, depth) === 0 ? innerHash(hash, sibling) : innerHash(sibling, hash);
  }
  return hash;
}

function flipBit(path: Uint8Array, bit: number): void {
  path[bit >> 3] = (path[bit >> 3] as number) ^ (0x80 >> (bit & 7));
}

function nameOf(depth: number, start: Hash): string {
  return `${depth} ${String.fromCharCode(...start)}`;
}
