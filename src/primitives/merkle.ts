// RFC 6962 Merkle trees: how lists (transactions, receipts, validators) are committed.
// Leaves and nodes are hashed under different prefixes and no odd leaf is doubled.

import { type Hash, sha256 } from './hash.ts';

const LEAF = 0;
const NODE = 1;

/** @param leaves the leaves' data; an empty list has the root sha256(''). */
export function merkleRoot(leaves: readonly Uint8Array[]): Hash {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  let level = leaves.map(hashLeaf);
  while (level.length > 1) {
    const above: Hash[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) above.push(hashNode(level[i] as Hash, level[i + 1] as Hash));
    if (level.length % 2 === 1) above.push(level[level.length - 1] as Hash);
    level = above;
  }
  return level[0] as Hash;
}

function hashLeaf(data: Uint8Array): Hash {
  const input = new Uint8Array(1 + data.length);
  input[0] = LEAF;
  input.set(data, 1);
  return sha256(input);
}

const nodeInput = new Uint8Array(65);

function hashNode(left: Hash, right: Hash): Hash {
  nodeInput[0] = NODE;
  nodeInput.set(left, 1);
  nodeInput.set(right, 33);
  return sha256(nodeInput);
}
