// What a validator's misconduct costs those who stand behind it: a part of its pool, and of what has been unstaked from
// it since. Who is punished and how hard is decided elsewhere, and so is where the units go.

import type { Address } from '../primitives/address.ts';
import type { LedgerState } from './accounts.ts';
import { leaveCandidates } from './candidates.ts';
import { slash, worth } from './pools.ts';
import { epochRange, validators } from './records.ts';
import { getStakes, sharesOn, sharesWaiting } from './stakes.ts';
import { findUnbondingPool, setUnbondingPool } from './unbonding.ts';

/** In units, which are in no record now: the caller burns them or gives them to someone. */
export interface Slashed {
  readonly taken: bigint;
  /** of these, what the validator's own shares have lost, rounded down for each pool */
  readonly own: bigint;
}

/**
 * Takes a part of a validator's pool and of its unbonding pools, rounded down for each. A pool that loses everything is
 * closed and its shares are void: only a validator that never comes back may lose everything.
 * @param fromEpoch the first whose unbonding pool is slashed; none is when it is later than the present epoch
 * @param ppm millionths, at most a million
 */
export function slashStake(state: LedgerState, validator: Address, fromEpoch: number, ppm: number): Slashed {
  const record = validators.get(state, validator);
  const { pool, taken } = slash(record.pool, ppm);
  const own = worth({ ...record.pool, tokens: taken }, sharesOn(getStakes(state, validator).delegations, validator));
  validators.set(state, { ...record, pool }, validator);
  if (pool.shares === 0n) leaveCandidates(state, validator);

  const waiting = slashUnbonding(state, validator, fromEpoch, epochRange.get(state).current + 1, ppm);
  return { taken: taken + waiting.taken, own: own + waiting.own };
}

/**
 * Takes a part of a validator's unbonding pools of some epochs, rounded down for each.
 * @param endEpoch the first that is not slashed any more
 * @param ppm millionths, at most a million
 */
export function slashUnbonding(
  state: LedgerState,
  validator: Address,
  fromEpoch: number,
  endEpoch: number,
  ppm: number,
): Slashed {
  const { unbonding } = getStakes(state, validator);
  let sum = 0n;
  let own = 0n;
  for (let epoch = fromEpoch; epoch < endEpoch; epoch++) {
    const before = findUnbondingPool(state, validator, epoch);
    const { pool, taken } = slash(before, ppm);
    if (taken === 0n) continue;
    setUnbondingPool(state, validator, epoch, pool);
    sum += taken;
    own += worth({ ...before, tokens: taken }, sharesWaiting(unbonding, validator, epoch));
  }
  return { taken: sum, own };
}
