// What was unstaked and is not paid out yet. It waits in a pool for each validator and epoch, so that an offence found
// later is still paid for from it, and whom to pay waits in one queue in the order of the epochs.

import type { Address } from '../primitives/address.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import type { ReceiptCode } from '../primitives/receipt.ts';
import { MAX_DELEGATIONS, type Payout, type Pool, type Unbonding } from '../primitives/staking.ts';
import { getAccount, type LedgerReader, type LedgerState, setAccount } from './accounts.ts';
import { CorruptStateError } from './errors.ts';
import { deposit, EMPTY_POOL, withdrawAll } from './pools.ts';
import { epochs, payoutQueue, payouts, unbondingPools } from './records.ts';
import { getStakes, setStakes } from './stakes.ts';

/** What one block pays at most, so that it costs little whatever falls due at once. */
export const MAX_PAYOUTS_PER_BLOCK = 64;

export function findUnbondingPool(state: LedgerReader, validator: Address, epoch: number): Readonly<Pool> {
  return unbondingPools.find(state, validator, epoch) ?? EMPTY_POOL;
}

/** A pool of which nobody has a share has no record. */
export function setUnbondingPool(state: LedgerState, validator: Address, epoch: number, pool: Pool): void {
  if (pool.shares === 0n) unbondingPools.delete(state, validator, epoch);
  else unbondingPools.set(state, pool, validator, epoch);
}

/** What is to be written when a delegator begins to wait for units. */
export interface UnbondingPlan {
  readonly payout: Payout;
  /** of validator and epoch, with the units */
  readonly pool: Pool;
  /** all of the delegator's */
  readonly entries: Unbonding[];
  /** the delegator waits for units of this validator and epoch already, and so is in the queue */
  readonly isQueued: boolean;
}

/**
 * How units that a delegator takes out of a validator's pool come to wait for their payout. Only reads. All of them do: an
 * unbonding pool begins with a share for each unit, earns nothing, and is only slashed and paid out with the odd unit
 * kept for those who stay, so that a share never costs more than a unit and every unit buys one.
 * @param entries those of the delegator
 * @param tokens more than zero
 * @returns or the reason why they can't
 */
export function planUnbonding(
  state: LedgerReader,
  entries: readonly Unbonding[],
  payout: Payout,
  tokens: bigint,
): UnbondingPlan | ReceiptCode {
  const { validator, epoch } = payout;
  const found = entries.find((one) => isFor(one, payout));
  if (found === undefined && entries.length >= MAX_DELEGATIONS) return 'TOO_MANY_DELEGATIONS';
  const paid = deposit(findUnbondingPool(state, validator, epoch), tokens);
  if (paid === undefined) return 'NO_SHARES';
  if (paid.tokens !== tokens) throw new CorruptStateError('an unbonding pool whose shares cost more than a unit');
  const entry = { validator, epoch, shares: (found?.shares ?? 0n) + paid.shares };
  const after = found === undefined ? [...entries, entry] : entries.map((one) => (one === found ? entry : one));
  return { payout, pool: paid.pool, entries: after, isQueued: found !== undefined };
}

/** Writes what is planned, but for the entries: the caller writes the stake account. */
export function beginUnbonding(state: LedgerState, { payout, pool, isQueued }: UnbondingPlan): void {
  setUnbondingPool(state, payout.validator, payout.epoch, pool);
  if (isQueued) return;
  const queue = payoutQueue.find(state) ?? { first: 0, next: 0 };
  payouts.set(state, payout, queue.next);
  payoutQueue.set(state, { ...queue, next: queue.next + 1 });
}

/**
 * Pays what is due to its delegators, oldest first and a bounded number of them. What was unstaked in an epoch is due
 * when the unbonding period of today has passed since that epoch's end.
 * @param present the present epoch
 * @param now block time, ms
 */
export function payDue(state: LedgerState, present: EpochRecord, now: number): void {
  const queue = payoutQueue.find(state);
  if (queue === undefined) return;
  const end = Math.min(queue.next, queue.first + MAX_PAYOUTS_PER_BLOCK);
  let first = queue.first;
  let dueEpoch = 0;
  for (; first < end; first++) {
    const payout = payouts.get(state, first);
    if (payout.epoch !== dueEpoch && !isPayoutDue(state, payout.epoch, present, now)) break;
    dueEpoch = payout.epoch;
    pay(state, payout);
    payouts.delete(state, first);
  }
  if (first > queue.first) payoutQueue.set(state, { ...queue, first });
}

/**
 * Whether what was unstaked in an epoch may be paid out. An epoch ends where the next one starts; when that one's record is
 * gone, its time is long over.
 * @param present the present epoch
 * @param now block time, ms
 */
export function isPayoutDue(state: LedgerReader, epoch: number, present: EpochRecord, now: number): boolean {
  if (epoch >= present.epoch) return false;
  const next = epoch + 1 === present.epoch ? present : epochs.find(state, epoch + 1);
  return next === undefined || next.start + present.parameters.unbondingPeriod <= now;
}

function pay(state: LedgerState, payout: Payout): void {
  const { delegator, validator, epoch } = payout;
  const account = getStakes(state, delegator);
  const entry = account.unbonding.find((one) => isFor(one, payout));
  if (entry === undefined) throw new CorruptStateError('a payout to an account that has unstaked nothing');
  const { pool, tokens } = withdrawAll(findUnbondingPool(state, validator, epoch), entry.shares);
  setUnbondingPool(state, validator, epoch, pool);
  setStakes(state, delegator, { ...account, unbonding: account.unbonding.filter((one) => one !== entry) });
  const { balance, nonce } = getAccount(state, delegator);
  setAccount(state, delegator, { balance: balance + tokens, nonce });
}

function isFor(entry: Unbonding, { validator, epoch }: Payout): boolean {
  return entry.epoch === epoch && equalBytes(entry.validator, validator);
}
