// What the mempool tests share: accounts with real keys, and a finalized head that a test can move.

import { KeyPair, verifyNative } from '../../src/crypto/keys.ts';
import { setAccount } from '../../src/ledger/accounts.ts';
import type { MempoolLimits } from '../../src/mempool/limits.ts';
import { Mempool, type MempoolOptions } from '../../src/mempool/mempool.ts';
import type { RejectCode } from '../../src/mempool/results.ts';
import type { SignatureVerdict } from '../../src/mempool/signatures.ts';
import { transactionChecks } from '../../src/primitives/action-signatures.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import type { Parameters } from '../../src/primitives/parameters.ts';
import {
  encodeTransaction,
  type Transaction,
  type TransactionAction,
  type TransactionEnvelope,
  transactionSigningBytes,
} from '../../src/primitives/transaction.ts';
import { EPOCH_PARAMETERS } from '../helpers/parameters.ts';

export const GENESIS_HASH = sha256(new TextEncoder().encode('mempool tests'));

export const PARAMETERS: Parameters = {
  minFee: 1_000n,
  feePerByte: 0n,
  accountFee: 0n,
  maxBlockBytes: 1 << 20,
  blockTime: 1_000,
  minBlockInterval: 50,
  messageDelay: 250,
  executionAllowance: 200,
  timerCap: 60_000,
  resendInterval: 2_000,
  ...EPOCH_PARAMETERS,
};

export interface Wish {
  nonce?: number;
  fee?: bigint;
  amount?: bigint;
  validUntil?: number;
  memoBytes?: number;
  to?: Uint8Array;
}

/** A sender; always the same one for a number. */
export class Account {
  readonly key: KeyPair;
  readonly address: Uint8Array;

  constructor(number: number) {
    const seed = new Uint8Array(32);
    new DataView(seed.buffer).setUint32(0, number + 1);
    this.key = new KeyPair(seed);
    this.address = addressOf(this.key.publicKey);
  }

  pay({ nonce = 0, fee = 1_000n, amount = 1n, validUntil = 0, memoBytes = 0, to }: Wish = {}): TransactionEnvelope {
    const value = { to: to ?? this.address, amount, memo: new Uint8Array(memoBytes).fill(97) };
    return this.send({ selector: 0, value }, { nonce, fee, validUntil });
  }

  send(action: TransactionAction, { nonce = 0, fee = 1_000n, validUntil = 0 }: Wish = {}): TransactionEnvelope {
    const transaction: Transaction = { sender: this.key.publicKey, nonce, fee, validUntil, action };
    const signature = this.key.sign(transactionSigningBytes(transaction, GENESIS_HASH));
    return encodeTransaction({ transaction, signature });
  }
}

/** The same bytes under a signature that is not the sender's. */
export function forge({ signed }: TransactionEnvelope): TransactionEnvelope {
  const signature = signed.signature.slice();
  signature[0] = (signature[0] ?? 0) ^ 1;
  return encodeTransaction({ ...signed, signature });
}

export async function verifyAll(envelopes: readonly TransactionEnvelope[]): Promise<SignatureVerdict[]> {
  return envelopes.map((envelope) => {
    const checks = transactionChecks(envelope, GENESIS_HASH);
    if (typeof checks === 'string') return checks;
    const broken = checks.find(({ publicKey, message, signature }) => !verifyNative(publicKey, message, signature));
    return broken?.fault ?? 'good';
  });
}

export class Head {
  readonly #entries = new Map<string, Uint8Array>();
  timestamp = 1_000_000;
  parameters = PARAMETERS;

  readonly state = { get: (key: Uint8Array): Uint8Array | undefined => this.#entries.get(toHex(key)) };

  set(account: Account, balance: bigint, nonce = 0): void {
    const state = {
      get: this.state.get,
      set: (key: Uint8Array, value: Uint8Array) => {
        this.#entries.set(toHex(key), value);
      },
      delete: (key: Uint8Array) => {
        this.#entries.delete(toHex(key));
      },
    };
    setAccount(state, account.address, { balance, nonce });
  }
}

export const RICH = 1_000_000_000n;

/** A mempool on a head where `accounts` are rich, and the record of its drops. */
export function setup(
  accounts: readonly Account[],
  limits: Partial<MempoolLimits> = {},
  verify: MempoolOptions['verify'] = verifyAll,
) {
  const head = new Head();
  for (const account of accounts) head.set(account, RICH);
  const mempool = new Mempool({ head: () => head, verify, limits });
  const dropped: [id: string, reason: string][] = [];
  mempool.on('dropped', ({ idHex }, reason) => dropped.push([idHex, reason]));
  return { head, mempool, dropped };
}

/** 'accepted', 'known' or the code of a rejection. */
export async function outcome(mempool: Mempool, envelope: TransactionEnvelope): Promise<string> {
  const result = await mempool.add(envelope);
  return result.status === 'rejected' ? result.code : result.status;
}

export type Outcome = 'accepted' | 'known' | RejectCode;
