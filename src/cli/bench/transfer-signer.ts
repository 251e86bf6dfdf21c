// The transfers that the benchmark sends, by number: who pays whom, with which nonce, signed. The same number always
// gives the same bytes, so that threads can share the work.

import { KeyPair } from '../../crypto/keys.ts';
import { addressOf } from '../../primitives/address.ts';
import { concatBytes, utf8 } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import { sha256 } from '../../primitives/hash.ts';
import { SignedTransaction, transactionSigningBytes } from '../../primitives/transaction.ts';

const ADDRESS_BYTES = 20;
const NO_MEMO = new Uint8Array(0);
/** Coprime to any sensible number of accounts: payments of a block go all over the state. */
const STRIDE = 7_919;

/** Structured-cloneable: threads receive it. */
export interface TransferPlan {
  readonly genesisHash: Hash;
  /** of all accounts, 20 bytes each */
  readonly addresses: Uint8Array;
  /** Every lane has senders of its own, an equal share of the accounts; a lane is what one node is sent. */
  readonly lanes: number;
  /** units */
  readonly fee: bigint;
}

export function benchKey(account: number): KeyPair {
  return new KeyPair(sha256(utf8(`aitbc-node bench account ${account}`)));
}

/** Addresses of the first `count` accounts, 20 bytes each. */
export function benchAddresses(count: number): Uint8Array {
  return concatBytes(...Array.from({ length: count }, (_, account) => addressOf(benchKey(account).publicKey)));
}

export function addressAt(addresses: Uint8Array, account: number): Uint8Array {
  return addresses.subarray(ADDRESS_BYTES * account, ADDRESS_BYTES * (account + 1));
}

export class TransferSigner {
  readonly #plan: TransferPlan;
  readonly #accounts: number;
  readonly #senders: number;
  readonly #keys = new Map<number, KeyPair>();

  constructor(plan: TransferPlan) {
    this.#plan = plan;
    this.#accounts = plan.addresses.length / ADDRESS_BYTES;
    this.#senders = Math.floor(this.#accounts / plan.lanes);
  }

  /**
   * Transfer `number` of a lane: its senders take turns, and each counts its nonces up from 0.
   * @returns ssz(SignedTransaction), of the same length for every transfer.
   */
  sign(lane: number, number: number): Uint8Array {
    const { genesisHash, addresses, fee } = this.#plan;
    const account = lane * this.#senders + (number % this.#senders);
    const key = this.#keyOf(account);
    const distance = 1 + ((number * STRIDE) % (this.#accounts - 1));
    const to = addressAt(addresses, (account + distance) % this.#accounts);
    const transaction = {
      sender: key.publicKey,
      nonce: Math.floor(number / this.#senders),
      fee,
      validUntil: 0,
      action: { selector: 0 as const, value: { to, amount: 1n, memo: NO_MEMO } },
    };
    const signature = key.sign(transactionSigningBytes(transaction, genesisHash));
    return SignedTransaction.serialize({ transaction, signature });
  }

  #keyOf(account: number): KeyPair {
    let key = this.#keys.get(account);
    if (key === undefined) {
      key = benchKey(account);
      this.#keys.set(account, key);
    }
    return key;
  }
}
