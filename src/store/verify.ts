// Checks the chain database against itself: does what is stored as the state make the root that the head's header
// promises, is the stored tree the tree of that state, and does each header name the one before it.
// It reads everything and repairs nothing.

import { countersIn, expectedSupply, totalSupply } from '../ledger/supply.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import type { Supply } from '../primitives/staking.ts';
import { statePath } from '../primitives/state-proof.ts';
import { recomputeRoot } from '../state/recompute.ts';
import { applyChanges } from '../state/tree.ts';
import { StoreError } from './errors.ts';
import type { StoredHead } from './head.ts';
import type { Records } from './records.ts';
import type { Entry, WholeState } from './whole-state.ts';

export interface VerifyOptions {
  /** how many of the newest headers are checked for their links; all by default */
  readonly headers?: number;
  /** units of genesis; not checked by default */
  readonly supply?: bigint;
}

/** What was found in order. */
export interface Verification {
  readonly height: number;
  readonly stateRoot: Hash;
  /** records in the state */
  readonly entries: number;
  /** units of all records together: those of genesis, and minted, and not burned */
  readonly supply: bigint;
  /** headers whose links were checked */
  readonly headers: number;
}

/**
 * @param base height of the block whose state was taken from a snapshot, 0 without one: headers are linked from there on
 * @param state at the head
 * @throws {StoreError} CORRUPT, saying what contradicts what, or IO
 */
export async function verifyAt(
  { height, header: { stateRoot } }: StoredHead,
  base: number,
  records: Records,
  state: WholeState,
  options: VerifyOptions,
): Promise<Verification> {
  const linked = height + 1 - base;
  const headers = Math.min(options.headers ?? linked, linked);
  await records.checkLinks(height + 1 - headers, height);
  const { entries, supply, initial } = await verifyState(stateRoot, state);
  if (options.supply !== undefined && initial !== options.supply) {
    throw new StoreError('CORRUPT', `the state began with ${initial} units, genesis has ${options.supply}`);
  }
  return { height, stateRoot, entries, supply, headers };
}

/**
 * @param state kept in memory while it is checked, without its tree
 * @returns the units of all records together, and those of genesis
 */
async function verifyState(
  stateRoot: Hash,
  state: WholeState,
): Promise<{ entries: number; supply: bigint; initial: bigint }> {
  const entries: Entry[] = [];
  for await (const entry of state.entries()) entries.push(entry);
  const { root, supply, counters } = summarize(entries);
  if (!equalBytes(root, stateRoot)) {
    throw new StoreError('CORRUPT', `the stored state has root ${toHex(root)}, the head's is ${toHex(stateRoot)}`);
  }
  const expected = expectedSupply(counters);
  if (supply !== expected) {
    throw new StoreError('CORRUPT', `${supply} units exist, by what was minted and burned it should be ${expected}`);
  }
  await verifyTree(entries, state.nodes());
  return { entries: entries.length, supply, initial: counters.initial };
}

function summarize(entries: readonly Entry[]): { root: Hash; supply: bigint; counters: Readonly<Supply> } {
  try {
    return { root: recomputeRoot(entries), supply: totalSupply(entries), counters: countersIn(entries) };
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
