// States in which something has no room left.

import type { LedgerState } from '../../src/ledger/accounts.ts';
import { candidates } from '../../src/ledger/records.ts';
import { getStakes, setStakes } from '../../src/ledger/stakes.ts';
import type { Address } from '../../src/primitives/address.ts';

/** Addresses of nobody in particular, ascending. */
function strangers(count: number): Address[] {
  return Array.from({ length: count }, (_, i) => {
    const address = new Uint8Array(20);
    new DataView(address.buffer).setUint32(0, i);
    return address;
  });
}

export function fillCandidates(state: LedgerState, count: number): void {
  candidates.set(state, strangers(count));
}

/** Adds delegations to validators that do not exist. */
export function fillDelegations(state: LedgerState, delegator: Address, count: number): void {
  const { delegations, unbonding } = getStakes(state, delegator);
  const more = strangers(count).map((validator) => ({ validator, shares: 1n }));
  setStakes(state, delegator, { delegations: [...more, ...delegations], unbonding });
}

/** Adds unbonding entries of validators that do not exist, as of an epoch. */
export function fillUnbonding(state: LedgerState, delegator: Address, epoch: number, count: number): void {
  const { delegations, unbonding } = getStakes(state, delegator);
  const more = strangers(count).map((validator) => ({ validator, epoch, shares: 1n }));
  setStakes(state, delegator, { delegations, unbonding: [...more, ...unbonding] });
}
