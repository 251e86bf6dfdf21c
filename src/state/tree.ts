// The sparse Merkle tree: applies changes to the pages that a source holds and says which pages are new.
// An empty subtree is 32 zero bytes, a subtree with one leaf is that leaf, any other is sha256(left ‖ right): so the
// root depends on the entries alone, never on their history. Nothing is kept here; sources keep pages.

import { compareBytes } from '../primitives/bytes.ts';
import { type Hash, ZERO_HASH } from '../primitives/hash.ts';
import { StateError } from './errors.ts';
import { EMPTY, INNER, LEAF, PAGE_ROOT, PageEditor, type SubtreeKind } from './page.ts';
import type { TreeSource } from './view.ts';

/** Root of a state without entries. */
export const emptyRoot: Hash = ZERO_HASH;

export const ROOT_PATH: Uint8Array = new Uint8Array(0);

/** What becomes of one leaf. */
export interface LeafChange {
  /** `statePath` of the key */
  readonly path: Hash;
  /** sha256 of the new value; undefined when the key is deleted */
  readonly valueHash: Hash | undefined;
}

/** A page by the nibbles of its path; undefined when the tree no longer has it. */
export type PageChange = [path: Uint8Array, page: Uint8Array | undefined];

/** The state root that a source's pages stand for. */
export function rootOf(source: Pick<TreeSource, 'getNode'>): Hash {
  const page = source.getNode(ROOT_PATH);
  if (page === undefined) return emptyRoot;
  const editor = new PageEditor();
  editor.load(page);
  editor.hash();
  return editor.hashOf(PAGE_ROOT).slice();
}

/**
 * Applies changes, each of another path, to the tree of `source`, which is only read.
 * @throws {StateError} CORRUPT_PAGE, MISSING_PAGE
 */
export function applyChanges(
  source: Pick<TreeSource, 'getNode'>,
  changes: readonly LeafChange[],
): { root: Hash; pages: PageChange[] } {
  const run = new TreeChange(source, sortByPath(changes));
  return { root: run.root(), pages: run.pages };
}

/** Nibble `depth` of a path: the slot it takes in a page that stands `depth` pages below the root. */
export function nibbleAt(path: Uint8Array, depth: number): number {
  const byte = path[depth >> 1] as number;
  return (depth & 1) === 0 ? byte >> 4 : byte & 15;
}

/** The first `count` nibbles of a path, one per byte: the path of the page which stands there. */
export function pagePath(path: Uint8Array, count: number): Uint8Array {
  const nibbles = new Uint8Array(count);
  for (let depth = 0; depth < count; depth++) nibbles[depth] = nibbleAt(path, depth);
  return nibbles;
}

/** @throws {StateError} MISSING_PAGE */
export function requirePage(source: Pick<TreeSource, 'getNode'>, path: Uint8Array): Uint8Array {
  const page = source.getNode(path);
  if (page === undefined) throw new StateError('MISSING_PAGE', `no page at nibbles [${path.join(' ')}]`);
  return page;
}

const PREFIX_BYTES = 6;

/** By the first 48 bits as a number, which all but never tie; comparing bytes every time is several times slower. */
function sortByPath(changes: readonly LeafChange[]): LeafChange[] {
  const keyed = changes.map((change) => ({ change, prefix: pathPrefix(change.path) }));
  keyed.sort((a, b) => a.prefix - b.prefix || compareBytes(a.change.path, b.change.path));
  return keyed.map(({ change }) => change);
}

function pathPrefix(path: Hash): number {
  let prefix = 0;
  for (let i = 0; i < PREFIX_BYTES; i++) prefix = prefix * 256 + (path[i] as number);
  return prefix;
}

/** One application of sorted changes. A walk needs one open page per depth, so editors are kept by depth. */
class TreeChange {
  readonly pages: PageChange[] = [];
  readonly #source: Pick<TreeSource, 'getNode'>;
  readonly #changes: readonly LeafChange[];
  readonly #editors: PageEditor[] = [];

  constructor(source: Pick<TreeSource, 'getNode'>, changes: readonly LeafChange[]) {
    this.#source = source;
    this.#changes = changes;
  }

  root(): Hash {
    const page = this.#source.getNode(ROOT_PATH);
    const editor = this.#editor(0);
    editor.load(page);
    this.#applyToPage(0, 0, this.#changes.length);
    const kind = editor.rootKind();
    if (kind === EMPTY) {
      if (page !== undefined) this.pages.push([ROOT_PATH, undefined]);
      return emptyRoot;
    }
    // Unlike any other page, the root page may hold one leaf alone: there is no slot above to take it.
    this.#write(editor, ROOT_PATH);
    return editor.hashOf(PAGE_ROOT).slice();
  }

  /** Applies changes `from … to − 1`, which share `depth` nibbles, to the page loaded in the editor of that depth. */
  #applyToPage(depth: number, from: number, to: number): void {
    let start = from;
    while (start < to) {
      const slot = nibbleAt(this.#change(start).path, depth);
      let end = start + 1;
      while (end < to && nibbleAt(this.#change(end).path, depth) === slot) end++;
      this.#applyToSlot(depth, slot, start, end);
      start = end;
    }
  }

  #applyToSlot(depth: number, slot: number, from: number, to: number): void {
    const editor = this.#editor(depth);
    const kind = editor.slotKind(slot);
    if (kind !== INNER && to - from === 1 && this.#applyToLeafSlot(editor, slot, this.#change(from))) return;

    const below = this.#editor(depth + 1);
    const path = pagePath(this.#change(from).path, depth + 1);
    below.load(kind === INNER ? requirePage(this.#source, path) : undefined);
    if (kind === LEAF) {
      const leaf = editor.leafAt(slot);
      below.setLeaf(nibbleAt(leaf.path, depth + 1), leaf);
    }
    this.#applyToPage(depth + 1, from, to);
    this.#takeUp(editor, slot, below, path, kind);
  }

  /** The common case of one change where at most one leaf is and will be. Returns false when a page must grow below. */
  #applyToLeafSlot(editor: PageEditor, slot: number, { path, valueHash }: LeafChange): boolean {
    const isOther = editor.slotKind(slot) === LEAF && !editor.isLeafOf(slot, path);
    if (isOther) return valueHash === undefined;
    if (valueHash !== undefined) editor.setLeaf(slot, { path, valueHash });
    else if (editor.slotKind(slot) === LEAF) editor.clear(slot);
    return true;
  }

  /** Puts what a page has become into its slot above, and the page among the changes. */
  #takeUp(above: PageEditor, slot: number, page: PageEditor, path: Uint8Array, before: SubtreeKind): void {
    const kind = page.rootKind();
    if (kind === INNER) {
      this.#write(page, path);
      above.setInner(slot, page.hashOf(PAGE_ROOT));
      return;
    }
    if (before === INNER) this.pages.push([path, undefined]);
    if (kind === LEAF) above.setLeaf(slot, page.loneLeaf(PAGE_ROOT));
    else above.clear(slot);
  }

  #write(editor: PageEditor, path: Uint8Array): void {
    editor.hash();
    this.pages.push([path, editor.encode()]);
  }

  #change(index: number): LeafChange {
    return this.#changes[index] as LeafChange;
  }

  #editor(depth: number): PageEditor {
    let editor = this.#editors[depth];
    if (editor === undefined) {
      editor = new PageEditor();
      this.#editors[depth] = editor;
    }
    return editor;
  }
}
