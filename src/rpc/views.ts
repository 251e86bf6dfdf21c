// The JSON of blocks, transactions and receipts as this API shows them. What has an SSZ type is written by the codec of
// primitives; here are only the names that the API adds.

import { addressOf, formatAddress } from '../primitives/address.ts';
import type { Header } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import { Certificate } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import { type JsonValue, toJson } from '../primitives/json.ts';
import { type Receipt, receiptCode } from '../primitives/receipt.ts';
import { StateProof } from '../primitives/state-proof.ts';
import { decodeTransaction, SignedTransaction } from '../primitives/transaction.ts';
import type { IncludedTransaction } from './blocks.ts';
import type { ChainReader, StoredBlock } from './dependencies.ts';

export interface HeaderView {
  height: number;
  hash: string;
  parent_hash: string;
  epoch: number;
  /** ms since 1970 */
  timestamp: number;
  proposer: string;
  transactions_root: string;
  receipts_root: string;
  state_root: string;
  validators_root: string;
  next_validators_root: string;
  justification_hash: string;
}

export interface HeadView extends HeaderView {
  /** null where this node does not have the block's body */
  tx_count: number | null;
}

export interface ReceiptView {
  tx_hash: string;
  height: number;
  block_hash: string;
  /** position in the block */
  index: number;
  /** SUCCESS, or why the action failed; the fee is taken either way */
  code: string;
  fee: string;
}

export interface TransactionView {
  tx_hash: string;
  /** address of the sender's key */
  from: string;
  transaction: JsonValue;
  signature: string;
}

export interface BlockView extends HeadView {
  transactions: TransactionView[];
  receipts: ReceiptView[];
  certificate: JsonValue;
}

/** A state entry, or its absence, for who does not trust this node. */
export interface ProofView {
  /** sha256 of its SSZ is `hash`; the proof holds under its `state_root` */
  header: HeaderView;
  key: string;
  /** SSZ of the record, null where there is none */
  value: string | null;
  state_proof: JsonValue;
}

/** The name that a number of a state record stands for. */
export function named<Name extends string>(names: readonly Name[], value: number): Name {
  const name = names[value];
  if (name === undefined) throw new RangeError(`${value} stands for none of ${names.join(', ')}`);
  return name;
}

export function headerView(hash: Hash, header: Header): HeaderView {
  return {
    height: header.height,
    hash: toHex(hash),
    parent_hash: toHex(header.parent),
    epoch: header.epoch,
    timestamp: header.timestamp,
    proposer: formatAddress(header.proposer),
    transactions_root: toHex(header.transactionsRoot),
    receipts_root: toHex(header.receiptsRoot),
    state_root: toHex(header.stateRoot),
    validators_root: toHex(header.validatorsRoot),
    next_validators_root: toHex(header.nextValidatorsRoot),
    justification_hash: toHex(header.justificationHash),
  };
}

export function headView(hash: Hash, header: Header, transactions: number | null): HeadView {
  return { ...headerView(hash, header), tx_count: transactions };
}

export function blockView(stored: StoredBlock): BlockView {
  const { hash, block, receipts, certificate } = stored;
  const { transactions } = block.body;
  return {
    ...headView(hash, block.header, transactions.length),
    transactions: Array.from(transactions, (bytes, index) =>
      transactionView(transactionId(receipts, index), decodeTransaction(bytes).signed),
    ),
    receipts: receipts.map((_, index) => receiptView({ block: stored, index })),
    certificate: certificate === undefined ? null : toJson(Certificate, certificate),
  };
}

export function transactionView(id: Hash, signed: SignedTransaction): TransactionView {
  const { transaction, signature } = toJson(SignedTransaction, signed) as { transaction: JsonValue; signature: string };
  return { tx_hash: toHex(id), from: formatAddress(addressOf(signed.transaction.sender)), transaction, signature };
}

export function receiptView({ block, index }: IncludedTransaction): ReceiptView {
  const receipt = receiptAt(block.receipts, index);
  return {
    tx_hash: toHex(receipt.transactionId),
    height: block.block.header.height,
    block_hash: toHex(block.hash),
    index,
    code: receiptCode(receipt),
    fee: receipt.fee.toString(),
  };
}

/** The transaction of an included one, with everything known of it. */
export function includedView(included: IncludedTransaction): TransactionView & { receipt: ReceiptView } {
  const { block, index } = included;
  const { signed } = decodeTransaction(block.block.body.transactions.get(index));
  return { ...transactionView(transactionId(block.receipts, index), signed), receipt: receiptView(included) };
}

function transactionId(receipts: readonly Receipt[], index: number): Hash {
  return receiptAt(receipts, index).transactionId;
}

function receiptAt(receipts: readonly Receipt[], index: number): Receipt {
  const receipt = receipts[index];
  if (receipt === undefined) throw new RangeError(`no receipt ${index} in a block of ${receipts.length}`);
  return receipt;
}

/** Proves the state entry of a key at the head. */
export function proofView(chain: Pick<ChainReader, 'prove'>, key: Uint8Array): ProofView {
  const { hash, header, value, proof } = chain.prove(key);
  return {
    header: headerView(hash, header),
    key: toHex(key),
    value: value === undefined ? null : toHex(value),
    state_proof: toJson(StateProof, proof),
  };
}
