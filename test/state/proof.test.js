import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/primitives/bytes.js';
import { StateProof, verifyStateProof } from '../../src/primitives/state-proof.js';
import { Overlay } from '../../src/state/overlay.js';
import { prove } from '../../src/state/proof.js';
import { crowdedKeys } from './keys.js';
import { MapSource } from './map-source.js';
const test = suite('state proofs');
const keys = crowdedKeys(120);
const ONE = Uint8Array.of(1);
function stateOf(entries) {
    const overlay = new Overlay(new MapSource());
    for (const [key, value] of entries)
        overlay.set(key, value);
    overlay.seal();
    return overlay;
}
const states = fc
    .uniqueArray(fc.tuple(fc.constantFrom(...keys), fc.uint8Array({ minLength: 1, maxLength: 16 })), {
    selector: ([key]) => toHex(key),
    maxLength: 60,
})
    .map((entries) => ({ state: stateOf(entries), values: new Map(entries.map(([key, value]) => [toHex(key), value])) }));
test('each present key is proved with its value and each absent key as absent, and nothing else', () => {
    const ends = { none: 0, other: 0 };
    fc.assert(fc.property(states, ({ state, values }) => {
        for (const key of keys) {
            const value = values.get(toHex(key));
            const proof = StateProof.deserialize(StateProof.serialize(prove(state, key)));
            assert.ok(verifyStateProof(state.root, key, value, proof));
            if (value === undefined) {
                ends[proof.otherLeaf === null ? 'none' : 'other']++;
                assert.not(verifyStateProof(state.root, key, ONE, proof));
            }
            else {
                assert.not(verifyStateProof(state.root, key, undefined, proof));
                assert.not(verifyStateProof(state.root, key, Uint8Array.of(...value, 0), proof));
            }
        }
    }), { numRuns: 25, seed: 3 });
    assert.ok(ends.none > 50 && ends.other > 50, 'both ways to be absent were proved');
});
test('a proof of one key, or of another root, shows nothing about this one', () => {
    const state = stateOf(keys.slice(0, 60).map((key) => [key, ONE]));
    const [present, other] = keys;
    const absent = keys[90];
    assert.not(verifyStateProof(state.root, present, ONE, prove(state, other)));
    assert.not(verifyStateProof(state.root, absent, undefined, prove(state, present)));
    assert.not(verifyStateProof(state.root, present, undefined, prove(state, absent)));
    const later = new Overlay(state);
    later.set(other, Uint8Array.of(2));
    later.seal();
    assert.not(verifyStateProof(later.root, present, ONE, prove(state, present)));
});
test('any change to a proof breaks it', () => {
    fc.assert(fc.property(states, fc.constantFrom(...keys), fc.nat(), fc.nat(255), ({ state, values }, key, at, bit) => {
        const value = values.get(toHex(key));
        for (const tampered of tamperings(prove(state, key), at, bit)) {
            assert.not(verifyStateProof(state.root, key, value, tampered));
        }
    }), { numRuns: 150, seed: 4 });
});
function* tamperings(proof, at, bit) {
    const { siblings, otherLeaf } = proof;
    const index = at % Math.max(1, siblings.length);
    yield { siblings: [...siblings, new Uint8Array(32)], otherLeaf };
    const sibling = siblings[index];
    if (sibling !== undefined) {
        yield { siblings: siblings.with(index, flip(sibling, bit)), otherLeaf };
        yield { siblings: siblings.toSpliced(index, 1), otherLeaf };
        yield { siblings: siblings.slice(0, index), otherLeaf };
    }
    if (otherLeaf === null) {
        yield { siblings, otherLeaf: { path: new Uint8Array(32), valueHash: new Uint8Array(32) } };
        return;
    }
    yield { siblings, otherLeaf: null };
    yield { siblings, otherLeaf: { ...otherLeaf, path: flip(otherLeaf.path, bit) } };
    yield { siblings, otherLeaf: { ...otherLeaf, valueHash: flip(otherLeaf.valueHash, bit) } };
}
function flip(bytes, bit) {
    return bytes.with(bit >> 3, bytes[bit >> 3] ^ (1 << (bit & 7)));
}
test.run();
