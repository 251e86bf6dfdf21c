// What the request protocols carry: bounds of each message, and decoding that turns every SSZ failure into one error.

import { SerializedList, type Type } from '@chainsafe/ssz';
import type { Certificate } from '../primitives/consensus.ts';
import { MAX_BINDINGS_PER_REQUEST, PeerBindings, type SignedPeerBinding } from '../primitives/peer-binding.ts';
import { MAX_BOUNDARIES_PER_REQUEST, SnapshotRequest } from '../primitives/snapshot.ts';
import {
  BlocksRequest,
  CertificatesRequest,
  CertificatesResponse,
  MAX_BLOCKS_PER_REQUEST,
  MAX_CERTIFICATES_PER_RESPONSE,
  MAX_GOSSIP_BYTES,
  MAX_HASHES_PER_REQUEST,
  MAX_TRANSACTIONS_PER_REQUEST,
  Status,
  TransactionsRequest,
  TransactionsResponse,
} from '../primitives/wire.ts';
import { NetworkError } from './errors.ts';
import type { RequestProtocol } from './protocols.ts';

/** Bytes of one request: the longest encoding of its type. */
export const MAX_REQUEST_BYTES: Readonly<Record<RequestProtocol, number>> = {
  status: 92,
  blocks: 1 + 32 * MAX_HASHES_PER_REQUEST,
  certs: 24,
  txs: 32 * MAX_TRANSACTIONS_PER_REQUEST,
  snapshot: 1 + 32 + 32,
  validators: PeerBindings.maxSize,
};

/** One message of an answer: a block with its certificate is a proposal less its attachments. */
export const MAX_CHUNK_BYTES = MAX_GOSSIP_BYTES;
/** All of one answer. A first block is sent however large it is, so that every request makes progress. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Offset of an element of variable size in an SSZ list. */
const OFFSET_BYTES = 4;

export function decodeStatus(bytes: Uint8Array): Status {
  return decode(Status, bytes);
}

export function decodeBlocksRequest(bytes: Uint8Array): BlocksRequest {
  const request = decode(BlocksRequest, bytes);
  if (request.selector === 0) within('block count', request.value.count, MAX_BLOCKS_PER_REQUEST);
  else within('hash count', request.value.length, MAX_HASHES_PER_REQUEST);
  return request;
}

export function decodeCertificatesRequest(bytes: Uint8Array): CertificatesRequest {
  const request = decode(CertificatesRequest, bytes);
  if (request.to < request.from) throw new NetworkError('MALFORMED', 'a range of slots that ends before it begins');
  return request;
}

export function decodeTransactionsRequest(bytes: Uint8Array): Uint8Array[] {
  const ids = decode(TransactionsRequest, bytes);
  within('id count', ids.length, MAX_TRANSACTIONS_PER_REQUEST);
  return ids;
}

export function decodeSnapshotRequest(bytes: Uint8Array): SnapshotRequest {
  const request = decode(SnapshotRequest, bytes);
  if (request.selector === 1) within('boundary count', request.value.count, MAX_BOUNDARIES_PER_REQUEST);
  return request;
}

export function decodePeerBindings(bytes: Uint8Array): SignedPeerBinding[] {
  const bindings = decode(PeerBindings, bytes);
  within('binding count', bindings.length, MAX_BINDINGS_PER_REQUEST);
  return bindings;
}

/** Messages of an answer at most. */
export function snapshotMessages(request: SnapshotRequest): number {
  return request.selector === 1 ? request.value.count : 1;
}

/** The certificates from the first on that fit into one message. */
export function encodeCertificates(certificates: readonly Certificate[]): Uint8Array {
  const elementType = CertificatesResponse.elementType;
  const sizes = certificates.map((certificate) => elementType.value_serializedSize(certificate));
  return CertificatesResponse.serialize(fitting(certificates, sizes, MAX_CERTIFICATES_PER_RESPONSE));
}

export function decodeCertificates(bytes: Uint8Array): Certificate[] {
  return decode(CertificatesResponse, bytes);
}

/** @param transactions ssz(SignedTransaction) each. */
export function encodeTransactions(transactions: readonly Uint8Array[]): Uint8Array {
  const sizes = transactions.map((bytes) => bytes.length);
  const fit = fitting(transactions, sizes, MAX_TRANSACTIONS_PER_REQUEST);
  return TransactionsResponse.serialize(SerializedList.fromArray(fit));
}

export function decodeTransactions(bytes: Uint8Array): Uint8Array[] {
  return decode(TransactionsResponse, bytes).toArray();
}

function fitting<T>(items: readonly T[], sizes: readonly number[], maxItems: number): T[] {
  let bytes = 0;
  const end = sizes.findIndex((size) => {
    bytes += OFFSET_BYTES + size;
    return bytes > MAX_CHUNK_BYTES;
  });
  return items.slice(0, Math.min(end === -1 ? items.length : end, maxItems));
}

function decode<T>(type: Type<T>, bytes: Uint8Array): T {
  try {
    return type.deserialize(bytes);
  } catch (cause) {
    throw new NetworkError('MALFORMED', `bytes that are no ${type.typeName}`, { cause });
  }
}

function within(what: string, count: number, most: number): void {
  if (count < 1 || count > most) throw new NetworkError('MALFORMED', `${what} ${count}, must be 1 to ${most}`);
}
