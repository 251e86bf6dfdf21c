// What the tests of the ledger are made of: states in a map, transactions without real signatures, parameters, epochs.

import { type LedgerState, setAccount } from '../../src/ledger/accounts.ts';
import type { BlockContext } from '../../src/ledger/block.ts';
import { authorities, epochRange, epochs, supply } from '../../src/ledger/records.ts';
import type { Address } from '../../src/primitives/address.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { type EpochRecord, FIRST_EPOCH } from '../../src/primitives/epoch.ts';
import { CONSENSUS_MODES, type Genesis } from '../../src/primitives/genesis.ts';
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
/** An epoch with nobody in it, for what does not look at the set. */
export const EPOCH: EpochRecord = {
  epoch: FIRST_EPOCH,
  mode: CONSENSUS_MODES.indexOf('hybrid'),
  start: NOW - 60_000,
  startHeight: 0,
  protocolVersion: 1,
  parameters: PARAMETERS,
  validators: [],
};
export const CONTEXT = contextOf(EPOCH);
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

  /** With the same entries. */
  copy(): MapState {
    const copy = new MapState();
    for (const [key, value] of this.entries()) copy.set(key, value);
    return copy;
  }

  /** Every entry as text, to compare states. */
  dump(): Record<string, string> {
    return Object.fromEntries([...this.#entries].map(([key, [, value]]) => [key, toHex(value)]));
  }
}

/** The context of a block in an epoch, `NOW` when nothing else is said. */
export function contextOf(epoch: EpochRecord, timestamp = NOW): BlockContext {
  return { epoch, parameters: epoch.parameters, timestamp, height: 1 };
}

/** A genesis with these accounts, by the index of `person`, and without validators. */
export function genesisOf(accounts: Iterable<readonly [index: number, balance: bigint]>): Genesis {
  return {
    chainId: new Uint8Array(0),
    genesisTime: 0,
    mode: EPOCH.mode,
    parameters: PARAMETERS,
    authorities: [],
    stakers: [],
    accounts: [...accounts].map(([index, balance]) => ({ address: person(index).address, balance })),
  };
}

/** As `stateWith`, in the midst of a chain's first epoch: its records and the counters of supply are there too. */
export function chainWith(balances: readonly bigint[], epoch: EpochRecord = EPOCH): MapState {
  const state = stateWith(...balances);
  supply.set(state, { initial: balances.reduce((sum, balance) => sum + balance, 0n), minted: 0n, burned: 0n });
  epochs.set(state, epoch, epoch.epoch);
  epochRange.set(state, { current: epoch.epoch, oldest: epoch.epoch });
  authorities.set(state, []);
  return state;
}

/** Begins the next epoch without judging the one that ends. */
export function nextEpoch(state: LedgerState, start: number): EpochRecord {
  const range = epochRange.get(state);
  const next = { ...epochs.get(state, range.current), epoch: range.current + 1, start };
  epochs.set(state, next, next.epoch);
  epochRange.set(state, { ...range, current: next.epoch });
  return next;
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

export function envelope(
  action: TransactionAction,
  { from = 0, nonce = 0, fee = FEE, validUntil = 0 }: Draft = {},
): TransactionEnvelope {
  const transaction = { sender: person(from).publicKey, nonce, fee, validUntil, action };
  return encodeTransaction({ transaction, signature: new Uint8Array(64) });
}
