// STAKE and UNSTAKE: units that go into a validator's pool, and that come out of it to wait for their payout
// (docs/protocol.md §5). The operator's own stake is a delegation like any other.

import type { Address } from '../primitives/address.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { CONSENSUS_MODES } from '../primitives/genesis.ts';
import type { ReceiptCode } from '../primitives/receipt.ts';
import { MAX_DELEGATIONS, STAKER, TOMBSTONED, type ValidatorRecord } from '../primitives/staking.ts';
import type { Stake, Unstake } from '../primitives/transaction.ts';
import { getAccount, type LedgerState, setAccount } from './accounts.ts';
import type { BlockContext } from './block.ts';
import { joinCandidates, leaveCandidates, mayBeCandidate } from './candidates.ts';
import { deposit, withdraw, withdrawAll, worth } from './pools.ts';
import { validators } from './records.ts';
import { getStakes, setStakes, sharesOn, withShares } from './stakes.ts';
import { beginUnbonding, planUnbonding } from './unbonding.ts';

/** In poa nobody votes for stake. */
export function hasStaking({ epoch }: Pick<BlockContext, 'epoch'>): boolean {
  return CONSENSUS_MODES[epoch.mode] !== 'poa';
}

export function stake(
  state: LedgerState,
  sender: Address,
  { validator, amount }: Stake,
  context: BlockContext,
): ReceiptCode {
  if (!hasStaking(context)) return 'NOT_ALLOWED';
  const record = validators.find(state, validator);
  if (record === undefined) return 'UNKNOWN_VALIDATOR';
  if (record.role !== STAKER) return 'NOT_ALLOWED';
  if (record.status === TOMBSTONED) return 'TOMBSTONED';
  // One that has left comes back by its own stake only.
  if (record.pool.shares === 0n && !equalBytes(sender, validator)) return 'NOT_ALLOWED';
  const { minStake, minSelfBond } = context.parameters;
  if (amount < minStake) return 'STAKE_TOO_SMALL';
  return bond(state, sender, validator, record, amount, minSelfBond);
}

/**
 * Moves units from an account into a validator's pool, for shares of it: not more than they cost.
 * @param record of the validator: the one in the state, or its first
 * @param offered units, which the account must have
 * @param minSelfBond what an operator has staked on itself when it becomes a candidate
 */
export function bond(
  state: LedgerState,
  delegator: Address,
  validator: Address,
  record: ValidatorRecord,
  offered: bigint,
  minSelfBond: bigint,
): ReceiptCode {
  const { balance, nonce } = getAccount(state, delegator);
  if (offered > balance) return 'INSUFFICIENT_BALANCE';
  const { delegations, unbonding } = getStakes(state, delegator);
  const held = sharesOn(delegations, validator);
  if (held === 0n && delegations.length >= MAX_DELEGATIONS) return 'TOO_MANY_DELEGATIONS';
  const paid = deposit(record.pool, offered);
  if (paid === undefined) return 'NO_SHARES';
  const shares = held + paid.shares;
  const isCandidate = equalBytes(delegator, validator) && worth(paid.pool, shares) >= minSelfBond;
  if (isCandidate && !mayBeCandidate(state, validator)) return 'TOO_MANY_CANDIDATES';

  setAccount(state, delegator, { balance: balance - paid.tokens, nonce });
  validators.set(state, { ...record, pool: paid.pool }, validator);
  setStakes(state, delegator, { delegations: withShares(delegations, validator, shares), unbonding });
  if (isCandidate) joinCandidates(state, validator);
  return 'SUCCESS';
}

/** Works on any validator, also one that is jailed or tombstoned: what is left of a stake can always be taken out. */
export function unstake(
  state: LedgerState,
  sender: Address,
  { validator, amount }: Unstake,
  { epoch, parameters }: BlockContext,
): ReceiptCode {
  const record = validators.find(state, validator);
  if (record === undefined) return 'UNKNOWN_VALIDATOR';
  const { delegations, unbonding } = getStakes(state, sender);
  const held = sharesOn(delegations, validator);
  if (held === 0n) return 'INSUFFICIENT_STAKE';
  const taken = amount === 0n ? withdrawAll(record.pool, held) : withdraw(record.pool, amount, held);
  if (taken === undefined) return 'INSUFFICIENT_STAKE';
  const { pool, tokens } = taken;
  const payout = { delegator: sender, validator, epoch: epoch.epoch };
  const plan = tokens === 0n ? undefined : planUnbonding(state, unbonding, payout, tokens);
  if (typeof plan === 'string') return plan;

  const left = held - taken.shares;
  validators.set(state, { ...record, pool }, validator);
  setStakes(state, sender, {
    delegations: withShares(delegations, validator, left),
    unbonding: plan?.entries ?? unbonding,
  });
  if (plan !== undefined) beginUnbonding(state, plan);
  const isOwn = equalBytes(sender, validator);
  if (isOwn && worth(pool, left) < parameters.minSelfBond) leaveCandidates(state, validator);
  return 'SUCCESS';
}
