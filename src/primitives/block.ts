// Blocks (docs/protocol.md §6) and the proposals that carry them (§7), as nodes keep them and, compact, as they travel.

import { ContainerType, ListCompositeType, OptionalType, type ValueOf } from '@chainsafe/ssz';
import { Certificate, MAX_MEMBERS, Vote } from './consensus.ts';
import { type Hash, sha256 } from './hash.ts';
import { AddressBytes, Bytes32, EncodedListType, Signature, Uint64 } from './ssz.ts';
import { MAX_TRANSACTION_BYTES, SignedTransaction } from './transaction.ts';

/** Bound on the list type; what a block may hold is bounded in bytes by genesis (`max_block_bytes`). */
export const MAX_BLOCK_TRANSACTIONS = 16_384;
/** Justifying certificates that a proposal may carry; older ones are fetched. */
export const MAX_PROPOSAL_CERTIFICATES = 256;
/** lateVotes of one block: NOTARs of every member for up to 32 ancestors would be more; this is plenty. */
export const MAX_LATE_VOTES = 4 * MAX_MEMBERS;

export const Header = new ContainerType(
  {
    height: Uint64,
    epoch: Uint64,
    timestamp: Uint64,
    parent: Bytes32,
    proposer: AddressBytes,
    transactionsRoot: Bytes32,
    receiptsRoot: Bytes32,
    stateRoot: Bytes32,
    validatorsRoot: Bytes32,
    nextValidatorsRoot: Bytes32,
    justificationHash: Bytes32,
  },
  { typeName: 'Header' },
);

/** Why a block may follow its parent: absent only on the first block after genesis. */
export const Justification = new ContainerType(
  {
    parentCertificate: new OptionalType(Certificate),
    lateVotes: new ListCompositeType(Vote, MAX_LATE_VOTES),
  },
  { typeName: 'Justification' },
);

export const Body = new ContainerType(
  {
    justification: Justification,
    transactions: new EncodedListType(SignedTransaction, MAX_TRANSACTION_BYTES, MAX_BLOCK_TRANSACTIONS),
  },
  { typeName: 'Body' },
);

export const Block = new ContainerType({ header: Header, body: Body }, { typeName: 'Block' });

export const Proposal = new ContainerType(
  {
    epoch: Uint64,
    slot: Uint64,
    parentSlot: Uint64,
    signature: Signature,
    block: Block,
    certificates: new ListCompositeType(Certificate, MAX_PROPOSAL_CERTIFICATES),
  },
  { typeName: 'Proposal' },
);

/**
 * A block as it travels in a proposal: the ids of its transactions, to which its header commits, and of the transactions
 * themselves only those that peers may lack, in the order of the block.
 */
export const CompactBlock = new ContainerType(
  {
    header: Header,
    justification: Justification,
    transactionIds: new ListCompositeType(Bytes32, MAX_BLOCK_TRANSACTIONS),
    carried: new EncodedListType(SignedTransaction, MAX_TRANSACTION_BYTES, MAX_BLOCK_TRANSACTIONS),
  },
  { typeName: 'CompactBlock' },
);

export const CompactProposal = new ContainerType(
  { ...Proposal.fields, block: CompactBlock },
  { typeName: 'CompactProposal' },
);

export type Header = ValueOf<typeof Header>;
export type Justification = ValueOf<typeof Justification>;
export type Body = ValueOf<typeof Body>;
export type Block = ValueOf<typeof Block>;
export type Proposal = ValueOf<typeof Proposal>;
export type CompactBlock = ValueOf<typeof CompactBlock>;
export type CompactProposal = ValueOf<typeof CompactProposal>;

export function headerHash(header: Header): Hash {
  return sha256(Header.serialize(header));
}

export function justificationHash(justification: Justification): Hash {
  return sha256(Justification.serialize(justification));
}
