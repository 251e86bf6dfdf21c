// The candidates: validators that the next election may seat for their stake. One is among them from when it has staked
// enough on itself until it takes that out again, so that a place costs what it is worth.

import type { Address } from '../primitives/address.ts';
import { MAX_CANDIDATES } from '../primitives/staking.ts';
import type { LedgerReader, LedgerState } from './accounts.ts';
import { includes, inserted, removed } from './lists.ts';
import { candidates } from './records.ts';
import { ownStake } from './stakes.ts';

/** Ascending. */
export function candidateList(state: LedgerReader): Address[] {
  return candidates.find(state) ?? [];
}

/** Whether there is room for one, or it is there already. */
export function mayBeCandidate(state: LedgerReader, operator: Address): boolean {
  const list = candidateList(state);
  return list.length < MAX_CANDIDATES || includes(list, operator);
}

/** No change when it is one already. */
export function joinCandidates(state: LedgerState, operator: Address): void {
  const list = candidateList(state);
  if (!includes(list, operator)) candidates.set(state, inserted(list, operator));
}

/** No change when it is none. */
export function leaveCandidates(state: LedgerState, operator: Address): void {
  const list = candidateList(state);
  if (includes(list, operator)) candidates.set(state, removed(list, operator));
}

/**
 * At a boundary: when there is no room left, those leave whose own stake a slash or a change of the parameter has left
 * below the minimum. They keep nobody out, and staking on themselves brings them back.
 */
export function makeRoom(state: LedgerState, minSelfBond: bigint): void {
  const list = candidateList(state);
  if (list.length < MAX_CANDIDATES) return;
  candidates.set(
    state,
    list.filter((operator) => ownStake(state, operator) >= minSelfBond),
  );
}
