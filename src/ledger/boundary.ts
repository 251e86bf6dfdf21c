// The end of an epoch: what happened in it is judged and paid for, and the next one is prepared (docs/protocol.md §5).

import type { EpochRecord } from '../primitives/epoch.ts';
import type { LedgerState } from './accounts.ts';
import { newActivity } from './activity.ts';
import type { BlockContext } from './block.ts';
import { makeRoom } from './candidates.ts';
import { jailAbsent } from './downtime.ts';
import { elect } from './election.ts';
import { closeGovernance } from './governance.ts';
import { activity, currentEpoch, epochRange, epochs } from './records.ts';
import { payRewards } from './rewards.ts';

/** Records of old epochs deleted at one boundary, so that a shorter period takes effect without a long block. */
const MAX_PRUNED = 16;

/** After the transactions of an epoch's last block. @returns the next epoch */
export function closeEpoch(state: LedgerState, { epoch, timestamp, height }: BlockContext): EpochRecord {
  const done = activity.get(state);
  jailAbsent(state, epoch, done);
  payRewards(state, epoch, done);

  const next = { ...epoch, epoch: epoch.epoch + 1, start: timestamp, startHeight: height };
  closeGovernance(state, epoch, next);
  makeRoom(state, next.parameters.minSelfBond);
  next.validators = elect(state, next, epoch.validators);
  beginEpoch(state, next, pruneEpochs(state, next));
  return currentEpoch(state);
}

/** Writes the record of a new epoch. @param oldest the first whose record is kept */
export function beginEpoch(state: LedgerState, epoch: EpochRecord, oldest: number): void {
  epochs.set(state, epoch, epoch.epoch);
  epochRange.set(state, { current: epoch.epoch, oldest });
  activity.set(state, newActivity(epoch));
}

/**
 * Deletes records that neither evidence nor unbonding need any more, of which unbonding takes longer. An epoch ends where
 * the next one starts.
 * @returns the oldest that is left
 */
function pruneEpochs(state: LedgerState, { start, parameters }: EpochRecord): number {
  const { current, oldest } = epochRange.get(state);
  let first = oldest;
  const end = Math.min(current, oldest + MAX_PRUNED);
  while (first < end && epochs.get(state, first + 1).start + parameters.unbondingPeriod <= start)
    epochs.delete(state, first++);
  return first;
}
