// What a validator's record says beyond its fields: how it begins, and at which commission an epoch is paid. A change of
// the commission in an epoch's last block would otherwise take what delegators have earned in all of it.

import { ACTIVE, type ValidatorRecord } from '../primitives/staking.ts';
import { EMPTY_POOL } from './pools.ts';

/** With nothing staked on it. @param commission millionths, of the rewards of every epoch so far */
export function newValidator(publicKey: Uint8Array, role: number, commission: number): ValidatorRecord {
  const commissions = { commission, previousCommission: commission, commissionEpoch: 0 };
  return { publicKey, role, status: ACTIVE, jailedUntil: 0, downtimes: 0, ...commissions, pool: { ...EMPTY_POOL } };
}

/** The millionths that an operator keeps of this epoch's rewards: the present one's, or the next one's. */
export function commissionIn(record: ValidatorRecord, epoch: number): number {
  return epoch < record.commissionEpoch ? record.previousCommission : record.commission;
}

/**
 * With another commission from the next epoch on. Both are in the record with the epoch that divides them, so that
 * nothing has to be done for it when that begins.
 * @param epoch the present one
 */
export function withCommission(record: ValidatorRecord, commission: number, epoch: number): ValidatorRecord {
  const previousCommission = commissionIn(record, epoch);
  return { ...record, commission, previousCommission, commissionEpoch: epoch + 1 };
}
