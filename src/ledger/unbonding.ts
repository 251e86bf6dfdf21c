// What was unstaked and is not paid out yet. It waits in a pool for each validator and epoch, so that an offence found
// later is still paid for from it, and whom to pay waits in one queue in the order of the epochs.

import type { Address } from '../primitives/address.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import type { Payout, Pool } from '../primitives/staking.ts';
import { getAccount, type LedgerReader, type LedgerState, setAccount } from './accounts.ts';
import { CorruptStateError } from './errors.ts';
import { EMPTY_POOL, withdrawAll } from './pools.ts';
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
    if (payout.epoch !== dueEpoch && !isDue(state, payout.epoch, present, now)) break;
    dueEpoch = payout.epoch;
    pay(state, payout);
    payouts.delete(state, first);
  }
  if (first > queue.first) payoutQueue.set(state, { ...queue, first });
}

/** An epoch ends where the next one starts; when that one's record is gone, its time is long over. */
function isDue(state: LedgerReader, epoch: number, present: EpochRecord, now: number): boolean {
  if (epoch >= present.epoch) return false;
  const next = epoch + 1 === present.epoch ? present : epochs.find(state, epoch + 1);
  return next === undefined || next.start + present.parameters.unbondingPeriod <= now;
}

function pay(state: LedgerState, { delegator, validator, epoch }: Payout): void {
  const account = getStakes(state, delegator);
  const entry = account.unbonding.find((one) => one.epoch === epoch && equalBytes(one.validator, validator));
  if (entry === undefined) throw new CorruptStateError('a payout to an account that has unstaked nothing');
  const { pool, tokens } = withdrawAll(findUnbondingPool(state, validator, epoch), entry.shares);
  setUnbondingPool(state, validator, epoch, pool);
  setStakes(state, delegator, { ...account, unbonding: account.unbonding.filter((one) => one !== entry) });
  const { balance, nonce } = getAccount(state, delegator);
  setAccount(state, delegator, { balance: balance + tokens, nonce });
}
