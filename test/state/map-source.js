// A TreeSource held in two maps: the store as the state room sees it, without a disk.
import { toHex } from '../../src/primitives/bytes.js';
export class MapSource {
    values = new Map();
    nodes = new Map();
    get(key) {
        return this.values.get(toHex(key))?.[1];
    }
    getNode(path) {
        return this.nodes.get(toHex(path));
    }
    write(changes) {
        for (const [key, value] of changes.values) {
            if (value === undefined)
                this.values.delete(toHex(key));
            else
                this.values.set(toHex(key), [key, value]);
        }
        for (const [path, node] of changes.nodes) {
            if (node === undefined)
                this.nodes.delete(toHex(path));
            else
                this.nodes.set(toHex(path), node);
        }
    }
    entries() {
        return this.values.values();
    }
}
