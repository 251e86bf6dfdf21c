// governance and proposal: what validators have proposed to change, and how the votes stand.

import { z } from 'zod';
import type { LedgerReader } from '../../ledger/accounts.ts';
import { currentEpoch, proposalIndex, proposals, validators } from '../../ledger/records.ts';
import { addressKey, formatAddress } from '../../primitives/address.ts';
import { CONSENSUS_MODES } from '../../primitives/genesis.ts';
import {
  Change,
  PROPOSAL_STATUSES,
  type ProposalRecord,
  type ProposalStatus,
  type ProposalVote,
  VOTE_CHOICES,
} from '../../primitives/governance.ts';
import { type JsonValue, toJson } from '../../primitives/json.ts';
import { VALIDATOR_ROLES, type ValidatorRole } from '../../primitives/staking.ts';
import { totalWeight, type Validator } from '../../primitives/validators.ts';
import { oncePerBlock } from '../once-per-block.ts';
import { countParam, proposalIdParam } from '../params.ts';
import { RpcProblem } from '../problems.ts';
import { named } from '../views.ts';
import type { Services } from './method.ts';

const DEFAULT_PROPOSALS = 20;
const MAX_PROPOSALS = 100;

type Choice = (typeof VOTE_CHOICES)[number];

export const governanceParams = z.strictObject({
  limit: countParam(MAX_PROPOSALS).optional(),
  before: proposalIdParam.optional(),
  open_before: proposalIdParam.optional(),
});
export const proposalParams = z.strictObject({ id: proposalIdParam });

export interface GovernanceView {
  epoch: number;
  /** those that can be voted on and those that wait for their epoch, newest first */
  open: ProposalView[];
  /** `open_before` of the next page of these, null on the last */
  next_open: number | null;
  /** newest first */
  closed: ProposalView[];
  /** `before` of the next page of closed ones, null on the last */
  next: number | null;
  height: number;
}

export interface ProposalView {
  id: number;
  proposer: string;
  /** `type` and the fields of that change */
  change: JsonValue;
  /** takes effect with this epoch; 0: with the next one after it has passed */
  epoch: number;
  /** block time, ms since 1970 */
  expires: number;
  status: ProposalStatus;
  /** by the weights of the present epoch; null once it is decided */
  tally: TallyView | null;
}

export interface ProposalAnswer extends ProposalView {
  /** ordered by voter */
  votes: { voter: string; choice: Choice }[];
  height: number;
}

/** It passes when both the whole and, in hybrid, each class have enough YES at a boundary. */
export interface TallyView {
  yes: number;
  no: number;
  total_weight: number;
  /** weight of YES that passes it */
  needed: number;
  /** in hybrid, of each class that has members */
  classes: ClassTallyView[];
}

export interface ClassTallyView {
  role: ValidatorRole;
  yes: number;
  total_weight: number;
  needed: number;
}

export function getGovernance(
  { chain }: Pick<Services, 'chain'>,
  { limit = DEFAULT_PROPOSALS, before, open_before: openBefore }: z.output<typeof governanceParams>,
): GovernanceView {
  const state = chain.state();
  const { electorate, index, views } = viewsAt(state);
  const view = (id: number): ProposalView => {
    const known = views.get(id) ?? proposalView(proposals.get(state.reader, id), electorate);
    views.set(id, known);
    return known;
  };
  const pending = index.pending.map(({ id }) => id);
  const [open, closed] = [pageOf(pending, limit, openBefore), pageOf(index.ended, limit, before)];
  return {
    epoch: electorate.epoch,
    open: open.ids.map(view),
    next_open: open.next,
    closed: closed.ids.map(view),
    next: closed.next,
    height: state.header.height,
  };
}

/** The newest below a number; `next` is that number for the page after. */
function pageOf(ids: readonly number[], limit: number, before = Number.POSITIVE_INFINITY) {
  const left = ids.filter((id) => id < before).sort((a, b) => b - a);
  const page = left.slice(0, limit);
  return { ids: page, next: left.length > limit ? (page.at(-1) ?? null) : null };
}

/** @throws {RpcProblem} NOT_FOUND */
export function getProposal(
  { chain }: Pick<Services, 'chain'>,
  { id }: z.output<typeof proposalParams>,
): ProposalAnswer {
  const state = chain.state();
  const proposal = proposals.find(state.reader, id);
  if (proposal === undefined) throw new RpcProblem('NOT_FOUND', `there is no proposal ${id}`);
  return {
    ...proposalView(proposal, viewsAt(state).electorate),
    votes: proposal.votes.map(({ voter, choice }) => ({
      voter: formatAddress(voter),
      choice: named(VOTE_CHOICES, choice),
    })),
    height: state.header.height,
  };
}

/** What the pages are made of. A proposal has as many votes as there are members, and is looked at when somebody asks. */
const viewsAt = oncePerBlock(({ reader }) => ({
  electorate: electorateOf(reader),
  index: proposalIndex.find(reader) ?? { pending: [], ended: [] },
  /** by number, as far as anybody has asked */
  views: new Map<number, ProposalView>(),
}));

/** Who votes, read once for all proposals. */
interface Electorate {
  readonly epoch: number;
  readonly members: readonly Validator[];
  /** in hybrid, those that have members */
  readonly classes: readonly { readonly role: ValidatorRole; readonly members: readonly Validator[] }[];
}

function electorateOf(reader: LedgerReader): Electorate {
  const { epoch, mode, validators: members } = currentEpoch(reader);
  if (named(CONSENSUS_MODES, mode) !== 'hybrid') return { epoch, members, classes: [] };
  const roles = members.map(({ address }) => named(VALIDATOR_ROLES, validators.get(reader, address).role));
  const classes = VALIDATOR_ROLES.map((role) => ({
    role,
    members: members.filter((_, member) => roles[member] === role),
  }));
  return { epoch, members, classes: classes.filter((one) => one.members.length > 0) };
}

function proposalView(proposal: ProposalRecord, electorate: Electorate): ProposalView {
  const status = named(PROPOSAL_STATUSES, proposal.status);
  return {
    id: proposal.id,
    proposer: formatAddress(proposal.proposer),
    change: toJson(Change, proposal.change),
    epoch: proposal.epoch,
    expires: proposal.expires,
    status,
    tally: status === 'OPEN' ? tallyView(proposal.votes, electorate) : null,
  };
}

function tallyView(votes: readonly ProposalVote[], { members, classes }: Electorate): TallyView {
  const choices = new Map(votes.map(({ voter, choice }) => [addressKey(voter), named(VOTE_CHOICES, choice)]));
  const cast = (set: readonly Validator[], choice: Choice) =>
    totalWeight(set.filter(({ address }) => choices.get(addressKey(address)) === choice));
  return {
    yes: cast(members, 'YES'),
    no: cast(members, 'NO'),
    total_weight: totalWeight(members),
    needed: Math.ceil((2 * totalWeight(members)) / 3),
    classes: classes.map((one) => ({
      role: one.role,
      yes: cast(one.members, 'YES'),
      total_weight: totalWeight(one.members),
      needed: Math.ceil(totalWeight(one.members) / 2),
    })),
  };
}
