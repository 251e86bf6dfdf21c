// What an epoch's members earn (docs/protocol.md §5): the fees taken so far and what is minted for the epoch, most of it
// for taking part and a bonus for recording others' votes. Amounts are rounded down, and what nobody gets stays in the
// fee pool for the next epoch.

import type { Address } from '../primitives/address.ts';
import type { Activity, EpochRecord } from '../primitives/epoch.ts';
import { MILLION } from '../primitives/parameters.ts';
import { AUTHORITY, TOMBSTONED, type ValidatorRecord } from '../primitives/staking.ts';
import { getAccount, getFeePool, type LedgerState, setAccount, setFeePool } from './accounts.ts';
import { electorateOf } from './electorate.ts';
import { validators } from './records.ts';
import { mint } from './supply.ts';
import { commissionIn } from './validator-record.ts';

/** @param epoch the one that ends */
export function payRewards(state: LedgerState, epoch: EpochRecord, activity: Activity): void {
  const pot = getFeePool(state) + mint(state, epoch.parameters.epochReward);
  let given = 0n;
  for (const [member, amount] of rewardsOf(pot, epoch, activity).entries()) {
    const address = epoch.validators[member]?.address;
    if (address === undefined || amount === 0n) continue;
    const record = validators.get(state, address);
    // Whoever has contradicted itself has worked against the epoch too.
    if (record.status === TOMBSTONED) continue;
    reward(state, address, record, amount, epoch.epoch);
    given += amount;
  }
  setFeePool(state, pot - given);
}

/** Each member's part of the pot, in units; together not more than it. */
export function rewardsOf(pot: bigint, epoch: EpochRecord, { blocks, members }: Activity): bigint[] {
  const bonus = (pot * BigInt(epoch.parameters.proposerBonus)) / BigInt(MILLION);
  const recorded = members.reduce((sum, member) => sum + member.recorded, 0n);
  const chances = BigInt(electorateOf(epoch).totalWeight) * BigInt(blocks);
  return members.map((member, index) => {
    const weight = epoch.validators[index]?.weight ?? 0;
    const taken = BigInt(weight) * BigInt(member.participated);
    return ratio(bonus, member.recorded, recorded) + ratio(pot - bonus, taken, chances);
  });
}

/** Zero of zero is nothing. */
function ratio(amount: bigint, part: bigint, whole: bigint): bigint {
  return whole === 0n ? 0n : (amount * part) / whole;
}

/** An authority earns for itself, a staker's pool for all who own it, but for the operator's commission. */
function reward(state: LedgerState, address: Address, record: ValidatorRecord, amount: bigint, epoch: number): void {
  const { role, pool } = record;
  if (role === AUTHORITY || pool.shares === 0n) return credit(state, address, amount);
  const own = (amount * BigInt(commissionIn(record, epoch))) / BigInt(MILLION);
  credit(state, address, own);
  validators.set(state, { ...record, pool: { ...pool, tokens: pool.tokens + amount - own } }, address);
}

function credit(state: LedgerState, address: Address, amount: bigint): void {
  if (amount === 0n) return;
  const { balance, nonce } = getAccount(state, address);
  setAccount(state, address, { balance: balance + amount, nonce });
}
