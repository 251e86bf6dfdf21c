// NOTARs that came too late for the certificate of their block: a later block of the same epoch may record them, each
// once, while their block is among those recorded last.

import { MAX_LATE_VOTES } from '../primitives/block.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { NOTAR, Vote } from '../primitives/consensus.ts';
import type { Activity, EpochRecord } from '../primitives/epoch.ts';
import type { LedgerReader } from './accounts.ts';
import { activity, currentEpoch } from './records.ts';

/** ssz(Vote), which is of one length. */
const VOTE_BYTES = Vote.maxSize;

/**
 * Notes a vote as recorded, so that it is not taken a second time.
 * @param record of the present epoch; it is changed
 * @returns why a block can't carry the vote; undefined when it was taken
 */
export function takeLateVote(record: Activity, { epoch, validators }: EpochRecord, vote: Vote): string | undefined {
  if (vote.kind !== NOTAR) return `a vote of kind ${vote.kind}`;
  if (vote.epoch !== epoch) return `a vote of epoch ${vote.epoch}`;
  if (vote.member >= validators.length) return `a vote of member ${vote.member} of ${validators.length}`;
  const block = record.recent.find(({ slot, hash }) => slot === vote.slot && equalBytes(hash, vote.hash));
  if (block === undefined) return `a vote in slot ${vote.slot} for a block that is not among those recorded last`;
  if (block.voters.get(vote.member))
    return `the vote of member ${vote.member} in slot ${vote.slot} is recorded already`;
  block.voters.set(vote.member, true);
  return undefined;
}

/**
 * Of votes those that a block on this state may carry, the ones for the oldest blocks first, since their time is up soonest.
 * @param maxBytes what the block has room for
 */
export function newLateVotes(state: LedgerReader, votes: Iterable<Vote>, maxBytes: number): Vote[] {
  const record = activity.get(state);
  const epoch = currentEpoch(state);
  const room = Math.max(0, Math.min(MAX_LATE_VOTES, Math.floor(maxBytes / VOTE_BYTES)));
  return [...votes]
    .sort((a, b) => a.slot - b.slot || a.member - b.member)
    .filter((vote) => takeLateVote(record, epoch, vote) === undefined)
    .slice(0, room);
}
