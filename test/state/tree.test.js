import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/primitives/bytes.js';
import { sha256 } from '../../src/primitives/hash.js';
import { pathBit, statePath } from '../../src/primitives/state-proof.js';
import { StateError } from '../../src/state/errors.js';
import { recomputeRoot } from '../../src/state/recompute.js';
import { applyChanges, emptyRoot, rootOf } from '../../src/state/tree.js';
import { crowdedKeys } from './keys.js';
import { MapSource } from './map-source.js';
const test = suite('state tree');
const keys = crowdedKeys(40);
const value = (n) => Uint8Array.of(n, 1, 2, 3);
function hash(...parts) {
    const digest = createHash('sha256');
    for (const part of parts)
        digest.update(part);
    return new Uint8Array(digest.digest());
}
/** Applies to the tree of a source and writes the pages. */
function apply(source, changes) {
    const { root, pages } = applyChanges(source, changes.map(([key, to]) => ({ path: statePath(key), valueHash: to === undefined ? undefined : sha256(to) })));
    source.write({ root, values: [], nodes: pages });
    return root;
}
test('no entries: 32 zero bytes and no page', () => {
    const source = new MapSource();
    assert.equal(toHex(emptyRoot), '00'.repeat(32));
    assert.equal(rootOf(source), emptyRoot);
    assert.equal(recomputeRoot([]), emptyRoot);
    assert.equal(apply(source, []), emptyRoot);
    assert.equal(apply(source, [[keys[0], undefined]]), emptyRoot);
    assert.is(source.nodes.size, 0);
});
test('one entry: the root is its leaf', () => {
    const source = new MapSource();
    const key = keys[3];
    const leaf = hash(Uint8Array.of(0), hash(key), hash(value(1)));
    assert.equal(apply(source, [[key, value(1)]]), leaf);
    assert.equal(rootOf(source), leaf);
    assert.equal(recomputeRoot([[key, value(1)]]), leaf);
});
test('two entries: hashed together where their paths part, and up with nothing beside', () => {
    const [a, b] = [keys[keys.length - 1], keys[keys.length - 2]];
    let depth = 0;
    while (pathBit(hash(a), depth) === pathBit(hash(b), depth))
        depth++;
    assert.ok(depth >= 8, 'the keys share a byte of their paths');
    const leaf = (key, n) => hash(Uint8Array.of(0), hash(key), hash(value(n)));
    let root = pathBit(hash(a), depth) === 0 ? hash(leaf(a, 1), leaf(b, 2)) : hash(leaf(b, 2), leaf(a, 1));
    for (let bit = depth - 1; bit >= 0; bit--) {
        root = pathBit(hash(a), bit) === 0 ? hash(root, emptyRoot) : hash(emptyRoot, root);
    }
    const source = new MapSource();
    assert.equal(apply(source, [
        [a, value(1)],
        [b, value(2)],
    ]), root);
    assert.equal(recomputeRoot([
        [b, value(2)],
        [a, value(1)],
    ]), root);
    assert.equal(apply(source, [[a, undefined]]), leaf(b, 2));
    assert.is(source.nodes.size, 1, 'the pages between root and leaf are gone');
    assert.equal(apply(source, [[b, undefined]]), emptyRoot);
    assert.is(source.nodes.size, 0);
});
test('root and pages depend on the entries, not on their history', () => {
    const entries = fc.uniqueArray(fc.record({ key: fc.constantFrom(...keys), n: fc.nat(255) }), {
        selector: ({ key }) => toHex(key),
        maxLength: 30,
    });
    fc.assert(fc.property(entries, fc.array(fc.constantFrom(...keys)), fc.integer({ min: 1, max: 7 }), (kept, passing, batch) => {
        const direct = new MapSource();
        const root = apply(direct, kept.map(({ key, n }) => [key, value(n)]));
        const winding = new MapSource();
        for (const key of passing)
            apply(winding, [[key, value(0)]]);
        const keptKeys = new Set(kept.map(({ key }) => toHex(key)));
        const reversed = [...kept].reverse();
        for (let i = 0; i < reversed.length; i += batch) {
            apply(winding, reversed.slice(i, i + batch).map(({ key, n }) => [key, value(n)]));
        }
        const gone = [...new Map(passing.map((key) => [toHex(key), key])).values()].filter((key) => !keptKeys.has(toHex(key)));
        assert.equal(apply(winding, gone.map((key) => [key, undefined])), root);
        assert.equal(rootOf(winding), root);
        assert.equal(winding.nodes, direct.nodes);
        assert.equal(root, recomputeRoot(kept.map(({ key, n }) => [key, value(n)])));
    }), { numRuns: 60, seed: 1 });
});
test('a damaged or missing page is an error, not another state', () => {
    const source = new MapSource();
    apply(source, keys.map((key) => [key, value(1)]));
    const change = [keys[keys.length - 1], value(2)];
    for (const damage of [
        (page) => page.subarray(1),
        (page) => Uint8Array.of(255, ...page.subarray(1)),
        () => new Uint8Array(0),
    ]) {
        const damaged = new MapSource();
        for (const [path, page] of source.nodes)
            damaged.nodes.set(path, damage(page));
        assert.throws(() => rootOf(damaged), (error) => error instanceof StateError && error.code === 'CORRUPT_PAGE');
        assert.throws(() => apply(damaged, [change]), (error) => error instanceof StateError && error.code === 'CORRUPT_PAGE');
    }
    for (const path of [...source.nodes.keys()].filter((path) => path !== ''))
        source.nodes.delete(path);
    assert.throws(() => apply(source, [change]), (error) => error instanceof StateError && error.code === 'MISSING_PAGE');
});
test('the recomputed root refuses a key that is there twice', () => {
    const entry = [keys[0], value(1)];
    assert.throws(() => recomputeRoot([entry, entry]), (error) => error instanceof StateError && error.code === 'DUPLICATE_KEY');
});
test.run();
