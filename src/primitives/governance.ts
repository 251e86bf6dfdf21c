// What the validators of a network can change together, and the state records of their proposals (docs/protocol.md §5).

import { type CompositeType, ContainerType, ListBasicType, ListCompositeType, type ValueOf } from '@chainsafe/ssz';
import { MAX_MEMBERS } from './consensus.ts';
import { PARAMETER_KEYS } from './parameters.ts';
import { AddressBytes, Amount, EnumType, PublicKey, TaggedUnionType, Uint16, Uint64 } from './ssz.ts';

/** Proposals that are open or wait for their epoch. */
export const MAX_OPEN_PROPOSALS = 32;
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
  /** its time has run out without enough weight */
  'LAPSED',
  /** passed, but at its epoch it could not be done: the change is out of bounds by then */
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
/** The number of the next proposal, and those that are open or wait for their epoch, ascending. */
export const ProposalIndex = new ContainerType(
  { next: Uint64, open: new ListBasicType(Uint64, MAX_OPEN_PROPOSALS) },
  { typeName: 'ProposalIndex' },
);

export type AddAuthority = ValueOf<typeof AddAuthority>;
export type ParameterChange = ValueOf<typeof ParameterChange>;
export type ProposalVote = ValueOf<typeof ProposalVote>;
export type ProposalRecord = ValueOf<typeof ProposalRecord>;
export type ProposalIndex = ValueOf<typeof ProposalIndex>;
