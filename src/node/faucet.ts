// Gives away coins of a test network from a funded key, in real transactions like anyone else's.

import type { KeyPair } from '../crypto/keys.ts';
import { minimumFee } from '../ledger/rules.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { AddResult } from '../mempool/results.ts';
import { type Address, addressOf } from '../primitives/address.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { encodeText } from '../primitives/ssz.ts';
import {
  encodeTransaction,
  type Transaction,
  type TransactionEnvelope,
  transactionSigningBytes,
} from '../primitives/transaction.ts';
import { UNITS_PER_AIT } from '../primitives/units.ts';

const GIFT = 100n * UNITS_PER_AIT;
/** A gift may make an account. */
const NEW_ACCOUNTS = 1;

export interface FaucetOptions {
  readonly key: KeyPair;
  readonly genesisHash: Hash;
  /** of the present epoch */
  readonly parameters: () => Parameters;
  readonly mempool: Pick<Mempool, 'nextNonce'>;
  readonly submit: (envelope: TransactionEnvelope) => Promise<AddResult>;
}

export interface Gift {
  readonly envelope: TransactionEnvelope;
  readonly amount: bigint;
  readonly result: AddResult;
}

export class Faucet {
  readonly #o: FaucetOptions;
  /** Gifts leave one after the other, so that each has the nonce after the last. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: FaucetOptions) {
    this.#o = options;
  }

  give(to: Address): Promise<Gift> {
    const gift = this.#turn.then(() => this.#give(to));
    this.#turn = gift.catch(() => undefined);
    return gift;
  }

  async #give(to: Address): Promise<Gift> {
    const { key, mempool, parameters, submit } = this.#o;
    const draft: Transaction = {
      sender: key.publicKey,
      nonce: mempool.nextNonce(addressOf(key.publicKey)),
      fee: 0n,
      validUntil: 0,
      action: { selector: 0, value: { to, amount: GIFT, memo: encodeText('faucet') } },
    };
    // The fee has a fixed width, so the signed size is known before the fee is.
    const fee = minimumFee(this.#sign(draft), parameters(), NEW_ACCOUNTS);
    const envelope = this.#sign({ ...draft, fee });
    return { envelope, amount: GIFT, result: await submit(envelope) };
  }

  #sign(transaction: Transaction): TransactionEnvelope {
    const signature = this.#o.key.sign(transactionSigningBytes(transaction, this.#o.genesisHash));
    return encodeTransaction({ transaction, signature });
  }
}
