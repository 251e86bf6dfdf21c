// What the tests of the ledger are made of: states in a map, transactions without real signatures, parameters.

import { type LedgerState, setAccount } from '../../src/ledger/accounts.ts';
import type { Address } from '../../src/primitives/address.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import type { Parameters } from '../../src/primitives/parameters.ts';
import {
  encodeTransaction,
  type Output,
  type TransactionAction,
  type TransactionEnvelope,
} from '../../src/primitives/transaction.ts';
import { EPOCH_PARAMETERS } from '../helpers/parameters.ts';

export const PARAMETERS: Parameters = {
  minFee: 1_000n,
  feePerByte: 10n,
  accountFee: 50_000n,
  maxBlockBytes: 1 << 20,
  blockTime: 1_000,
  minBlockInterval: 20,
  messageDelay: 250,
  executionAllowance: 500,
  timerCap: 20_000,
  resendInterval: 2_000,
  ...EPOCH_PARAMETERS,
};
export const FREE: Parameters = { ...PARAMETERS, minFee: 0n, feePerByte: 0n, accountFee: 0n };
export const NOW = 1_700_000_000_000;
export const CONTEXT = { parameters: PARAMETERS, timestamp: NOW };
/** Enough for every small transaction here and two new accounts. */
export const FEE = 200_000n;

export class MapState implements LedgerState {
  readonly #entries = new Map<string, [Uint8Array, Uint8Array]>();
  /** how often `get` was called */
  reads = 0;

  get(key: Uint8Array): Uint8Array | undefined {
    this.reads++;
    return this.#entries.get(toHex(key))?.[1];
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#entries.set(toHex(key), [key, value]);
  }

  delete(key: Uint8Array): void {
    this.#entries.delete(toHex(key));
  }

  entries(): IterableIterator<[Uint8Array, Uint8Array]> {
    return this.#entries.values();
  }

  /** Every entry as text, to compare states. */
  dump(): Record<string, string> {
    return Object.fromEntries([...this.#entries].map(([key, [, value]]) => [key, toHex(value)]));
  }
}

/** A state in which the first addresses of `person` have these balances. */
export function stateWith(...balances: bigint[]): MapState {
  const state = new MapState();
  for (const [i, balance] of balances.entries()) setAccount(state, person(i).address, { balance, nonce: 0 });
  return state;
}

export function person(index: number): { publicKey: Uint8Array; address: Address } {
  const publicKey = new Uint8Array(32).fill(index + 1);
  return { publicKey, address: addressOf(publicKey) };
}

export interface Draft {
  from?: number;
  nonce?: number;
  fee?: bigint;
  validUntil?: number;
  memo?: Uint8Array;
}

export function transfer(to: number, amount: bigint, draft: Draft = {}): TransactionEnvelope {
  const memo = draft.memo ?? new Uint8Array(0);
  return envelope({ selector: 0, value: { to: person(to).address, amount, memo } }, draft);
}

export function multiTransfer(
  outputs: readonly (readonly [to: number, amount: bigint])[],
  draft: Draft = {},
): TransactionEnvelope {
  const value: Output[] = outputs.map(([to, amount]) => ({ to: person(to).address, amount }));
  return envelope({ selector: 1, value: { outputs: value, memo: draft.memo ?? new Uint8Array(0) } }, draft);
}

function envelope(
  action: TransactionAction,
  { from = 0, nonce = 0, fee = FEE, validUntil = 0 }: Draft,
): TransactionEnvelope {
  const transaction = { sender: person(from).publicKey, nonce, fee, validUntil, action };
  return encodeTransaction({ transaction, signature: new Uint8Array(64) });
}
