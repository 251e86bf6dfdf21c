// What a validator's consensus journal holds: everything that must outlive a crash between two finalized blocks
// (docs/protocol.md §7, durable before sent). Own votes carry no signature: the signer gives the same one again.

import { type CompositeType, ContainerType, ListCompositeType, type ValueOf } from '@chainsafe/ssz';
import { Block, MAX_PROPOSAL_CERTIFICATES, Proposal } from './block.ts';
import { Certificate, VoteData } from './consensus.ts';
import { TaggedUnionType, Uint64 } from './ssz.ts';

/** A proposal of this node, written before it is signed. */
export const OwnProposal = new ContainerType(
  {
    epoch: Uint64,
    slot: Uint64,
    parentSlot: Uint64,
    block: Block,
    certificates: new ListCompositeType(Certificate, MAX_PROPOSAL_CERTIFICATES),
  },
  { typeName: 'OwnProposal' },
);
export type OwnProposal = ValueOf<typeof OwnProposal>;

/** The selector is part of the file format: append only. */
export type JournalRecord =
  /** a leader's proposal that this node votes for */
  | { readonly selector: 0; value: Proposal }
  | { readonly selector: 1; value: OwnProposal }
  | { readonly selector: 2; value: VoteData }
  | { readonly selector: 3; value: Certificate };

export const JournalRecord = new TaggedUnionType(
  ['PROPOSAL', 'OWN_PROPOSAL', 'VOTE', 'CERTIFICATE'],
  [Proposal, OwnProposal, VoteData, Certificate],
) as CompositeType<JournalRecord, JournalRecord, JournalRecord>;
