// State records and the keys under which they live. A state key is `namespace byte ‖ key bytes`;
// its place in the state tree is sha256 of that.

import { ContainerType, type ValueOf } from '@chainsafe/ssz';
import type { Address } from './address.ts';
import { Amount, Uint64 } from './ssz.ts';

/** Append only: the numbers are part of every state root. */
export const STATE_NAMESPACES = {
  /** address → Account */
  account: 1,
  /** no key → FeePool */
  feePool: 2,
} as const;

export const Account = new ContainerType({ balance: Amount, nonce: Uint64 }, { typeName: 'Account' });
/** Fees taken and not yet given to anyone. */
export const FeePool = new ContainerType({ amount: Amount }, { typeName: 'FeePool' });

export type Account = ValueOf<typeof Account>;
export type FeePool = ValueOf<typeof FeePool>;

export const EMPTY_ACCOUNT: Readonly<Account> = { balance: 0n, nonce: 0 };

export function accountKey(address: Address): Uint8Array {
  const key = new Uint8Array(1 + address.length);
  key[0] = STATE_NAMESPACES.account;
  key.set(address, 1);
  return key;
}

export const FEE_POOL_KEY: Uint8Array = Uint8Array.of(STATE_NAMESPACES.feePool);
