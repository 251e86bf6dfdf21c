// What the validators of a network can change together, and the state records of their proposals (docs/protocol.md §5).

import { type CompositeType, ContainerType, ListBasicType, ListCompositeType, type ValueOf } from '@chainsafe/ssz';
import { MAX_MEMBERS } from './consensus.ts';
import { PARAMETER_KEYS } from './parameters.ts';
import { AddressBytes, Amount, EnumType, PublicKey, TaggedUnionType, Uint16, Uint64 } from './ssz.ts';

/**
 * Open proposals of one member. All together have as many places for each member of the set, so that nobody can take
 * another's.
 */
export const MAX_OPEN_PER_MEMBER = 2;
/** Proposals that have passed and wait for their epoch: two thirds agreed on each, so that nobody alone fills them. */
export const MAX_WAITING_PROPOSALS = 32;
/** Of the proposals that have ended the state keeps so many, those that ended last. */
export const KEPT_PROPOSALS = 256;
export const MAX_PARAMETER_CHANGES = 16;

export const ParameterChange = new ContainerType(
  { parameter: new EnumType(PARAMETER_KEYS), /** in the parameter's own unit */ value: Amount },
  { typeName: 'ParameterChange' },
);
export const AddAuthority = new ContainerType(
  { address: AddressBytes, publicKey: PublicKey },
  { typeName: 'AddAuthority' },
);
export const RemoveAuthority = new ContainerType({ address: AddressBytes }, { typeName: 'RemoveAuthority' });
export const SetParameters = new ContainerType(
  { changes: new ListCompositeType(ParameterChange, MAX_PARAMETER_CHANGES) },
  { typeName: 'SetParameters' },
);
/** From its epoch on nodes must speak this version of the protocol; older ones stop before. */
export const Upgrade = new ContainerType({ protocolVersion: Uint16 }, { typeName: 'Upgrade' });

/** The position in this list is the union's selector: append only. */
export const CHANGE_TYPES = ['ADD_AUTHORITY', 'REMOVE_AUTHORITY', 'SET_PARAMETERS', 'UPGRADE'] as const;
export const UPGRADE = 3;
export type Change =
  | { readonly selector: 0; value: ValueOf<typeof AddAuthority> }
  | { readonly selector: 1; value: ValueOf<typeof RemoveAuthority> }
  | { readonly selector: 2; value: ValueOf<typeof SetParameters> }
  | { readonly selector: 3; value: ValueOf<typeof Upgrade> };
export const Change = new TaggedUnionType(CHANGE_TYPES, [
  AddAuthority,
  RemoveAuthority,
  SetParameters,
  Upgrade,
]) as CompositeType<Change, Change, Change>;

/** The position is the choice's number. */
export const VOTE_CHOICES = ['NO', 'YES'] as const;
export const NO = 0;
export const YES = 1;
export const VoteChoice = new EnumType(VOTE_CHOICES);

export const PROPOSAL_STATUSES = [
  'OPEN',
  /** waits for its epoch */
  'PASSED',
  'APPLIED',
  /** its time has run out without enough weight, or another took its place */
  'LAPSED',
  /** passed, but can not be done: the change is out of bounds at its epoch, or too many wait for theirs */
  'FAILED',
] as const;
export type ProposalStatus = (typeof PROPOSAL_STATUSES)[number];
export const OPEN = 0;
export const PASSED = 1;
export const APPLIED = 2;
export const LAPSED = 3;
export const FAILED = 4;

export const ProposalVote = new ContainerType(
  { voter: AddressBytes, choice: VoteChoice },
  { typeName: 'ProposalVote' },
);
export const ProposalRecord = new ContainerType(
  {
    id: Uint64,
    proposer: AddressBytes,
    change: Change,
    /** takes effect with this epoch, or the next one after it has passed */
    epoch: Uint64,
    /** block time, ms */
    expires: Uint64,
    status: new EnumType(PROPOSAL_STATUSES),
    /** one for each voter, ordered by address */
    votes: new ListCompositeType(ProposalVote, MAX_MEMBERS),
  },
  { typeName: 'ProposalRecord' },
);
/** What is asked of a proposal that has not ended without reading it. */
export const PendingProposal = new ContainerType(
  { id: Uint64, proposer: AddressBytes, /** OPEN or PASSED */ status: new EnumType(PROPOSAL_STATUSES) },
  { typeName: 'PendingProposal' },
);
export const ProposalIndex = new ContainerType(
  {
    /** the number of the next proposal */
    next: Uint64,
    /** those that are open or wait for their epoch, ascending */
    pending: new ListCompositeType(PendingProposal, MAX_OPEN_PER_MEMBER * MAX_MEMBERS + MAX_WAITING_PROPOSALS),
    /** those that have ended, the last one last */
    ended: new ListBasicType(Uint64, KEPT_PROPOSALS),
  },
  { typeName: 'ProposalIndex' },
);

export type AddAuthority = ValueOf<typeof AddAuthority>;
export type ParameterChange = ValueOf<typeof ParameterChange>;
export type ProposalVote = ValueOf<typeof ProposalVote>;
export type ProposalRecord = ValueOf<typeof ProposalRecord>;
export type PendingProposal = ValueOf<typeof PendingProposal>;
export type ProposalIndex = ValueOf<typeof ProposalIndex>;
