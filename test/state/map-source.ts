// A TreeSource held in two maps: the store as the state room sees it, without a disk.

import type { StateChanges } from '../../src/state/overlay.ts';
import type { TreeSource } from '../../src/state/view.ts';

export class MapSource implements TreeSource {
  readonly values = new Map<string, [Uint8Array, Uint8Array]>();
  readonly nodes = new Map<string, Uint8Array>();

  get(key: Uint8Array): Uint8Array | undefined {
    return this.values.get(mapKey(key))?.[1];
  }

  getNode(path: Uint8Array): Uint8Array | undefined {
    return this.nodes.get(mapKey(path));
  }

  write(changes: StateChanges): void {
    for (const [key, value] of changes.values) {
      if (value === undefined) this.values.delete(mapKey(key));
      else this.values.set(mapKey(key), [key, value]);
    }
    for (const [path, node] of changes.nodes) {
      if (node === undefined) this.nodes.delete(mapKey(path));
      else this.nodes.set(mapKey(path), node);
    }
  }

  entries(): IterableIterator<[Uint8Array, Uint8Array]> {
    return this.values.values();
  }
}

function mapKey(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
