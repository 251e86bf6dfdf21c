// Keys whose paths meet: half of them share their first byte, so that pages are several deep with few entries.
import { equalBytes } from '../../src/primitives/bytes.js';
import { statePath } from '../../src/primitives/state-proof.js';
export function crowdedKeys(count) {
    const apart = Array.from({ length: count >> 1 }, (_, i) => numberKey(i));
    const crowd = statePath(numberKey(0)).subarray(0, 1);
    const close = [];
    for (let i = apart.length; close.length < count - apart.length; i++) {
        const key = numberKey(i);
        if (equalBytes(statePath(key).subarray(0, 1), crowd))
            close.push(key);
    }
    return [...apart, ...close];
}
/** Different in namespace byte and length, as the keys of the ledger are. */
export function numberKey(value) {
    return value % 5 === 0
        ? Uint8Array.of(2, value >> 8, value & 255)
        : Uint8Array.of(1, value >> 16, value >> 8, value & 255, 7);
}
