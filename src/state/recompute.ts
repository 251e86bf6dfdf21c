// The state root from the flat entries alone, by the definition of the tree and without its pages: what
// `db verify` and the tests compare the pages with. It shares no code with tree.ts on purpose.

import { compareBytes, concatBytes, toHex } from '../primitives/bytes.ts';
import { type Hash, sha256, sha256Pair, ZERO_HASH } from '../primitives/hash.ts';
import { MAX_STATE_DEPTH, pathBit, stateLeafHash, statePath } from '../primitives/state-proof.ts';
import { StateError } from './errors.ts';

export interface HashedLeaf {
  readonly path: Hash;
  /** `stateLeafHash` */
  readonly hash: Hash;
}

/**
 * @param entries every key of the state once, in any order
 * @throws {StateError} DUPLICATE_KEY
 */
export function recomputeRoot(entries: Iterable<readonly [key: Uint8Array, value: Uint8Array]>): Hash {
  const leaves: HashedLeaf[] = [];
  for (const [key, value] of entries) {
    const path = statePath(key);
    leaves.push({ path, hash: stateLeafHash(path, sha256(value)) });
  }
  leaves.sort((a, b) => compareBytes(a.path, b.path));
  return subtreeRoot(leaves, 0);
}

/**
 * The hash of a subtree.
 * @param leaves sorted by path, sharing their first `depth` bits
 * @throws {StateError} DUPLICATE_KEY
 */
export function subtreeRoot(leaves: readonly HashedLeaf[], depth: number): Hash {
  const [first] = leaves;
  if (first === undefined) return ZERO_HASH;
  if (leaves.length === 1) return first.hash;
  if (depth === MAX_STATE_DEPTH) throw new StateError('DUPLICATE_KEY', `two entries at path ${toHex(first.path)}`);
  const firstRight = leaves.findIndex(({ path }) => pathBit(path, depth) === 1);
  const split = firstRight === -1 ? leaves.length : firstRight;
  return sha256Pair(
    concatBytes(subtreeRoot(leaves.slice(0, split), depth + 1), subtreeRoot(leaves.slice(split), depth + 1)),
  );
}
