// Pages: how the state tree is stored. A page is four levels of the binary tree, that is 16 slots, each empty,
// a leaf, or the hash of a page below. Slots stand in four quads, each under its own stored hash, so that a change
// in one quad need not look into the others. Here is the encoding and the editor; how pages hang together is in tree.ts.
//
//   page = kinds of quad 0 … 3 (4 bytes; 2 bits a slot, lowest first) ‖ quad for each quad that is not empty
//   quad = hash (32) ‖ slot for each slot that is not empty
//   slot = hash of the page below (32), or a leaf's path ‖ value hash (64)

import { equalBytes } from '../primitives/bytes.ts';
import { HASH_BYTES, type Hash, sha256PairInto } from '../primitives/hash.ts';
import { type StateLeaf, stateLeafHash } from '../primitives/state-proof.ts';
import { StateError } from './errors.ts';

export const PAGE_LEVELS = 4;
export const PAGE_SLOTS = 1 << PAGE_LEVELS;

/** Kinds of a subtree. A subtree with one leaf is that leaf, at whatever level it stands. */
export const EMPTY = 0;
export const INNER = 1;
export const LEAF = 2;
export type SubtreeKind = typeof EMPTY | typeof INNER | typeof LEAF;

/** Nodes of a page are numbered as in a heap: 1 is its root, 2n and 2n + 1 are the children of n. */
export const PAGE_ROOT = 1;
const FIRST_QUAD = 4;
const FIRST_SLOT = PAGE_SLOTS;
const QUADS = 4;
const QUAD_SLOTS = 4;
const LEAF_BYTES = 2 * HASH_BYTES;
const SLOT_BYTES: Readonly<Record<SubtreeKind, number>> = { [EMPTY]: 0, [INNER]: HASH_BYTES, [LEAF]: LEAF_BYTES };

const KINDS_BYTES = QUADS;
const EMPTY_PAGE: Uint8Array = new Uint8Array(KINDS_BYTES);
const INVALID = -1;
/** By kinds byte: encoded size of the quad, `INVALID` where a slot has the unused fourth kind. */
const QUAD_BYTES = Int16Array.from({ length: 256 }, (_, kinds) => quadBytes(kinds));
/** By kinds byte: what the quad is as a subtree. */
const QUAD_KIND = Uint8Array.from({ length: 256 }, (_, kinds) => quadKind(kinds));

function slotKinds(kinds: number): SubtreeKind[] {
  return Array.from({ length: QUAD_SLOTS }, (_, slot) => ((kinds >> (2 * slot)) & 3) as SubtreeKind);
}

function quadBytes(kinds: number): number {
  if (kinds === 0) return 0;
  let bytes = HASH_BYTES;
  for (const kind of slotKinds(kinds)) {
    if (SLOT_BYTES[kind] === undefined) return INVALID;
    bytes += SLOT_BYTES[kind];
  }
  return bytes;
}

function quadKind(kinds: number): SubtreeKind {
  const occupied = slotKinds(kinds).filter((kind) => kind !== EMPTY);
  if (occupied.length === 0) return EMPTY;
  return occupied.length === 1 && occupied[0] === LEAF ? LEAF : INNER;
}

/**
 * One page at a time, opened for change: `load`, set slots, `hash`, `encode`. It is scratch space, to be loaded again
 * and again; encoded pages are never written to.
 */
export class PageEditor {
  readonly #kinds = new Uint8Array(2 * PAGE_SLOTS);
  readonly #hashes = new Uint8Array(2 * PAGE_SLOTS * HASH_BYTES);
  /** by node: its hash, and the hashes of its two children, which stand side by side */
  readonly #hashViews = Array.from({ length: 2 * PAGE_SLOTS }, (_, node) => viewOf(this.#hashes, node, HASH_BYTES));
  readonly #pairViews = Array.from({ length: PAGE_SLOTS }, (_, node) => viewOf(this.#hashes, node, 2 * HASH_BYTES));
  readonly #leaves = new Uint8Array(PAGE_SLOTS * LEAF_BYTES);
  readonly #quadStart = new Uint16Array(QUADS);
  readonly #quadOpen = new Uint8Array(QUADS);
  #page: Uint8Array = EMPTY_PAGE;

  /**
   * @param page an encoded page; undefined for one without entries
   * @throws {StateError} CORRUPT_PAGE
   */
  load(page: Uint8Array | undefined): void {
    this.#page = page ?? EMPTY_PAGE;
    let offset = KINDS_BYTES;
    for (let quad = 0; quad < QUADS; quad++) {
      const kinds = this.#page[quad] ?? 0;
      const bytes = QUAD_BYTES[kinds] as number;
      if (bytes === INVALID) throw new StateError('CORRUPT_PAGE', `quad ${quad} of a page has a slot of no known kind`);
      this.#quadStart[quad] = offset;
      this.#quadOpen[quad] = 0;
      for (let slot = 0; slot < QUAD_SLOTS; slot++) {
        this.#kinds[FIRST_SLOT + quad * QUAD_SLOTS + slot] = (kinds >> (2 * slot)) & 3;
      }
      offset += bytes;
    }
    if (offset !== this.#page.length) {
      throw new StateError('CORRUPT_PAGE', `a page of ${this.#page.length} bytes should have ${offset}`);
    }
  }

  kindOf(node: number): SubtreeKind {
    return this.#kinds[node] as SubtreeKind;
  }

  slotKind(slot: number): SubtreeKind {
    return this.kindOf(FIRST_SLOT + slot);
  }

  clear(slot: number): void {
    this.open(slot);
    this.#kinds[FIRST_SLOT + slot] = EMPTY;
  }

  setLeaf(slot: number, leaf: StateLeaf): void {
    this.open(slot);
    this.#kinds[FIRST_SLOT + slot] = LEAF;
    this.#leaves.set(leaf.path, slot * LEAF_BYTES);
    this.#leaves.set(leaf.valueHash, slot * LEAF_BYTES + HASH_BYTES);
  }

  /** @param hash root of the page below */
  setInner(slot: number, hash: Hash): void {
    this.open(slot);
    this.#kinds[FIRST_SLOT + slot] = INNER;
    this.#hashes.set(hash, (FIRST_SLOT + slot) * HASH_BYTES);
  }

  /** The leaf in a slot that is one; a view that lasts until the next `load`. */
  leafAt(slot: number): StateLeaf {
    this.open(slot);
    const start = slot * LEAF_BYTES;
    return {
      path: this.#leaves.subarray(start, start + HASH_BYTES),
      valueHash: this.#leaves.subarray(start + HASH_BYTES, start + LEAF_BYTES),
    };
  }

  isLeafOf(slot: number, path: Hash): boolean {
    return this.slotKind(slot) === LEAF && equalBytes(this.leafAt(slot).path, path);
  }

  /** The only leaf of a page whose root is a leaf, or of such a subtree of it. */
  loneLeaf(node: number): StateLeaf {
    let [first, last] = [node, node];
    while (first < FIRST_SLOT) [first, last] = [2 * first, 2 * last + 1];
    for (let slot = first; slot <= last; slot++) {
      if (this.#kinds[slot] === LEAF) return this.leafAt(slot - FIRST_SLOT);
    }
    throw new StateError('CORRUPT_PAGE', 'a subtree that should be a leaf has none');
  }

  /** What the page is as a subtree, known before any hash is computed. */
  rootKind(): SubtreeKind {
    let root: SubtreeKind = EMPTY;
    for (let slot = FIRST_SLOT; slot < 2 * PAGE_SLOTS; slot++) {
      const kind = this.#kinds[slot] as SubtreeKind;
      if (kind === EMPTY) continue;
      if (root !== EMPTY || kind === INNER) return INNER;
      root = LEAF;
    }
    return root;
  }

  /** Reads a slot's quad out of the encoded page, so that its slots can be seen and set. */
  open(slot: number): void {
    const quad = slot >> 2;
    if (this.#quadOpen[quad] === 1) return;
    this.#quadOpen[quad] = 1;
    let offset = (this.#quadStart[quad] as number) + HASH_BYTES;
    for (let i = quad * QUAD_SLOTS; i < (quad + 1) * QUAD_SLOTS; i++) {
      const kind = this.slotKind(i);
      if (kind === EMPTY) continue;
      if (kind === LEAF) copyBytes(this.#page, offset, this.#leaves, i * LEAF_BYTES, LEAF_BYTES);
      else copyBytes(this.#page, offset, this.#hashes, (FIRST_SLOT + i) * HASH_BYTES, HASH_BYTES);
      offset += SLOT_BYTES[kind];
    }
  }

  /** Computes every node above the slots of opened quads. Until `load`, `kindOf` and `hashOf` answer for these nodes. */
  hash(): void {
    for (let quad = 0; quad < QUADS; quad++) {
      if (this.#quadOpen[quad] === 1) this.#hashQuad(quad);
      else this.#copyQuadHash(quad);
    }
    for (let node = FIRST_QUAD - 1; node >= PAGE_ROOT; node--) this.#combine(node);
  }

  /** The hash of a node after `hash()`; a view that lasts until the next `load`. */
  hashOf(node: number): Hash {
    return this.#hashViews[node] as Hash;
  }

  /** The page as it is to be stored, after `hash()`. */
  encode(): Uint8Array {
    let length = KINDS_BYTES;
    for (let quad = 0; quad < QUADS; quad++) length += QUAD_BYTES[this.#kindsByte(quad)] as number;
    const out = new Uint8Array(length);
    let offset = KINDS_BYTES;
    for (let quad = 0; quad < QUADS; quad++) {
      const kinds = this.#kindsByte(quad);
      const bytes = QUAD_BYTES[kinds] as number;
      out[quad] = kinds;
      if (this.#quadOpen[quad] === 1) this.#encodeQuad(quad, out, offset);
      else copyBytes(this.#page, this.#quadStart[quad] as number, out, offset, bytes);
      offset += bytes;
    }
    return out;
  }

  #encodeQuad(quad: number, out: Uint8Array, start: number): void {
    if (this.kindOf(FIRST_QUAD + quad) === EMPTY) return;
    copyBytes(this.#hashes, (FIRST_QUAD + quad) * HASH_BYTES, out, start, HASH_BYTES);
    let offset = start + HASH_BYTES;
    for (let slot = quad * QUAD_SLOTS; slot < (quad + 1) * QUAD_SLOTS; slot++) {
      const kind = this.slotKind(slot);
      if (kind === LEAF) copyBytes(this.#leaves, slot * LEAF_BYTES, out, offset, LEAF_BYTES);
      else if (kind === INNER) copyBytes(this.#hashes, (FIRST_SLOT + slot) * HASH_BYTES, out, offset, HASH_BYTES);
      offset += SLOT_BYTES[kind];
    }
  }

  #kindsByte(quad: number): number {
    let byte = 0;
    for (let slot = 0; slot < QUAD_SLOTS; slot++) byte |= this.slotKind(quad * QUAD_SLOTS + slot) << (2 * slot);
    return byte;
  }

  #copyQuadHash(quad: number): void {
    const node = FIRST_QUAD + quad;
    const kind = QUAD_KIND[this.#page[quad] as number] as SubtreeKind;
    this.#kinds[node] = kind;
    const start = this.#quadStart[quad] as number;
    if (kind === EMPTY) this.hashOf(node).fill(0);
    else copyBytes(this.#page, start, this.#hashes, node * HASH_BYTES, HASH_BYTES);
  }

  #hashQuad(quad: number): void {
    for (let slot = quad * QUAD_SLOTS; slot < (quad + 1) * QUAD_SLOTS; slot++) {
      const node = FIRST_SLOT + slot;
      const kind = this.kindOf(node);
      if (kind === EMPTY) {
        this.hashOf(node).fill(0);
      } else if (kind === LEAF) {
        const leaf = this.leafAt(slot);
        this.#hashes.set(stateLeafHash(leaf.path, leaf.valueHash), node * HASH_BYTES);
      }
    }
    const node = FIRST_QUAD + quad;
    this.#combine(2 * node);
    this.#combine(2 * node + 1);
    this.#combine(node);
  }

  /** Kind and hash of a node from its two children, whose hashes stand side by side. */
  #combine(node: number): void {
    const left = this.#kinds[2 * node] as SubtreeKind;
    const right = this.#kinds[2 * node + 1] as SubtreeKind;
    const lone = left === EMPTY ? right : right === EMPTY ? left : INNER;
    this.#kinds[node] = lone;
    if (lone === INNER) {
      sha256PairInto(this.#pairViews[node] as Uint8Array, this.hashOf(node));
    } else {
      // Nothing, or one leaf beside nothing: the zero hash, or that leaf's.
      this.#hashes.set(this.hashOf(left === EMPTY ? 2 * node + 1 : 2 * node), node * HASH_BYTES);
    }
  }
}

function viewOf(hashes: Uint8Array, node: number, bytes: number): Uint8Array {
  return hashes.subarray(node * bytes, (node + 1) * bytes);
}

/** For some dozens of bytes a loop is quicker than `set` with a view made for it. */
function copyBytes(from: Uint8Array, start: number, to: Uint8Array, offset: number, bytes: number): void {
  for (let i = 0; i < bytes; i++) to[offset + i] = from[start + i] as number;
}
