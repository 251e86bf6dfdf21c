// Who took part in the present epoch, as far as its blocks have recorded: whose NOTAR for a block stands in the
// certificate by which the next block follows it or among late votes, and who led slots with and without a block.

import type { Header, Justification } from '../primitives/block.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { type Certificate, certificateMembers, type Vote } from '../primitives/consensus.ts';
import { type Activity, type EpochRecord, LATE_VOTE_BLOCKS } from '../primitives/epoch.ts';
import type { LedgerState } from './accounts.ts';
import { electorateOf } from './electorate.ts';
import { takeLateVote } from './late-votes.ts';
import { activity } from './records.ts';

/**
 * Of more slots between two blocks nobody is blamed: that is an outage of the network. It also bounds what a certificate
 * costs whose signatures turn out not to hold, since they are checked while the block is executed.
 */
export const MAX_SLOTS_BETWEEN = 4096;

/** Of an epoch in which nothing has happened yet. */
export function newActivity({ validators }: Pick<EpochRecord, 'validators'>): Activity {
  const members = validators.map(() => ({ participated: 0, proposed: 0, missed: 0, recorded: 0n }));
  return { blocks: 0, members, recent: [] };
}

/**
 * Credits what a block's justification shows, in which `justificationFault` has found nothing. The certificate that
 * leads over from the epoch before is credited to nobody: that epoch has been judged already.
 */
export function recordActivity(
  state: LedgerState,
  epoch: EpochRecord,
  { proposer }: Pick<Header, 'proposer'>,
  { parentCertificate, lateVotes }: Justification,
): void {
  if (parentCertificate === null || parentCertificate.epoch !== epoch.epoch) return;
  const record = activity.get(state);
  const late = creditLateVotes(record, epoch, lateVotes);
  const certified = creditCertificate(record, epoch, parentCertificate);
  const recorder = record.members[epoch.validators.findIndex(({ address }) => equalBytes(address, proposer))];
  if (recorder !== undefined) recorder.recorded += BigInt(late + Math.max(0, certified - electorateOf(epoch).quorum));
  activity.set(state, record);
}

/** @returns the weight of those whose votes were not recorded before */
function creditLateVotes(record: Activity, epoch: EpochRecord, votes: readonly Vote[]): number {
  const taken = votes.filter((vote) => takeLateVote(record, epoch, vote) === undefined);
  return creditVoters(
    record,
    epoch,
    taken.map(({ member }) => member),
  );
}

/** @returns the weight of those who have signed it */
function creditCertificate(record: Activity, epoch: EpochRecord, certificate: Certificate): number {
  const { slot, hash, bitmap } = certificate;
  creditLeaders(record, epoch, slot);
  record.blocks++;
  record.recent = [...record.recent, { hash, slot, voters: bitmap }].slice(-LATE_VOTE_BLOCKS);
  return creditVoters(record, epoch, certificateMembers(certificate));
}

function creditVoters({ members }: Activity, { validators }: EpochRecord, voters: readonly number[]): number {
  let weight = 0;
  for (const voter of voters) {
    const member = members[voter];
    if (member !== undefined) member.participated++;
    weight += validators[voter]?.weight ?? 0;
  }
  return weight;
}

/** Slots before the epoch's first block count from its beginning. */
function creditLeaders({ members, recent }: Activity, epoch: EpochRecord, slot: number): void {
  const before = recent.at(-1)?.slot ?? 0;
  if (slot - before > MAX_SLOTS_BETWEEN) return;
  const { schedule } = electorateOf(epoch);
  const leaderOf = (led: number) => members[schedule.leader(led)];
  for (let skipped = before + 1; skipped < slot; skipped++) {
    const leader = leaderOf(skipped);
    if (leader !== undefined) leader.missed++;
  }
  const leader = leaderOf(slot);
  if (leader !== undefined) leader.proposed++;
}
