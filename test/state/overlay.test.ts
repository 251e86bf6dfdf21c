import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/primitives/bytes.ts';
import { verifyStateProof } from '../../src/primitives/state-proof.ts';
import { StateError } from '../../src/state/errors.ts';
import { Overlay } from '../../src/state/overlay.ts';
import { prove } from '../../src/state/proof.ts';
import { recomputeRoot } from '../../src/state/recompute.ts';
import { emptyRoot, rootOf } from '../../src/state/tree.ts';
import type { TreeSource } from '../../src/state/view.ts';
import { crowdedKeys, numberKey } from './keys.ts';
import { MapSource } from './map-source.ts';

const test = suite('overlay');
const keys = crowdedKeys(60);
const [first, second] = keys as [Uint8Array, Uint8Array];
const isError = (code: string) => (error: unknown) => error instanceof StateError && error.code === code;

/** What a state should hold, as a plain map. */
type Model = ReadonlyMap<string, readonly [Uint8Array, Uint8Array]>;

function assertHolds(source: TreeSource, model: Model): void {
  for (const key of keys) assert.equal(source.get(key), model.get(toHex(key))?.[1]);
}

type Change = readonly [key: Uint8Array, value: Uint8Array | undefined];
type Step =
  | { readonly kind: 'block'; readonly on: number; readonly changes: readonly Change[] }
  | { readonly kind: 'finalize'; readonly pick: number };

const change = fc.tuple(
  fc.constantFrom(...keys),
  fc.option(fc.uint8Array({ minLength: 0, maxLength: 20 }), { nil: undefined, freq: 3 }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('block' as const),
      on: fc.nat(),
      changes: fc.array(change, { maxLength: 25 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('finalize' as const), pick: fc.nat() }) },
);

interface Block {
  readonly parent: Block | undefined;
  readonly overlay: Overlay;
  readonly model: Model;
}

/** A chain of overlays over a store: blocks grow on any unfinalized block, one of the oldest becomes final, forks die. */
class World {
  readonly store = new MapSource();
  storeModel: Model = new Map();
  blocks: Block[] = [];

  run(steps: readonly Step[]): void {
    for (const one of steps) {
      if (one.kind === 'block') this.#grow(one.on, one.changes);
      else this.#finalize(one.pick);
    }
  }

  #grow(on: number, changes: readonly Change[]): void {
    const index = on % (this.blocks.length + 1);
    const parent = this.blocks[index];
    const model = new Map(parent?.model ?? this.storeModel);
    const overlay = new Overlay(parent?.overlay ?? this.store);
    for (const [key, value] of changes) {
      if (value === undefined) {
        overlay.delete(key);
        model.delete(toHex(key));
      } else {
        overlay.set(key, value);
        model.set(toHex(key), [key, value]);
      }
    }
    assertHolds(overlay, model);
    assert.equal(overlay.seal(), recomputeRoot(model.values()));
    this.blocks.push({ parent, overlay, model });
  }

  #finalize(pick: number): void {
    const oldest = this.blocks.filter(({ parent }) => parent === undefined);
    const block = oldest[pick % Math.max(1, oldest.length)];
    if (block === undefined) return;
    this.store.write(block.overlay.changes);
    this.storeModel = block.model;

    const descends = ({ parent }: Block): boolean => parent !== undefined && (parent === block || descends(parent));
    const kept = new Map<Block, Block>();
    for (const old of this.blocks.filter(descends)) {
      if (old.parent === block) old.overlay.rebase(this.store);
      const parent = old.parent === undefined ? undefined : kept.get(old.parent);
      kept.set(old, { ...old, parent });
    }
    this.blocks = [...kept.values()];
  }

  check(): void {
    for (const { overlay, model } of this.blocks) {
      assertHolds(overlay, model);
      assert.equal(rootOf(overlay), overlay.root);
      assert.equal(overlay.root, recomputeRoot(model.values()));
    }
    assert.equal(rootOf(this.store), recomputeRoot(this.storeModel.values()));
    assert.equal(recomputeRoot(this.store.entries()), rootOf(this.store));

    const fresh = new Overlay(new MapSource());
    for (const [key, value] of this.storeModel.values()) fresh.set(key, value);
    fresh.seal();
    const pages = new MapSource();
    pages.write(fresh.changes);
    assert.equal(this.store.nodes, pages.nodes, 'the store has the pages of its state and no others');
  }
}

test('agrees with a plain map through inserts, updates, deletions, stacks, forks and rebases', () => {
  let [finalized, forks] = [0, 0];
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const world = new World();
      for (const one of steps) {
        world.run([one]);
        if (one.kind === 'finalize') finalized++;
        forks = Math.max(forks, world.blocks.filter(({ parent }) => parent === undefined).length);
        world.check();
      }
      for (const { overlay, model } of world.blocks.slice(-2)) {
        for (const key of keys) {
          const value = model.get(toHex(key))?.[1];
          assert.ok(verifyStateProof(overlay.root, key, value, prove(overlay, key)));
        }
      }
    }),
    { numRuns: 40, seed: 2 },
  );
  assert.ok(finalized > 20 && forks > 1, 'histories finalize and fork');
});

test('two children of one parent do not see each other', () => {
  const parent = new Overlay(new MapSource());
  parent.set(first, Uint8Array.of(1));
  parent.seal();
  const [left, right] = [new Overlay(parent), new Overlay(parent)];
  left.set(first, Uint8Array.of(2));
  right.delete(first);
  right.set(second, Uint8Array.of(3));
  const leftRoot = left.seal();
  right.seal();
  assert.equal(left.get(first), Uint8Array.of(2));
  assert.is(left.get(second), undefined);
  assert.is(right.get(first), undefined);
  assert.equal(parent.get(first), Uint8Array.of(1));
  assert.equal(leftRoot, recomputeRoot([[first, Uint8Array.of(2)]]));
  assert.equal(right.root, recomputeRoot([[second, Uint8Array.of(3)]]));
});

test('an overlay without changes has its parent’s root and nothing to write', () => {
  const parent = new Overlay(new MapSource());
  assert.equal(parent.seal(), emptyRoot);
  assert.equal(parent.changes, { root: emptyRoot, values: [], nodes: [] });

  const grown = new Overlay(parent);
  for (const key of keys) grown.set(key, Uint8Array.of(1));
  grown.seal();
  const child = new Overlay(grown);
  assert.equal(child.seal(), grown.root);
  assert.is(child.changes.values.length, 0);
});

test('a value set and deleted again leaves the root as it was', () => {
  const parent = new Overlay(new MapSource());
  for (const key of keys.slice(0, 20)) parent.set(key, Uint8Array.of(1));
  parent.seal();
  const child = new Overlay(parent);
  for (const key of keys.slice(20)) child.set(key, Uint8Array.of(2));
  for (const key of keys.slice(20)) child.delete(key);
  assert.equal(child.seal(), parent.root);
});

test('an overlay that empties its parent’s state hides the parent’s pages', () => {
  const parent = new Overlay(new MapSource());
  for (const key of keys) parent.set(key, Uint8Array.of(1));
  parent.seal();
  const emptied = new Overlay(parent);
  for (const key of keys) emptied.delete(key);
  assert.equal(emptied.seal(), emptyRoot);
  assert.equal(rootOf(emptied), emptyRoot);
  const child = new Overlay(emptied);
  child.set(first, Uint8Array.of(2));
  assert.equal(child.seal(), recomputeRoot([[first, Uint8Array.of(2)]]));
});

test('is frozen once sealed, and has no root before', () => {
  const overlay = new Overlay(new MapSource());
  assert.throws(() => overlay.root, isError('NOT_SEALED'));
  assert.throws(() => overlay.changes, isError('NOT_SEALED'));
  assert.throws(() => new Overlay(overlay).seal(), isError('NOT_SEALED'));
  overlay.set(first, Uint8Array.of(1));
  const root = overlay.seal();
  assert.throws(() => overlay.set(first, Uint8Array.of(2)), isError('SEALED'));
  assert.throws(() => overlay.delete(first), isError('SEALED'));
  assert.is(overlay.seal(), root);
});

test('is not rebased on another state', () => {
  const store = new MapSource();
  const parent = new Overlay(store);
  parent.set(first, Uint8Array.of(1));
  parent.seal();
  const child = new Overlay(parent);
  assert.throws(() => child.rebase(store), isError('ROOT_MISMATCH'));
  store.write(parent.changes);
  child.rebase(store);
  child.set(second, Uint8Array.of(2));
  assert.equal(
    child.seal(),
    recomputeRoot([
      [first, Uint8Array.of(1)],
      [second, Uint8Array.of(2)],
    ]),
  );
});

test('pages that a parent has given out stay as they are', () => {
  const store = new MapSource();
  const genesis = new Overlay(store);
  for (let i = 0; i < 500; i++) genesis.set(numberKey(i), Uint8Array.of(1));
  genesis.seal();
  store.write(genesis.changes);
  const before = new Map([...store.nodes].map(([path, page]) => [path, page.slice()]));
  const overlay = new Overlay(store);
  for (let i = 0; i < 500; i += 3) overlay.set(numberKey(i), Uint8Array.of(2));
  for (let i = 1; i < 500; i += 3) overlay.delete(numberKey(i));
  overlay.seal();
  assert.equal(store.nodes, before);
});

test.run();
