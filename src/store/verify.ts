// Checks the chain database against itself: does what is stored as the state make the root that the head's header
// promises, is the stored tree the tree of that state, and does each header name the one before it.
// It reads everything and repairs nothing.

import { totalSupply } from '../ledger/supply.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import { statePath } from '../primitives/state-proof.ts';
import { recomputeRoot } from '../state/recompute.ts';
import { applyChanges } from '../state/tree.ts';
import { StoreError } from './errors.ts';

export interface VerifyOptions {
  /** how many of the newest headers are checked for their links; all by default */
  readonly headers?: number;
  /** units that must exist in all; not checked by default */
  readonly supply?: bigint;
}

/** What was found in order. */
export interface Verification {
  readonly height: number;
  readonly stateRoot: Hash;
  /** records in the state */
  readonly entries: number;
  /** units of all records together */
  readonly supply: bigint;
  /** headers whose links were checked */
  readonly headers: number;
}

export type Entry = [key: Uint8Array, value: Uint8Array];

/**
 * @param values the whole flat state; kept in memory while it is checked
 * @param nodes the whole stored tree
 * @returns the supply
 * @throws {StoreError} CORRUPT, saying what contradicts what
 */
export async function verifyState(
  stateRoot: Hash,
  values: AsyncIterable<Entry>,
  nodes: AsyncIterable<Entry>,
): Promise<{ entries: number; supply: bigint }> {
  const entries: Entry[] = [];
  for await (const entry of values) entries.push(entry);
  const { root, supply } = summarize(entries);
  if (!equalBytes(root, stateRoot)) {
    throw new StoreError('CORRUPT', `the stored state has root ${toHex(root)}, the head's is ${toHex(stateRoot)}`);
  }
  await verifyTree(entries, nodes);
  return { entries: entries.length, supply };
}

function summarize(entries: readonly Entry[]): { root: Hash; supply: bigint } {
  try {
    return { root: recomputeRoot(entries), supply: totalSupply(entries) };
  } catch (cause) {
    throw new StoreError('CORRUPT', 'the stored state has a record that is none', { cause });
  }
}

/** The tree depends on the entries alone, so that building it anew must give the stored nodes, no more and no less. */
async function verifyTree(entries: readonly Entry[], nodes: AsyncIterable<Entry>): Promise<void> {
  const { pages } = applyChanges(
    { getNode: () => undefined },
    entries.map(([key, value]) => ({ path: statePath(key), valueHash: sha256(value) })),
  );
  const missing = new Map(pages.map(([path, page]) => [toHex(path), page]));
  for await (const [path, node] of nodes) {
    const name = toHex(path);
    const expected = missing.get(name);
    if (expected === undefined || !equalBytes(expected, node)) {
      throw new StoreError('CORRUPT', `the state tree's node at path [${name}] is not that of the stored state`);
    }
    missing.delete(name);
  }
  for (const name of missing.keys()) {
    throw new StoreError('CORRUPT', `the state tree's node at path [${name}] is missing`);
  }
}
