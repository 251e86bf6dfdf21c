// Transactions: what an account signs, and the id under which everybody knows it (docs/protocol.md §3).

import { type CompositeType, ContainerType, ListCompositeType, type ValueOf } from '@chainsafe/ssz';
import { type Address, addressOf } from './address.ts';
import { toHex } from './bytes.ts';
import { type Hash, sha256 } from './hash.ts';
import { signingBytes } from './signing.ts';
import { AddressBytes, Amount, PublicKey, Signature, TaggedUnionType, TextType, Uint64 } from './ssz.ts';

export const MAX_MEMO_BYTES = 256;
export const MAX_OUTPUTS = 256;
/** Upper bound of ssz(SignedTransaction); the largest MULTI_TRANSFER has about 7.6 kB. */
export const MAX_TRANSACTION_BYTES = 8 * 1024;

export const Memo = new TextType(MAX_MEMO_BYTES, { typeName: 'Memo' });
export const Output = new ContainerType({ to: AddressBytes, amount: Amount }, { typeName: 'Output' });
export const Transfer = new ContainerType({ to: AddressBytes, amount: Amount, memo: Memo }, { typeName: 'Transfer' });
export const MultiTransfer = new ContainerType(
  { outputs: new ListCompositeType(Output, MAX_OUTPUTS), memo: Memo },
  { typeName: 'MultiTransfer' },
);

/** The position in this list is the union's selector: append only. */
export const ACTION_TYPES = ['TRANSFER', 'MULTI_TRANSFER'] as const;

export type Output = ValueOf<typeof Output>;
export type Transfer = ValueOf<typeof Transfer>;
export type MultiTransfer = ValueOf<typeof MultiTransfer>;
export type TransactionAction =
  | { readonly selector: 0; value: Transfer }
  | { readonly selector: 1; value: MultiTransfer };

export const TransactionAction = new TaggedUnionType(ACTION_TYPES, [Transfer, MultiTransfer]) as CompositeType<
  TransactionAction,
  TransactionAction,
  TransactionAction
>;

export const Transaction = new ContainerType(
  { sender: PublicKey, nonce: Uint64, fee: Amount, validUntil: Uint64, action: TransactionAction },
  { typeName: 'Transaction' },
);
export const SignedTransaction = new ContainerType(
  { transaction: Transaction, signature: Signature },
  { typeName: 'SignedTransaction' },
);

export type Transaction = ValueOf<typeof Transaction>;
export type SignedTransaction = ValueOf<typeof SignedTransaction>;

/** A signed transaction with what every room asks of it, computed once. */
export interface TransactionEnvelope {
  readonly signed: SignedTransaction;
  /** ssz(SignedTransaction) */
  readonly bytes: Uint8Array;
  /** sha256(bytes) */
  readonly id: Hash;
  /** hex of `id`: the key of maps */
  readonly idHex: string;
  /** address of `signed.transaction.sender` */
  readonly from: Address;
}

/**
 * Decodes the canonical bytes of a signed transaction.
 * @param id sha256(bytes), where it is known already
 * @throws when the bytes are too many or no SSZ of the type.
 */
export function decodeTransaction(bytes: Uint8Array, id: Hash = sha256(bytes)): TransactionEnvelope {
  if (bytes.length > MAX_TRANSACTION_BYTES) {
    throw new RangeError(`transaction of ${bytes.length} bytes, at most ${MAX_TRANSACTION_BYTES}`);
  }
  return seal(SignedTransaction.deserialize(bytes), bytes, id);
}

export function encodeTransaction(signed: SignedTransaction): TransactionEnvelope {
  const bytes = SignedTransaction.serialize(signed);
  return seal(signed, bytes, sha256(bytes));
}

function seal(signed: SignedTransaction, bytes: Uint8Array, id: Hash): TransactionEnvelope {
  return { signed, bytes, id, idHex: toHex(id), from: addressOf(signed.transaction.sender) };
}

/** The bytes that the sender's key signs. */
export function transactionSigningBytes(transaction: Transaction, genesisHash: Hash): Uint8Array {
  return signingBytes('transaction', genesisHash, Transaction.serialize(transaction));
}

/** ssz(SignedTransaction) begins with the transaction's offset and the signature; the transaction is the rest. */
const SIGNED_FRAME_BYTES = 4 + 64;

/** `transactionSigningBytes` of an envelope, without encoding the transaction again. */
export function envelopeSigningBytes({ bytes }: TransactionEnvelope, genesisHash: Hash): Uint8Array {
  return signingBytes('transaction', genesisHash, bytes.subarray(SIGNED_FRAME_BYTES));
}
