// GOVERNANCE_PROPOSE and GOVERNANCE_VOTE, and what becomes of proposals at the end of an epoch (docs/protocol.md §5). The
// members of the present set propose and vote; their weights count when an epoch ends, and not before.

import type { Address } from '../primitives/address.ts';
import { compareBytes, equalBytes } from '../primitives/bytes.ts';
import { MAX_MEMBERS } from '../primitives/consensus.ts';
import type { EpochRecord } from '../primitives/epoch.ts';
import {
  APPLIED,
  FAILED,
  LAPSED,
  MAX_OPEN_PROPOSALS,
  OPEN,
  PASSED,
  type ProposalIndex,
  type ProposalRecord,
  type ProposalVote,
} from '../primitives/governance.ts';
import type { ReceiptCode } from '../primitives/receipt.ts';
import type { GovernancePropose, GovernanceVote } from '../primitives/transaction.ts';
import type { LedgerReader, LedgerState } from './accounts.ts';
import type { BlockContext } from './block.ts';
import { applyChange, changeFault } from './changes.ts';
import { proposalIndex, proposals } from './records.ts';
import { Tally } from './tally.ts';

/** Open proposals of one member at most, so that a few can not keep all others from proposing. */
export const MAX_OPEN_PER_MEMBER = 4;
/** A proposal that waits longer for its epoch would hold its place for nothing. */
export const MAX_EPOCHS_AHEAD = 1024;
/** Proposals that have ended are kept until so many newer ones were made. */
export const KEPT_PROPOSALS = 256;

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
  const { next: id, open } = getIndex(state);
  if (open.length >= MAX_OPEN_PROPOSALS) return 'TOO_MANY_PROPOSALS';
  if (countOpen(state, open, sender) >= MAX_OPEN_PER_MEMBER) return 'TOO_MANY_PROPOSALS';

  const expires = timestamp + parameters.votingPeriod;
  proposals.set(state, { id, proposer: sender, change, epoch: wanted, expires, status: OPEN, votes: [] }, id);
  proposalIndex.set(state, { next: id + 1, open: [...open, id] });
  const oldest = id - KEPT_PROPOSALS;
  if (oldest > 0 && !open.includes(oldest)) proposals.delete(state, oldest);
  return 'SUCCESS';
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
  const { next: following, open } = getIndex(state);
  if (open.length === 0) return;
  // All are counted before any is applied: the classes are those in which the members were elected.
  const tally = new Tally(state, closing);
  const counted = open.map((id) => {
    const proposal = proposals.get(state, id);
    const hasPassed = proposal.status === PASSED || tally.passes(proposal.votes);
    return { proposal, status: hasPassed ? PASSED : OPEN };
  });
  const waiting: number[] = [];
  for (const { proposal, status } of counted) {
    const after = settle(state, proposal, status, next);
    if (after !== proposal.status) proposals.set(state, { ...proposal, status: after }, proposal.id);
    if (after === OPEN || after === PASSED) waiting.push(proposal.id);
  }
  proposalIndex.set(state, { next: following, open: waiting });
}

/** Applies a proposal that is due. @returns its status from here on */
function settle(state: LedgerState, proposal: ProposalRecord, status: number, next: NextEpoch): number {
  if (status === OPEN) return next.start >= proposal.expires ? LAPSED : OPEN;
  if (proposal.epoch > next.epoch) return PASSED;
  if (changeFault(state, proposal.change, next) !== undefined) return FAILED;
  applyChange(state, proposal.change, next);
  return APPLIED;
}

function getIndex(state: LedgerReader): ProposalIndex {
  return proposalIndex.find(state) ?? { next: 1, open: [] };
}

function countOpen(state: LedgerReader, open: readonly number[], proposer: Address): number {
  const own = open.map((id) => proposals.get(state, id)).filter((one) => equalBytes(one.proposer, proposer));
  return own.filter(({ status }) => status === OPEN).length;
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
