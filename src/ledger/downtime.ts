// Who was away for most of an epoch is jailed at its end: not elected until it asks for release. Jailing never takes so
// much weight away that those who are left could not go on had they all been honest (docs/protocol.md §5).

import type { Activity, EpochRecord } from '../primitives/epoch.ts';
import { MIN_EPOCH_BLOCKS } from '../primitives/parameter-bounds.ts';
import { ACTIVE, JAILED } from '../primitives/staking.ts';
import type { LedgerState } from './accounts.ts';
import { electorateOf } from './electorate.ts';
import { validators } from './records.ts';
import { slashStake } from './slashing.ts';
import { burn } from './supply.ts';

/** Taken from the pool of a validator that was jailed before, in millionths. */
export const REPEATED_DOWNTIME_SLASH = 1_000;
/** A jailed validator misses one whole epoch. */
const EPOCHS_IN_JAIL = 2;
const MAX_DOWNTIMES = 0xffff;

/** @param epoch the one that ends */
export function jailAbsent(state: LedgerState, epoch: EpochRecord, activity: Activity): void {
  let left = Math.floor((electorateOf(epoch).totalWeight - 1) / 3);
  for (const member of absentMembers(activity)) {
    const validator = epoch.validators[member];
    if (validator === undefined || validator.weight > left) continue;
    const record = validators.get(state, validator.address);
    if (record.status !== ACTIVE) continue;
    left -= validator.weight;
    const downtimes = Math.min(record.downtimes + 1, MAX_DOWNTIMES);
    const jailedUntil = epoch.epoch + EPOCHS_IN_JAIL;
    validators.set(state, { ...record, status: JAILED, jailedUntil, downtimes }, validator.address);
    if (downtimes > 1)
      burn(state, slashStake(state, validator.address, epoch.epoch + 1, REPEATED_DOWNTIME_SLASH).taken);
  }
}

/** Members that took part in less than half of the blocks, the least first, ties by index. */
function absentMembers({ blocks, members }: Activity): number[] {
  if (blocks < MIN_EPOCH_BLOCKS) return [];
  return members
    .map(({ participated }, member) => ({ participated, member }))
    .filter(({ participated }) => 2 * participated < blocks)
    .sort((a, b) => a.participated - b.participated || a.member - b.member)
    .map(({ member }) => member);
}
