// Accounts and the fee pool as state records. A record is written when an account first receives or sends, and is
// never deleted, so that a nonce is never used twice. The codec is SSZ's Account by hand: it runs for each transfer.

import { type Account, accountKey, EMPTY_ACCOUNT, FEE_POOL_KEY } from '../primitives/account.ts';
import type { Address } from '../primitives/address.ts';
import { MAX_AMOUNT } from '../primitives/ssz.ts';
import { CorruptStateError } from './errors.ts';

/** The part of a state that execution reads. */
export interface LedgerReader {
  get(key: Uint8Array): Uint8Array | undefined;
}

/** The state that execution reads and writes. Values set are not changed afterwards. */
export interface LedgerState extends LedgerReader {
  set(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
}

const AMOUNT_BYTES = 8;
const ACCOUNT_BYTES = 16;
const NONCE_LOW = 8;
const NONCE_HIGH = 12;
const TWO_32 = 2 ** 32;

/** Where one record at a time is taken apart and put together: a DataView made for each record costs more than the rest. */
const scratch = new Uint8Array(ACCOUNT_BYTES);
const view = new DataView(scratch.buffer);

/** The account of an address; undefined when it has no record. */
export function findAccount(state: LedgerReader, address: Address): Account | undefined {
  const record = state.get(accountKey(address));
  return record === undefined ? undefined : decodeAccount(record);
}

/** The account of an address; zeros when it has no record. */
export function getAccount(state: LedgerReader, address: Address): Readonly<Account> {
  return findAccount(state, address) ?? EMPTY_ACCOUNT;
}

export function setAccount(state: LedgerState, address: Address, account: Readonly<Account>): void {
  state.set(accountKey(address), encodeAccount(account));
}

/** Fees taken and not yet given to anyone. */
export function getFeePool(state: LedgerReader): bigint {
  const record = state.get(FEE_POOL_KEY);
  return record === undefined ? 0n : decodeFeePool(record);
}

export function setFeePool(state: LedgerState, amount: bigint): void {
  state.set(FEE_POOL_KEY, encodeFeePool(amount));
}

/** @throws {CorruptStateError} when the bytes are no account record. */
export function decodeAccount(record: Uint8Array): Account {
  load(record, ACCOUNT_BYTES);
  const nonce = view.getUint32(NONCE_LOW, true) + view.getUint32(NONCE_HIGH, true) * TWO_32;
  if (nonce > Number.MAX_SAFE_INTEGER) throw new CorruptStateError(`an account has nonce ${nonce}`);
  return { balance: view.getBigUint64(0, true), nonce };
}

/** @throws {CorruptStateError} when the bytes are no fee pool record. */
export function decodeFeePool(record: Uint8Array): bigint {
  load(record, AMOUNT_BYTES);
  return view.getBigUint64(0, true);
}

function encodeAccount({ balance, nonce }: Readonly<Account>): Uint8Array {
  view.setBigUint64(0, checkedAmount(balance), true);
  view.setUint32(NONCE_LOW, nonce % TWO_32, true);
  view.setUint32(NONCE_HIGH, Math.floor(nonce / TWO_32), true);
  return unload(ACCOUNT_BYTES);
}

function encodeFeePool(amount: bigint): Uint8Array {
  view.setBigUint64(0, checkedAmount(amount), true);
  return unload(AMOUNT_BYTES);
}

/** Execution never gets here with such an amount; were it wrong, money would come or go by wrapping silently. */
function checkedAmount(amount: bigint): bigint {
  if (amount < 0n || amount > MAX_AMOUNT) throw new CorruptStateError(`the amount ${amount} is not of 64 bits`);
  return amount;
}

function load(record: Uint8Array, bytes: number): void {
  if (record.length !== bytes) throw new CorruptStateError(`a record of ${record.length} bytes, expected ${bytes}`);
  for (let i = 0; i < bytes; i++) scratch[i] = record[i] as number;
}

function unload(bytes: number): Uint8Array {
  const record = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) record[i] = scratch[i] as number;
  return record;
}
