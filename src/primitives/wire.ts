// What travels between nodes besides proposals: gossip envelopes and request/response types (docs/protocol.md §8).

import { type CompositeType, ContainerType, ListCompositeType, OptionalType, type ValueOf } from '@chainsafe/ssz';
import { Block, CompactProposal } from './block.ts';
import { Certificate, Vote } from './consensus.ts';
import { Evidence } from './evidence.ts';
import { Bytes32, EncodedListType, TaggedUnionType, Uint16, Uint32, Uint64 } from './ssz.ts';
import { MAX_TRANSACTION_BYTES, SignedTransaction } from './transaction.ts';

/** The newest version of the protocol that this program speaks, and the oldest. */
export const PROTOCOL_VERSION = 1;
export const OLDEST_PROTOCOL_VERSION = 1;

/** Transactions in one gossip message: 512 transfers are about 90 kB. */
export const MAX_BATCH_TRANSACTIONS = 512;
/** Gossip messages above this are refused before they are decoded; libp2p buffers allow 4 MiB. */
export const MAX_GOSSIP_BYTES = 2 * 1024 * 1024;
export const MAX_BLOCKS_PER_REQUEST = 128;
export const MAX_HASHES_PER_REQUEST = 64;
export const MAX_CERTIFICATES_PER_RESPONSE = 512;
export const MAX_TRANSACTIONS_PER_REQUEST = 1024;

/** Topic `tx`. */
export const TransactionBatch = new EncodedListType(SignedTransaction, MAX_TRANSACTION_BYTES, MAX_BATCH_TRANSACTIONS);

/** What topic `vote` carries: selector 0 a vote, 1 a certificate, 2 evidence against a validator. */
export const VoteMessage = new TaggedUnionType(
  ['VOTE', 'CERTIFICATE', 'EVIDENCE'],
  [Vote, Certificate, Evidence],
) as CompositeType<VoteMessage, VoteMessage, VoteMessage>;
export type VoteMessage =
  | { readonly selector: 0; value: Vote }
  | { readonly selector: 1; value: Certificate }
  | { readonly selector: 2; value: Evidence };

/**
 * Topics `vote` and `block`. Gossip drops a message whose bytes it has seen; `attempt` is 0 when a message is first
 * sent and differs each time it is sent again, so that what some have missed can reach them.
 */
export const GossipVote = new ContainerType({ attempt: Uint32, message: VoteMessage }, { typeName: 'GossipVote' });
export const GossipProposal = new ContainerType(
  { attempt: Uint32, proposal: CompactProposal },
  { typeName: 'GossipProposal' },
);

/**
 * `status/2`, both ways. The versions are those that the sender speaks, `time` its clock when it sent this (ms since 1970).
 * It holds the blocks from `oldestHeight` to `finalizedHeight`: none while the first is the greater one.
 */
export const Status = new ContainerType(
  {
    oldestVersion: Uint16,
    newestVersion: Uint16,
    genesisHash: Bytes32,
    finalizedHeight: Uint64,
    finalizedHash: Bytes32,
    oldestHeight: Uint64,
    time: Uint64,
  },
  { typeName: 'Status' },
);
export type Status = ValueOf<typeof Status>;

/** A block with the certificate its holder has for it: Final or Notar, none while it is only proposed. */
export const CertifiedBlock = new ContainerType(
  { block: Block, certificate: new OptionalType(Certificate) },
  { typeName: 'CertifiedBlock' },
);
export type CertifiedBlock = ValueOf<typeof CertifiedBlock>;

/** `blocks/1`: selector 0 finalized blocks `from … from + count − 1`, 1 blocks by hash, finalized or not. */
export const BlocksRequest = new TaggedUnionType(
  ['RANGE', 'HASHES'],
  [
    new ContainerType({ from: Uint64, count: Uint32 }, { typeName: 'BlockRange' }),
    new ListCompositeType(Bytes32, MAX_HASHES_PER_REQUEST),
  ],
) as CompositeType<BlocksRequest, BlocksRequest, BlocksRequest>;
export type BlocksRequest =
  | { readonly selector: 0; value: { from: number; count: number } }
  | { readonly selector: 1; value: Uint8Array[] };

/** `certs/1`: every certificate held for the slots `from … to` of an epoch, lowest first, as many as fit. */
export const CertificatesRequest = new ContainerType(
  { epoch: Uint64, from: Uint64, to: Uint64 },
  { typeName: 'CertificatesRequest' },
);
export type CertificatesRequest = ValueOf<typeof CertificatesRequest>;
export const CertificatesResponse = new ListCompositeType(Certificate, MAX_CERTIFICATES_PER_RESPONSE);

/** `txs/1`: transactions by id. */
export const TransactionsRequest = new ListCompositeType(Bytes32, MAX_TRANSACTIONS_PER_REQUEST);
export const TransactionsResponse = new EncodedListType(
  SignedTransaction,
  MAX_TRANSACTION_BYTES,
  MAX_TRANSACTIONS_PER_REQUEST,
);
