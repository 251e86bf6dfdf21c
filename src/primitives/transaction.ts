// Transactions: what an account signs, and the id under which everybody knows it (docs/protocol.md §3).

import { type CompositeType, ContainerType, ListCompositeType, OptionalType, type ValueOf } from '@chainsafe/ssz';
import { type Address, addressOf } from './address.ts';
import { toHex } from './bytes.ts';
import { Evidence } from './evidence.ts';
import { Change, VoteChoice } from './governance.ts';
import { type Hash, sha256 } from './hash.ts';
import { signingBytes } from './signing.ts';
import { AddressBytes, Amount, PublicKey, Signature, TaggedUnionType, TextType, Uint32, Uint64 } from './ssz.ts';

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

/** The sender becomes a validator, with stake of its own. */
export const ValidatorRegister = new ContainerType(
  {
    /** consensus key */
    publicKey: PublicKey,
    /** in millionths */
    commission: Uint32,
    selfBond: Amount,
    /** by the consensus key over `ProofOfPossession` */
    proof: Signature,
  },
  { typeName: 'ValidatorRegister' },
);
export const KeyChange = new ContainerType(
  { publicKey: PublicKey, /** by the new key */ proof: Signature },
  { typeName: 'KeyChange' },
);
/** What is null stays as it is; a new key votes from the next election on. */
export const ValidatorUpdate = new ContainerType(
  { key: new OptionalType(KeyChange), commission: new OptionalType(Uint32) },
  { typeName: 'ValidatorUpdate' },
);
export const Stake = new ContainerType({ validator: AddressBytes, amount: Amount }, { typeName: 'Stake' });
/** `amount` zero: everything. */
export const Unstake = new ContainerType({ validator: AddressBytes, amount: Amount }, { typeName: 'Unstake' });
/** `validator` is the sender. */
export const Unjail = new ContainerType({ validator: AddressBytes }, { typeName: 'Unjail' });
export const ReportEvidence = new ContainerType({ evidence: Evidence }, { typeName: 'ReportEvidence' });
export const GovernancePropose = new ContainerType(
  { /** 0: the next one after it has passed */ epoch: Uint64, change: Change },
  { typeName: 'GovernancePropose' },
);
export const GovernanceVote = new ContainerType(
  { proposal: Uint64, choice: VoteChoice },
  { typeName: 'GovernanceVote' },
);

/** The position in this list is the union's selector: append only. */
export const ACTION_TYPES = [
  'TRANSFER',
  'MULTI_TRANSFER',
  'VALIDATOR_REGISTER',
  'VALIDATOR_UPDATE',
  'STAKE',
  'UNSTAKE',
  'UNJAIL',
  'EVIDENCE',
  'GOVERNANCE_PROPOSE',
  'GOVERNANCE_VOTE',
] as const;
export type ActionType = (typeof ACTION_TYPES)[number];

export type Output = ValueOf<typeof Output>;
export type Transfer = ValueOf<typeof Transfer>;
export type MultiTransfer = ValueOf<typeof MultiTransfer>;
export type ValidatorRegister = ValueOf<typeof ValidatorRegister>;
export type ValidatorUpdate = ValueOf<typeof ValidatorUpdate>;
export type Stake = ValueOf<typeof Stake>;
export type Unstake = ValueOf<typeof Unstake>;
export type Unjail = ValueOf<typeof Unjail>;
export type ReportEvidence = ValueOf<typeof ReportEvidence>;
export type GovernancePropose = ValueOf<typeof GovernancePropose>;
export type GovernanceVote = ValueOf<typeof GovernanceVote>;
export type TransactionAction =
  | { readonly selector: 0; value: Transfer }
  | { readonly selector: 1; value: MultiTransfer }
  | { readonly selector: 2; value: ValidatorRegister }
  | { readonly selector: 3; value: ValidatorUpdate }
  | { readonly selector: 4; value: Stake }
  | { readonly selector: 5; value: Unstake }
  | { readonly selector: 6; value: Unjail }
  | { readonly selector: 7; value: ReportEvidence }
  | { readonly selector: 8; value: GovernancePropose }
  | { readonly selector: 9; value: GovernanceVote };

export const TransactionAction = new TaggedUnionType(ACTION_TYPES, [
  Transfer,
  MultiTransfer,
  ValidatorRegister,
  ValidatorUpdate,
  Stake,
  Unstake,
  Unjail,
  ReportEvidence,
  GovernancePropose,
  GovernanceVote,
]) as CompositeType<TransactionAction, TransactionAction, TransactionAction>;

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
