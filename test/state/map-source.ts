// A TreeSource held in two maps: the store as the state room sees it, without a disk.

import { toHex } from '../../src/primitives/bytes.ts';
import type { StateChanges } from '../../src/state/overlay.ts';
import type { TreeSource } from '../../src/state/view.ts';

export class MapSource implements TreeSource {
  readonly values = new Map<string, [Uint8Array, Uint8Array]>();
  readonly nodes = new Map<string, Uint8Array>();

  get(key: Uint8Array): Uint8Array | undefined {
    return this.values.get(toHex(key))?.[1];
  }

  getNode(path: Uint8Array): Uint8Array | undefined {
    return this.nodes.get(toHex(path));
  }

  write(changes: StateChanges): void {
    for (const [key, value] of changes.values) {
      if (value === undefined) this.values.delete(toHex(key));
      else this.values.set(toHex(key), [key, value]);
    }
    for (const [path, node] of changes.nodes) {
      if (node === undefined) this.nodes.delete(toHex(path));
      else this.nodes.set(toHex(path), node);
    }
  }

  entries(): IterableIterator<[Uint8Array, Uint8Array]> {
    return this.values.values();
  }
}
