// What the state room reads from: a flat key/value view, and the pages of the tree over it.
// All reads are synchronous, since execution is a plain loop. What is returned is shared and must not be changed.

/** Flat state: key to value. */
export interface StateView {
  get(key: Uint8Array): Uint8Array | undefined;
}

/** Flat state together with the tree that commits it. */
export interface TreeSource extends StateView {
  /**
   * A page of the tree.
   * @param path the first nibbles of every path below the page, one per byte; empty for the root page
   */
  getNode(path: Uint8Array): Uint8Array | undefined;
}
