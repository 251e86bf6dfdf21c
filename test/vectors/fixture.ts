// The world of the test vectors: keys from fixed seeds, one genesis with four authorities, and transactions by its accounts.

import { type Address, addressOf } from '../../src/primitives/address.ts';
import { compareBytes, utf8 } from '../../src/primitives/bytes.ts';
import { publicKeyOf, sign } from '../../src/primitives/ed25519.ts';
import { type Genesis, genesisHash } from '../../src/primitives/genesis.ts';
import {
  encodeTransaction,
  type Transaction,
  type TransactionAction,
  type TransactionEnvelope,
  transactionSigningBytes,
} from '../../src/primitives/transaction.ts';
import { EPOCH_PARAMETERS } from '../helpers/parameters.ts';

export interface Key {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly address: Address;
}

/** The seed is 32 times the byte `number`. */
export function keyOf(number: number): Key {
  const seed = new Uint8Array(32).fill(number);
  const publicKey = publicKeyOf(seed);
  return { seed, publicKey, address: addressOf(publicKey) };
}

export const ALICE: Key = keyOf(1);
export const BOB: Key = keyOf(2);
/** Has no account in genesis. */
export const CAROL: Key = keyOf(3);

/** Ordered by public key: the position is the member index. */
export const VALIDATORS: readonly Key[] = [11, 12, 13, 14]
  .map(keyOf)
  .sort((a, b) => compareBytes(a.publicKey, b.publicKey));

export const GENESIS: Genesis = {
  chainId: utf8('ait-vectors'),
  genesisTime: 1_700_000_000_000,
  mode: 0,
  parameters: {
    minFee: 1_000n,
    feePerByte: 10n,
    accountFee: 10_000n,
    maxBlockBytes: 1_048_576,
    blockTime: 1_000,
    minBlockInterval: 100,
    messageDelay: 250,
    executionAllowance: 250,
    timerCap: 16_000,
    resendInterval: 1_000,
    ...EPOCH_PARAMETERS,
  },
  authorities: VALIDATORS.map(({ publicKey, address }) => ({ publicKey, address })).sort((a, b) =>
    compareBytes(a.address, b.address),
  ),
  stakers: [],
  accounts: [
    { address: ALICE.address, balance: 5_000_000_000n },
    { address: BOB.address, balance: 1_000_000n },
  ],
};
export const GENESIS_HASH = genesisHash(GENESIS);

export function signTransaction(key: Key, fields: Omit<Transaction, 'sender'>): TransactionEnvelope {
  const transaction = { sender: key.publicKey, ...fields };
  return encodeTransaction({
    transaction,
    signature: sign(key.seed, transactionSigningBytes(transaction, GENESIS_HASH)),
  });
}

export function transfer(to: Key, amount: bigint, memo = ''): TransactionAction {
  return { selector: 0, value: { to: to.address, amount, memo: utf8(memo) } };
}

export function multiTransfer(outputs: readonly [Key, bigint][], memo = ''): TransactionAction {
  const list = outputs.map(([to, amount]) => ({ to: to.address, amount }));
  return { selector: 1, value: { outputs: list, memo: utf8(memo) } };
}
