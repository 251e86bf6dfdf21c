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
  /** epoch (8 bytes, big-endian) → EpochRecord, of those that evidence or unbonding may still need */
  epoch: 3,
  /** no key → EpochRange */
  epochRange: 4,
  /** no key → Activity, of the present epoch */
  activity: 5,
  /** operator's address → ValidatorRecord */
  validator: 6,
  /** consensus key → AddressRecord: the operator who has it or had it; a key is used once */
  consensusKey: 7,
  /** no key → AddressList, ordered: stakers that have staked enough on themselves to be elected */
  candidates: 8,
  /** no key → AddressList, ordered */
  authorities: 9,
  /** delegator's address → StakeAccount */
  stake: 10,
  /** validator's address ‖ epoch → Pool of what was unstaked in that epoch */
  unbondingPool: 11,
  /** position → Payout */
  payout: 12,
  /** no key → PayoutQueue */
  payoutQueue: 13,
  /** no key → OffenceList, oldest first */
  offences: 14,
  /** number → ProposalRecord */
  proposal: 15,
  /** no key → ProposalIndex */
  proposalIndex: 16,
  /** no key → Supply */
  supply: 17,
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
