import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodedTransactions } from '../../src/chain/body.ts';
import {
  BlockTree,
  CROWDED_TREE_BYTES,
  type ExecutedBlock,
  MAX_TREE_BLOCKS,
  MAX_TREE_BYTES,
} from '../../src/chain/tree.ts';
import { type Header, headerHash } from '../../src/primitives/block.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { Overlay } from '../../src/state/overlay.ts';

const test = suite('tree of unfinalized blocks');
const empty = { get: () => undefined, getNode: () => undefined };

function headerOn(parent: Uint8Array, height: number, timestamp = 0): Header {
  const zero = ZERO_HASH;
  return {
    height,
    epoch: 1,
    timestamp,
    parent,
    proposer: new Uint8Array(20),
    transactionsRoot: zero,
    receiptsRoot: zero,
    stateRoot: zero,
    validatorsRoot: zero,
    nextValidatorsRoot: zero,
    justificationHash: zero,
  };
}

function blockOn(parent: Uint8Array, height: number, timestamp = 0, bytes = 300): ExecutedBlock {
  const header = headerOn(parent, height, timestamp);
  const body = { justification: { parentCertificate: null, lateVotes: [] }, transactions: encodedTransactions([]) };
  const overlay = new Overlay(empty);
  overlay.seal();
  const block = { header, body };
  return { hash: headerHash(header), block, envelopes: [], receipts: [], overlay, nextEpoch: undefined, bytes };
}

function newTree(): { tree: BlockTree; root: Uint8Array } {
  const header = headerOn(ZERO_HASH, 0);
  const root = headerHash(header);
  return { tree: new BlockTree({ hash: root, header, state: empty }), root };
}

test('finds paths from the root, and parents', () => {
  const { tree, root } = newTree();
  const first = blockOn(root, 1);
  const second = blockOn(first.hash, 2);
  tree.add(first);
  tree.add(second);
  assert.equal(tree.path(second.hash), [first, second]);
  assert.equal(tree.path(root), []);
  assert.is(tree.path(ZERO_HASH), undefined);
  assert.is(tree.parent(root)?.state, empty);
  assert.is(tree.parent(first.hash)?.state, first.overlay);
});

test('advancing keeps the descendants of the new root and remembers who has lost', () => {
  const { tree, root } = newTree();
  const [left, right] = [blockOn(root, 1, 1), blockOn(root, 1, 2)];
  const [onLeft, onRight] = [blockOn(left.hash, 2, 3), blockOn(right.hash, 2, 4)];
  const farRight = blockOn(onRight.hash, 3, 5);
  for (const block of [left, right, onRight, farRight, onLeft]) tree.add(block);
  tree.advance(left);
  assert.is(tree.size, 1);
  assert.equal(tree.path(onLeft.hash), [onLeft]);
  for (const { hash } of [right, onRight, farRight]) assert.ok(tree.hasLost(hash));
  for (const { hash } of [left, onLeft]) assert.not(tree.hasLost(hash));
  assert.is(tree.root.state, left.overlay, 'until the store has it');
  tree.settle(empty);
  assert.is(tree.root.state, empty);
});

test('once the root is in the store, its children read from there', () => {
  const { tree, root } = newTree();
  const first = blockOn(root, 1);
  const child = { ...blockOn(first.hash, 2), overlay: new Overlay(first.overlay) };
  child.overlay.seal();
  tree.add(first);
  tree.add(child);
  tree.advance(first);
  const key = Uint8Array.of(1);
  const store = { get: (asked: Uint8Array) => asked, getNode: () => undefined };
  assert.is(child.overlay.get(key), undefined);
  tree.settle(store);
  assert.is(child.overlay.get(key), key);
});

test('is bounded in bytes, and says when it is crowded', () => {
  const { tree, root } = newTree();
  const large = blockOn(root, 1, 1, CROWDED_TREE_BYTES);
  tree.add(large);
  tree.add(large);
  assert.not(tree.isCrowded, 'a block counts once');
  tree.add(blockOn(root, 1, 2, 1));
  assert.ok(tree.isCrowded);
  const left = MAX_TREE_BYTES - CROWDED_TREE_BYTES - 1;
  assert.ok(tree.hasRoom(left));
  assert.not(tree.hasRoom(left + 1));
  tree.advance(large);
  assert.ok(tree.hasRoom(MAX_TREE_BYTES));
});

test('is bounded in number', () => {
  const { tree, root } = newTree();
  for (let i = 0; i < MAX_TREE_BLOCKS; i++) {
    assert.ok(tree.hasRoom(0));
    tree.add(blockOn(root, 1, i + 1, 0));
  }
  assert.not(tree.hasRoom(0));
});

test.run();
