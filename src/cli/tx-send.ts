// The work of `tx send`: asks the node for chain, nonce and fees, signs, sends, and waits as long as it may.

import type { KeyPair } from '../crypto/keys.ts';
import { minimumFee } from '../ledger/rules.ts';
import { parseDuration } from '../node/config/units.ts';
import { type Address, addressOf, formatAddress, parseAddress } from '../primitives/address.ts';
import { fromHex, utf8 } from '../primitives/bytes.ts';
import { fromJson, toJson } from '../primitives/json.ts';
import { Parameters } from '../primitives/parameters.ts';
import {
  encodeTransaction,
  MAX_MEMO_BYTES,
  SignedTransaction,
  type Transaction,
  transactionSigningBytes,
} from '../primitives/transaction.ts';
import { formatAit, parseAit } from '../primitives/units.ts';
import { type CliContext, columns, printResult } from './context.ts';
import { CliError } from './errors.ts';
import { openKey } from './key-files.ts';
import { type ClientOptions, type DataDirOptions, parseDurationOption, rpcClient } from './options.ts';
import type { PassphraseOptions } from './passphrase.ts';
import { type JsonObject, type RpcClient, RpcProblem } from './rpc-client.ts';

export interface SendOptions extends DataDirOptions, ClientOptions, PassphraseOptions {
  readonly from: string;
  readonly to: string;
  readonly amount: string;
  readonly memo: string;
  readonly fee: string;
  readonly nonce?: string;
  /** true without a stage */
  readonly wait?: string | true;
  readonly timeout: string;
}

/** The node ends a wait by itself after its `rpc_timeout`; this much later there is no answer any more. */
const ANSWER_GRACE_MS = 5000;
const ZERO_SIGNATURE = new Uint8Array(64);

export async function send(context: CliContext, options: SendOptions): Promise<void> {
  const wait = parseWait(options.wait);
  const timeoutMs = parseDurationOption(options.timeout, '--timeout', parseDuration);
  const payment = parsePayment(options);
  const key = await openKey(context, options, options.from);
  const client = rpcClient(context, options);
  const network = await client.get('rpc/network_info');
  const transaction = await buildTransaction(client, network, key, payment);
  const signature = key.sign(transactionSigningBytes(transaction, fromHex(String(network.genesis_hash))));
  const signed = toJson(SignedTransaction, { transaction, signature }) as JsonObject;
  const answer =
    wait === undefined ? await client.post('rpc/send_tx', signed) : await submit(client, signed, wait, timeoutMs);
  const receipt = answer.receipt as JsonObject | undefined;
  printResult(context, options, answer, describe(answer, transaction, receipt));
  if (receipt !== undefined && receipt.code !== 'SUCCESS') {
    throw new CliError('refused', `the transaction is in block ${receipt.height} but failed: ${receipt.code}`, {
      code: String(receipt.code),
      hint: 'its fee was taken, nothing else changed',
    });
  }
}

interface Payment {
  readonly to: Address;
  readonly amount: bigint;
  readonly memo: Uint8Array;
  /** undefined: the minimum */
  readonly fee: bigint | undefined;
  /** undefined: the account's next */
  readonly nonce: number | undefined;
}

/** @throws {CliError} or the error of the part that is wrong, before any key is opened. */
function parsePayment({ to, amount, memo, fee, nonce }: SendOptions): Payment {
  const bytes = utf8(memo);
  if (bytes.length > MAX_MEMO_BYTES) {
    throw new CliError('usage', `the memo has ${bytes.length} bytes, at most ${MAX_MEMO_BYTES} are allowed`);
  }
  if (nonce !== undefined && !/^\d{1,15}$/.test(nonce)) {
    throw new CliError('usage', `--nonce: "${nonce}" is no whole number`);
  }
  return {
    to: parseAddress(to),
    amount: parseAit(amount),
    memo: bytes,
    fee: fee === 'auto' ? undefined : parseAit(fee),
    nonce: nonce === undefined ? undefined : Number(nonce),
  };
}

function parseWait(wait: string | true | undefined): string | undefined {
  if (wait === true) return 'finalized';
  if (wait === undefined || wait === 'notarized' || wait === 'finalized') return wait;
  throw new CliError('usage', `--wait: "${wait}" is no stage`, { hint: 'write notarized or finalized' });
}

async function buildTransaction(
  client: RpcClient,
  network: JsonObject,
  key: KeyPair,
  payment: Payment,
): Promise<Transaction> {
  const { to, amount, memo } = payment;
  const nonce = payment.nonce ?? Number((await account(client, addressOf(key.publicKey))).next_nonce);
  const action = { selector: 0, value: { to, amount, memo } } as const;
  const draft = { sender: key.publicKey, nonce, fee: 0n, validUntil: 0, action };
  if (payment.fee !== undefined) return { ...draft, fee: payment.fee };
  const receiver = await account(client, to);
  const isNew = receiver.balance === '0' && receiver.nonce === 0;
  const parameters = fromJson(Parameters, network.parameters);
  // The size does not depend on fee and signature, so that a draft has the right one.
  const envelope = encodeTransaction({ transaction: draft, signature: ZERO_SIGNATURE });
  return { ...draft, fee: minimumFee(envelope, parameters, isNew ? 1 : 0) };
}

function account(client: RpcClient, address: Address): Promise<JsonObject> {
  return client.get(`rpc/get_balance/${formatAddress(address)}`);
}

/** Sending the same transaction again only waits again, so a wait can be longer than one answer may take. */
async function submit(client: RpcClient, signed: JsonObject, wait: string, timeoutMs: number): Promise<JsonObject> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const left = deadline - Date.now();
    try {
      return await client.post(`rpc/send_tx?wait=${wait}`, signed, Math.max(left, 0) + ANSWER_GRACE_MS);
    } catch (error) {
      if (!(error instanceof RpcProblem) || error.code !== 'TIMEOUT') throw error;
      if (Date.now() >= deadline) {
        throw new CliError('timeout', `the transaction was not ${wait} within ${timeoutMs / 1000} s`, {
          code: 'TIMEOUT',
          hint: 'it is still pending: `aitbc-node tx show` tells, and `aitbc-node status` whether the chain goes on',
        });
      }
    }
  }
}

function describe(answer: JsonObject, transaction: Transaction, receipt: JsonObject | undefined): string[] {
  const rows: [string, string][] = [
    ['transaction', String(answer.tx_hash)],
    ['status', String(answer.status)],
    ['fee', formatAit(transaction.fee)],
  ];
  if (receipt !== undefined) rows.push(['block', String(receipt.height)]);
  return columns(rows);
}
