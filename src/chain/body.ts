// A block's body as the chain works with it: ids and envelopes of its transactions, its size, and the commitments to it
// in the header. Transactions stay encoded until they are executed, and those that the mempool holds are not decoded again.

import { SerializedList } from '@chainsafe/ssz';
import { Block, Body, Header, type Justification } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import { merkleRoot } from '../primitives/merkle.ts';
import { Receipt } from '../primitives/receipt.ts';
import { decodeTransaction, type TransactionEnvelope } from '../primitives/transaction.ts';

/** Where a transaction may be found decoded, by its id in hex: the mempool. */
export type FindTransaction = (idHex: string) => TransactionEnvelope | undefined;

/** A body is looked at when it arrives and again when it is executed; the ids are made once. */
const knownIds = new WeakMap<SerializedList, readonly Hash[]>();

export function transactionIds(transactions: SerializedList): readonly Hash[] {
  let ids = knownIds.get(transactions);
  if (ids === undefined) {
    ids = Array.from(transactions, sha256);
    knownIds.set(transactions, ids);
  }
  return ids;
}

/** @param ids of these transactions, in order */
export function listOf(transactions: readonly Uint8Array[], ids: readonly Hash[]): SerializedList {
  const list = SerializedList.fromArray([...transactions]);
  knownIds.set(list, ids);
  return list;
}

/** @returns the envelopes in order, or the position of the first that is no encoding of a transaction. */
export function envelopesOf(transactions: SerializedList, find: FindTransaction): TransactionEnvelope[] | number {
  const envelopes: TransactionEnvelope[] = [];
  for (const [index, id] of transactionIds(transactions).entries()) {
    try {
      envelopes.push(find(toHex(id)) ?? decodeTransaction(transactions.get(index), id));
    } catch {
      return index; // decoding has no other way to say so
    }
  }
  return envelopes;
}

export function encodedTransactions(envelopes: readonly TransactionEnvelope[]): SerializedList {
  return listOf(
    envelopes.map(({ bytes }) => bytes),
    envelopes.map(({ id }) => id),
  );
}

/** ssz(Block) of a block without transactions. */
export function emptyBlockBytes(justification: Justification): number {
  const body = { ...Body.defaultValue(), justification };
  return Block.value_serializedSize({ header: Header.defaultValue(), body });
}

/** RFC 6962 root over transaction ids. */
export function transactionsRoot(ids: readonly Hash[]): Hash {
  return merkleRoot(ids);
}

/** RFC 6962 root over ssz(Receipt). */
export function receiptsRoot(receipts: readonly Receipt[]): Hash {
  return merkleRoot(receipts.map((receipt) => Receipt.serialize(receipt)));
}
