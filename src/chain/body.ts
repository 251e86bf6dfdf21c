// A block's body as the chain works with it: its transactions as envelopes, made without encoding them one by one,
// its size, and the commitments to it in the header.

import { addressOf } from '../primitives/address.ts';
import { Body, Header, Justification } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import { merkleRoot } from '../primitives/merkle.ts';
import { Receipt } from '../primitives/receipt.ts';
import type { SignedTransaction, TransactionEnvelope } from '../primitives/transaction.ts';

const Transactions = Body.fields.transactions;

/** An offset in SSZ: before each part of variable size. */
const OFFSET_BYTES = 4;
const HEADER_BYTES = Header.value_serializedSize(Header.defaultValue());
/** ssz(Block) beside justification and transactions: the header and the offsets of body, justification, transactions. */
const FRAME_BYTES = HEADER_BYTES + 3 * OFFSET_BYTES;

/** A block's body is looked at when it arrives and again when it is executed; the ids are made once. */
const known = new WeakMap<readonly SignedTransaction[], readonly TransactionEnvelope[]>();

/** The transactions of a body, which must not change afterwards. */
export function envelopesOf(transactions: SignedTransaction[]): readonly TransactionEnvelope[] {
  let envelopes = known.get(transactions);
  if (envelopes === undefined) {
    envelopes = sealAll(transactions);
    known.set(transactions, envelopes);
  }
  return envelopes;
}

/** The list is encoded once; the envelopes' bytes are parts of that encoding. */
function sealAll(transactions: SignedTransaction[]): TransactionEnvelope[] {
  const encoded = Transactions.serialize(transactions);
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.length);
  return transactions.map((signed, index) => {
    const start = view.getUint32(index * OFFSET_BYTES, true);
    const last = index + 1 === transactions.length;
    const end = last ? encoded.length : view.getUint32((index + 1) * OFFSET_BYTES, true);
    const bytes = encoded.subarray(start, end);
    const id = sha256(bytes);
    return { signed, bytes, id, idHex: toHex(id), from: addressOf(signed.transaction.sender) };
  });
}

/** ssz(Block) of a block without transactions. */
export function emptyBlockBytes(justification: Justification): number {
  return FRAME_BYTES + Justification.value_serializedSize(justification);
}

/** ssz(Block). */
export function blockBytes(justification: Justification, envelopes: readonly TransactionEnvelope[]): number {
  let bytes = emptyBlockBytes(justification);
  for (const envelope of envelopes) bytes += OFFSET_BYTES + envelope.bytes.length;
  return bytes;
}

/** RFC 6962 root over transaction ids. */
export function transactionsRoot(envelopes: readonly TransactionEnvelope[]): Hash {
  return merkleRoot(envelopes.map(({ id }) => id));
}

/** RFC 6962 root over ssz(Receipt). */
export function receiptsRoot(receipts: readonly Receipt[]): Hash {
  return merkleRoot(receipts.map((receipt) => Receipt.serialize(receipt)));
}
