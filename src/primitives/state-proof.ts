// Proofs that a state key has a value, or none, under a block's state root (docs/protocol.md §4), and their verifier.
// The tree itself lives in state/; whoever holds one finalized header needs only this file.

import { ContainerType, ListCompositeType, OptionalType, type ValueOf } from '@chainsafe/ssz';
import { equalBytes } from './bytes.ts';
import { HASH_BYTES, type Hash, sha256, sha256Pair, ZERO_HASH } from './hash.ts';
import { Bytes32 } from './ssz.ts';

/** The bits of a path, and so the most siblings a proof can need. */
export const MAX_STATE_DEPTH = 256;

/** A leaf of the state tree: where it belongs and the sha256 of its value. */
export const StateLeaf = new ContainerType({ path: Bytes32, valueHash: Bytes32 }, { typeName: 'StateLeaf' });

export const StateProof = new ContainerType(
  {
    /** the hashes beside the path, from the root down; zero for an empty subtree */
    siblings: new ListCompositeType(Bytes32, MAX_STATE_DEPTH),
    /** in a proof of absence, the other leaf that stands where the key would be; none when that place is empty */
    otherLeaf: new OptionalType(StateLeaf),
  },
  { typeName: 'StateProof' },
);

export type StateLeaf = ValueOf<typeof StateLeaf>;
export type StateProof = ValueOf<typeof StateProof>;

/** Where a state key stands in the tree: 256 bits, most significant first. */
export function statePath(key: Uint8Array): Hash {
  return sha256(key);
}

/** Bit `depth` of a path, 0 for left, 1 for right. */
export function pathBit(path: Uint8Array, depth: number): number {
  return ((path[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
}

/** 0x00 ‖ path ‖ valueHash */
const leafInput = new Uint8Array(1 + 2 * HASH_BYTES);

/**
 * sha256(0x00 ‖ path ‖ valueHash). The 65 bytes cannot be an inner node's 64.
 * @param path 32 bytes
 * @param valueHash sha256 of the value
 */
export function stateLeafHash(path: Uint8Array, valueHash: Uint8Array): Hash {
  leafInput.set(path, 1);
  leafInput.set(valueHash, 1 + HASH_BYTES);
  return sha256(leafInput);
}

/**
 * Whether `proof` shows that under `root` the state key has `value`, or no value when `value` is undefined.
 * @param root the stateRoot of a header
 */
export function verifyStateProof(
  root: Hash,
  key: Uint8Array,
  value: Uint8Array | undefined,
  proof: StateProof,
): boolean {
  if (!isWellFormed(proof)) return false;
  const path = statePath(key);
  const end = endOfPath(path, value, proof);
  return end !== undefined && equalBytes(foldSiblings(path, end, proof.siblings), root);
}

/** A proof that was not decoded by SSZ may have any sizes; a long sibling would overwrite its neighbour in the fold. */
function isWellFormed({ siblings, otherLeaf }: StateProof): boolean {
  return (
    siblings.length <= MAX_STATE_DEPTH &&
    siblings.every((sibling) => sibling.length === HASH_BYTES) &&
    (otherLeaf === null || (otherLeaf.path.length === HASH_BYTES && otherLeaf.valueHash.length === HASH_BYTES))
  );
}

/** The hash of the subtree in which the path ends, as the claim has it; undefined when the proof is of another claim. */
function endOfPath(path: Hash, value: Uint8Array | undefined, proof: StateProof): Hash | undefined {
  const other = proof.otherLeaf;
  if (value !== undefined) return other === null ? stateLeafHash(path, sha256(value)) : undefined;
  if (other === null) return ZERO_HASH;
  // That the other leaf is on this path at all is shown by the fold: it must share the bits passed on the way.
  if (equalBytes(other.path, path) || !sharePrefix(other.path, path, proof.siblings.length)) return undefined;
  return stateLeafHash(other.path, other.valueHash);
}

function foldSiblings(path: Hash, end: Hash, siblings: readonly Uint8Array[]): Hash {
  const pair = new Uint8Array(2 * HASH_BYTES);
  let hash = end;
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const right = pathBit(path, depth);
    pair.set(hash, right * HASH_BYTES);
    pair.set(siblings[depth] as Uint8Array, (1 - right) * HASH_BYTES);
    hash = sha256Pair(pair);
  }
  return hash;
}

function sharePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let depth = 0; depth < bits; depth++) if (pathBit(a, depth) !== pathBit(b, depth)) return false;
  return true;
}
