// Overlays: the change set of one unfinalized block on top of its parent's state, which is another overlay or the
// store. An overlay is written while its block executes, sealed once into a state root, and only read from then on;
// several may share a parent. Nothing here touches a disk.

import { equalBytes, mapKey } from '../primitives/bytes.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import { statePath } from '../primitives/state-proof.ts';
import { StateError } from './errors.ts';
import { applyChanges, type PageChange, rootOf } from './tree.ts';
import type { TreeSource } from './view.ts';

/** What the store writes when the block is finalized: `undefined` stands for an entry or page that is gone. */
export interface StateChanges {
  readonly root: Hash;
  readonly values: readonly [key: Uint8Array, value: Uint8Array | undefined][];
  readonly nodes: readonly [path: Uint8Array, node: Uint8Array | undefined][];
}

interface Sealed {
  readonly changes: StateChanges;
  /** the pages of `changes`, by path */
  readonly pages: ReadonlyMap<string, Uint8Array | undefined>;
}

/** Keys, values and pages given to an overlay or got from one are shared, not copied: they must not be changed. */
export class Overlay implements TreeSource {
  #parent: TreeSource;
  readonly #values = new Map<string, [key: Uint8Array, value: Uint8Array | undefined]>();
  #sealed: Sealed | undefined;

  constructor(parent: TreeSource) {
    this.#parent = parent;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const id = mapKey(key);
    let layer: Overlay = this;
    for (;;) {
      const entry = layer.#values.get(id);
      if (entry !== undefined) return entry[1];
      if (!(layer.#parent instanceof Overlay)) return layer.#parent.get(key);
      layer = layer.#parent;
    }
  }

  /** @throws {StateError} SEALED */
  set(key: Uint8Array, value: Uint8Array): void {
    this.#change(key, value);
  }

  /** @throws {StateError} SEALED */
  delete(key: Uint8Array): void {
    this.#change(key, undefined);
  }

  getNode(path: Uint8Array): Uint8Array | undefined {
    const id = mapKey(path);
    let layer: Overlay = this;
    for (;;) {
      const pages = layer.#sealed?.pages;
      const page = pages?.get(id);
      if (page !== undefined || pages?.has(id)) return page;
      if (!(layer.#parent instanceof Overlay)) return layer.#parent.getNode(path);
      layer = layer.#parent;
    }
  }

  /**
   * Applies the changes to the tree and freezes the overlay. The root is computed at the first call.
   * @throws {StateError} NOT_SEALED when the parent is an overlay whose tree does not exist yet
   */
  seal(): Hash {
    this.#sealed ??= this.#seal();
    return this.#sealed.changes.root;
  }

  /** The state root. @throws {StateError} NOT_SEALED */
  get root(): Hash {
    return this.changes.root;
  }

  /** The changes of this overlay alone. @throws {StateError} NOT_SEALED */
  get changes(): StateChanges {
    if (this.#sealed === undefined) throw new StateError('NOT_SEALED', 'an overlay has a root once it is sealed');
    return this.#sealed.changes;
  }

  /**
   * Replaces the parent by a source with the same state: the store, when the parent has been written to it.
   * @throws {StateError} ROOT_MISMATCH when the source has another state than the parent
   */
  rebase(parent: TreeSource): void {
    if (this.#parent instanceof Overlay && !equalBytes(this.#parent.root, rootOf(parent))) {
      throw new StateError('ROOT_MISMATCH', 'an overlay can only be rebased on the state of its parent');
    }
    this.#parent = parent;
  }

  #change(key: Uint8Array, value: Uint8Array | undefined): void {
    if (this.#sealed !== undefined) throw new StateError('SEALED', 'a sealed overlay does not change');
    this.#values.set(mapKey(key), [key, value]);
  }

  #seal(): Sealed {
    if (this.#parent instanceof Overlay && this.#parent.#sealed === undefined) {
      throw new StateError('NOT_SEALED', 'an overlay is sealed after its parent');
    }
    const values = [...this.#values.values()];
    const { root, pages } = applyChanges(this.#parent, values.map(leafChange));
    return { changes: { root, values, nodes: pages }, pages: new Map(pages.map(byPath)) };
  }
}

function leafChange([key, value]: readonly [Uint8Array, Uint8Array | undefined]) {
  return { path: statePath(key), valueHash: value === undefined ? undefined : sha256(value) };
}

function byPath([path, page]: PageChange): [string, Uint8Array | undefined] {
  return [mapKey(path), page];
}
