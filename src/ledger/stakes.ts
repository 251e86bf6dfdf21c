// What accounts have staked: their shares of validators' pools. A stake account without any entry has no record.

import type { Address } from '../primitives/address.ts';
import { compareBytes, equalBytes } from '../primitives/bytes.ts';
import type { Delegation, StakeAccount, Unbonding } from '../primitives/staking.ts';
import type { LedgerReader, LedgerState } from './accounts.ts';
import { worth } from './pools.ts';
import { stakes, validators } from './records.ts';

/** Empty when the account has staked nothing. A value of its own. */
export function getStakes(state: LedgerReader, delegator: Address): StakeAccount {
  return stakes.find(state, delegator) ?? { delegations: [], unbonding: [] };
}

export function setStakes(state: LedgerState, delegator: Address, account: StakeAccount): void {
  const isEmpty = account.delegations.length === 0 && account.unbonding.length === 0;
  if (isEmpty) stakes.delete(state, delegator);
  else stakes.set(state, account, delegator);
}

/** Shares of the validator's pool. */
export function sharesOn(delegations: readonly Delegation[], validator: Address): bigint {
  return delegations.find((one) => equalBytes(one.validator, validator))?.shares ?? 0n;
}

/** Shares of the pool of what was unstaked from the validator in that epoch. */
export function sharesWaiting(unbonding: readonly Unbonding[], validator: Address, epoch: number): bigint {
  return unbonding.find((one) => one.epoch === epoch && equalBytes(one.validator, validator))?.shares ?? 0n;
}

/** The delegations with so many shares of the validator's pool in the place of those before; none: without it. */
export function withShares(delegations: readonly Delegation[], validator: Address, shares: bigint): Delegation[] {
  const others = delegations.filter((one) => !equalBytes(one.validator, validator));
  if (shares === 0n) return others;
  return [...others, { validator, shares }].sort((a, b) => compareBytes(a.validator, b.validator));
}

/** What an operator has staked on itself, in units, rounded down; zero when it is no validator. */
export function ownStake(state: LedgerReader, operator: Address): bigint {
  const record = validators.find(state, operator);
  return record === undefined ? 0n : worth(record.pool, sharesOn(getStakes(state, operator).delegations, operator));
}
