// GOVERNANCE_PROPOSE and GOVERNANCE_VOTE, and what becomes of proposals at the end of an epoch (docs/protocol.md §5). The
// members of the present set propose and vote; their weights count when an epoch ends, and not before.

import { type Address, addressKey } from '../primitives/address.ts';
import { compareBytes, equalBytes } from '../primitives/bytes.ts';
import { MAX_MEMBERS } from '../primitives/consensus.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import {
  APPLIED,
  FAILED,
  KEPT_PROPOSALS,
  LAPSED,
  MAX_OPEN_PER_MEMBER,
  MAX_WAITING_PROPOSALS,
  OPEN,
  PASSED,
  type PendingProposal,
  type ProposalIndex,
  type ProposalRecord,
  type ProposalVote,
  UPGRADE,
} from '../primitives/governance.ts';
import type { ReceiptCode } from '../primitives/receipt.ts';
import type { GovernancePropose, GovernanceVote } from '../primitives/transaction.ts';
import type { LedgerReader, LedgerState } from './accounts.ts';
import type { BlockContext } from './block.ts';
import { applyChange, changeFault } from './changes.ts';
import { proposalIndex, proposals } from './records.ts';
import { Tally } from './tally.ts';

/** A proposal that waits longer for its epoch would hold its place for nothing. */
export const MAX_EPOCHS_AHEAD = 1024;

/** What a boundary prepares: changed in place. */
export type NextEpoch = Pick<EpochRecord, 'epoch' | 'start' | 'mode' | 'parameters' | 'protocolVersion'>;

/** Opens a proposal with the next number; its proposer has not voted yet. */
export function propose(
  state: LedgerState,
  sender: Address,
  { epoch: wanted, change }: GovernancePropose,
  { epoch, parameters, timestamp }: BlockContext,
): ReceiptCode {
  if (!isMember(epoch, sender)) return 'NOT_ALLOWED';
  if (wanted !== 0 && wanted <= epoch.epoch) return 'EPOCH_PASSED';
  if (wanted > epoch.epoch + MAX_EPOCHS_AHEAD) return 'CHANGE_OUT_OF_BOUNDS';
  const fault = changeFault(state, change, epoch);
  if (fault !== undefined) return fault;
  const index = getIndex(state);
  const open = index.pending.filter(({ status }) => status === OPEN);
  const own = open.filter(({ proposer }) => equalBytes(proposer, sender));
  if (own.length >= MAX_OPEN_PER_MEMBER) return 'TOO_MANY_PROPOSALS';

  const displaced =
    open.length < MAX_OPEN_PER_MEMBER * epoch.validators.length ? undefined : oldestOfOthers(open, epoch);
  if (displaced !== undefined) setStatus(state, proposals.get(state, displaced.id), LAPSED);
  const { next: id } = index;
  const expires = timestamp + parameters.votingPeriod;
  proposals.set(state, { id, proposer: sender, change, epoch: wanted, expires, status: OPEN, votes: [] }, id);
  setIndex(state, {
    next: id + 1,
    pending: [...index.pending.filter((one) => one !== displaced), { id, proposer: sender, status: OPEN }],
    ended: displaced === undefined ? index.ended : [...index.ended, displaced.id],
  });
  return 'SUCCESS';
}

/**
 * The one that makes room: the first whose proposer has no seat any more. When all places are taken and a member has one
 * left, such a proposal is among them.
 */
function oldestOfOthers(open: readonly PendingProposal[], { validators }: EpochRecord): PendingProposal | undefined {
  const members = new Set(validators.map(({ address }) => addressKey(address)));
  return open.find(({ proposer }) => !members.has(addressKey(proposer)));
}

/** A second vote takes the place of the first. */
export function castVote(
  state: LedgerState,
  sender: Address,
  { proposal: id, choice }: GovernanceVote,
  { epoch, timestamp }: BlockContext,
): ReceiptCode {
  if (!isMember(epoch, sender)) return 'NOT_ALLOWED';
  const proposal = proposals.find(state, id);
  if (proposal === undefined) return 'UNKNOWN_PROPOSAL';
  if (proposal.status !== OPEN || timestamp > proposal.expires) return 'PROPOSAL_CLOSED';
  proposals.set(state, { ...proposal, votes: withVote(proposal.votes, { voter: sender, choice }, epoch) }, id);
  return 'SUCCESS';
}

/**
 * At an epoch's end, before the election: counts the votes with the weights of the epoch that ends, and applies what has
 * passed and is due to the records and to the next epoch.
 */
export function closeGovernance(state: LedgerState, closing: EpochRecord, next: NextEpoch): void {
  const { next: following, pending, ended } = getIndex(state);
  if (pending.length === 0) return;
  // All are counted before any is applied: the classes are those in which the members were elected.
  const tally = new Tally(state, closing);
  const counted = pending.map(({ id }) => {
    const proposal = proposals.get(state, id);
    return { proposal, hasPassed: proposal.status === PASSED || tally.passes(proposal.votes) };
  });
  const waiting = counted.filter(({ proposal: { status, epoch } }) => status === PASSED && epoch > next.epoch);
  let places = MAX_WAITING_PROPOSALS - waiting.length;
  const settled = counted.map(({ proposal, hasPassed }) => {
    const status = hasPassed ? settle(state, proposal, next, places) : lapse(proposal, next);
    if (status === proposal.status) return proposal;
    if (status === PASSED) places--;
    return setStatus(state, proposal, status);
  });
  const isPending = ({ status }: ProposalRecord) => status === OPEN || status === PASSED;
  const justEnded = settled.filter((one) => !isPending(one)).map(({ id }) => id);
  setIndex(state, { next: following, pending: settled.filter(isPending), ended: [...ended, ...justEnded] });
}

/**
 * What becomes of a proposal that has not passed. An upgrade must not pass after its epoch has begun: nodes stop for it, and
 * whoever runs one has been told of an epoch to be ready by.
 */
function lapse({ expires, change, epoch }: ProposalRecord, next: NextEpoch): number {
  const isMissed = change.selector === UPGRADE && epoch !== 0 && epoch <= next.epoch;
  return isMissed || next.start >= expires ? LAPSED : OPEN;
}

/**
 * Applies a proposal that has passed and is due.
 * @param places how many more can wait for their epoch
 * @returns its status from here on
 */
function settle(state: LedgerState, proposal: ProposalRecord, next: NextEpoch, places: number): number {
  if (proposal.epoch > next.epoch) return proposal.status === PASSED || places > 0 ? PASSED : FAILED;
  if (changeFault(state, proposal.change, next) !== undefined) return FAILED;
  applyChange(state, proposal.change, next);
  return APPLIED;
}

function setStatus(state: LedgerState, proposal: ProposalRecord, status: number): ProposalRecord {
  const changed = { ...proposal, status };
  proposals.set(state, changed, proposal.id);
  return changed;
}

function getIndex(state: LedgerReader): ProposalIndex {
  return proposalIndex.find(state) ?? { next: 1, pending: [], ended: [] };
}

/** Forgets those that ended longest ago, when too many have. */
function setIndex(state: LedgerState, { ended, ...index }: ProposalIndex): void {
  for (const id of ended.slice(0, -KEPT_PROPOSALS)) proposals.delete(state, id);
  proposalIndex.set(state, { ...index, ended: ended.slice(-KEPT_PROPOSALS) });
}

function isMember({ validators }: EpochRecord, address: Address): boolean {
  return validators.some((one) => equalBytes(one.address, address));
}

/** When as many have voted as the list holds, those who are no members any more make room: they count for nothing. */
function withVote(votes: readonly ProposalVote[], vote: ProposalVote, epoch: EpochRecord): ProposalVote[] {
  const others = votes.filter(({ voter }) => !equalBytes(voter, vote.voter));
  const kept = others.length < MAX_MEMBERS ? others : others.filter(({ voter }) => isMember(epoch, voter));
  return [...kept, vote].sort((a, b) => compareBytes(a.voter, b.voter));
}
