// Keys and signed transactions of the tests' users.

import { KeyPair } from '../../../src/crypto/keys.ts';
import { publishedKeys } from '../../../src/node/devnet-keys.ts';
import { addressOf, formatAddress, parseAddress } from '../../../src/primitives/address.ts';
import { type JsonValue, toJson } from '../../../src/primitives/json.ts';
import { encodeText } from '../../../src/primitives/ssz.ts';
import {
  encodeTransaction,
  MAX_OUTPUTS,
  SignedTransaction,
  type Transaction,
  type TransactionAction,
  transactionSigningBytes,
} from '../../../src/primitives/transaction.ts';
import type { Rpc } from './rpc.ts';
import { eventually } from './wait.ts';

/** Well above the minimum of the devnet's genesis for every transaction that the tests send. */
export const FEE = 100_000n;
/** MULTI_TRANSFER to as many new accounts as fit. */
const FUNDING_FEE = 10_000_000n;

export interface Signed {
  readonly hash: string;
  /** as `send_tx` takes it */
  readonly json: JsonValue;
}

/** One account; it counts its nonce by itself. */
export class Wallet {
  readonly key: KeyPair;
  /** `ait1…` */
  readonly address: string;
  readonly #genesisHash: Uint8Array;
  nonce = 0;

  constructor(genesisHash: Uint8Array, key: KeyPair = KeyPair.generate()) {
    this.key = key;
    this.address = formatAddress(addressOf(key.publicKey));
    this.#genesisHash = genesisHash;
  }

  transfer(to: string, amount: bigint, changes: Partial<Transaction> = {}): Signed {
    const value = { to: parseAddress(to), amount, memo: encodeText('') };
    return this.#sign({ fee: FEE, ...changes, action: { selector: 0, value } });
  }

  multiTransfer(to: readonly string[], amount: bigint): Signed {
    const outputs = to.map((address) => ({ to: parseAddress(address), amount }));
    return this.#sign({ fee: FUNDING_FEE, action: { selector: 1, value: { outputs, memo: encodeText('') } } });
  }

  #sign(parts: Partial<Transaction> & { action: TransactionAction }): Signed {
    const nonce = parts.nonce ?? this.nonce++;
    const transaction: Transaction = { sender: this.key.publicKey, fee: FEE, validUntil: 0, ...parts, nonce };
    const signature = this.key.sign(transactionSigningBytes(transaction, this.#genesisHash));
    const signed = { transaction, signature };
    return { hash: encodeTransaction(signed).idHex, json: toJson(SignedTransaction, signed) };
  }
}

/** A wallet of one of the published keys, at the nonce that the chain says. */
export async function publishedWallet(name: string, genesisHash: Uint8Array, rpc: Rpc): Promise<Wallet> {
  const published = (await publishedKeys()).find((key) => key.name === name);
  if (published === undefined) throw new Error(`there is no published key ${name}`);
  const wallet = new Wallet(genesisHash, published.key);
  wallet.nonce = (await rpc.balance(wallet.address)).nonce;
  return wallet;
}

/** New accounts with `amount` each, paid by `from`. Resolves when they are final. */
export async function fundWallets(
  rpc: Rpc,
  genesisHash: Uint8Array,
  from: Wallet,
  count: number,
  amount: bigint,
): Promise<Wallet[]> {
  const wallets = Array.from({ length: count }, () => new Wallet(genesisHash));
  for (let start = 0; start < count; start += MAX_OUTPUTS) {
    const addresses = wallets.slice(start, start + MAX_OUTPUTS).map(({ address }) => address);
    await finalizedBy(rpc, from.multiTransfer(addresses, amount));
  }
  return wallets;
}

/** Sends until the node says that it is final; the same transaction again is no mistake. */
export function finalizedBy(
  rpc: Rpc,
  { json, hash }: Signed,
): Promise<{ height: number; index: number; code: string }> {
  return eventually(`${hash} is finalized`, async () => {
    const { status, receipt } = await rpc.sendAndWait(json);
    return status === 'finalized' && receipt;
  });
}
