// A transaction on its way from a command to a block: asks the node for chain, nonce and fees, signs with a key of the
// data directory, sends, waits as long as it may, and says what became of it.

import type { KeyPair } from '../crypto/keys.ts';
import { outputsOf } from '../ledger/outputs.ts';
import { minimumFee } from '../ledger/rules.ts';
import { parseDuration } from '../node/config/units.ts';
import { type Address, addressOf, formatAddress } from '../primitives/address.ts';
import { fromHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { fromJson, toJson } from '../primitives/json.ts';
import { Parameters } from '../primitives/parameters.ts';
import {
  encodeTransaction,
  SignedTransaction,
  type Transaction,
  type TransactionAction,
  transactionSigningBytes,
} from '../primitives/transaction.ts';
import { formatAit, parseAit } from '../primitives/units.ts';
import { actionRows } from './action-rows.ts';
import { type CliContext, columns, printResult } from './context.ts';
import { CliError } from './errors.ts';
import { openKey } from './key-files.ts';
import { parseDurationOption, rpcClient } from './options.ts';
import { receiptWords } from './receipt-words.ts';
import { type JsonObject, type RpcClient, RpcProblem } from './rpc-client.ts';
import type { TransactionOptions } from './transaction-options.ts';

/** The node ends a wait by itself after its `rpc_timeout`; this much later there is no answer any more. */
const ANSWER_GRACE_MS = 5000;
const ZERO_SIGNATURE = new Uint8Array(64);

/** Who sends, and to which network. */
export interface Sender {
  readonly key: KeyPair;
  readonly address: Address;
  readonly genesisHash: Hash;
  readonly client: RpcClient;
  /** of the present epoch */
  readonly parameters: Parameters;
}

export interface Submission {
  /** What is to be done; what the user typed has been read before. */
  action(sender: Sender): TransactionAction | Promise<TransactionAction>;
  /** More to say of a transaction that has done it in a final block: fields of the JSON, and rows for people. */
  outcome?(sender: Sender): Promise<Readonly<Record<string, string | number>>>;
}

/** @throws {CliError} when it can not be sent, is refused, fails, or is not seen in time */
export async function submit(context: CliContext, options: TransactionOptions, submission: Submission): Promise<void> {
  const terms = parseTerms(options);
  const key = await openKey(context, options, options.from);
  const client = rpcClient(context, options);
  const network = await client.get('rpc/network_info');
  const sender: Sender = {
    key,
    address: addressOf(key.publicKey),
    genesisHash: fromHex(String(network.genesis_hash)),
    client,
    parameters: fromJson(Parameters, network.parameters),
  };
  const transaction = await build(sender, await submission.action(sender), terms);
  const signature = key.sign(transactionSigningBytes(transaction, sender.genesisHash));
  const signed = toJson(SignedTransaction, { transaction, signature }) as JsonObject;
  const answer = await post(client, signed, terms);
  const receipt = answer.receipt as JsonObject | undefined;
  const isDone = answer.status === 'finalized' && receipt?.code === 'SUCCESS';
  const outcome = (isDone ? await submission.outcome?.(sender) : undefined) ?? {};
  const rows = Object.entries(outcome).map(([name, value]): [string, string] => [
    name.replaceAll('_', ' '),
    String(value),
  ]);
  const lines = columns([...describe(answer, signed.transaction as JsonObject), ...rows]);
  printResult(context, options, { ...answer, ...outcome }, lines);
  if (receipt !== undefined && receipt.code !== 'SUCCESS') {
    const code = String(receipt.code);
    throw new CliError('refused', `the transaction is in block ${receipt.height} but failed: ${receiptWords(code)}`, {
      code,
      hint: 'its fee was taken, nothing else changed',
    });
  }
}

/** How a transaction is paid for and waited for. */
interface Terms {
  /** undefined: the minimum */
  readonly fee: bigint | undefined;
  /** undefined: the account's next */
  readonly nonce: number | undefined;
  /** undefined: not at all */
  readonly wait: 'notarized' | 'finalized' | undefined;
  readonly timeoutMs: number;
}

/** @throws {CliError} or the error of the part that is wrong, before any key is opened. */
function parseTerms({ fee, nonce, wait, timeout }: TransactionOptions): Terms {
  if (nonce !== undefined && !/^\d{1,15}$/.test(nonce)) {
    throw new CliError('usage', `--nonce: "${nonce}" is no whole number`);
  }
  return {
    fee: fee === 'auto' ? undefined : parseAit(fee),
    nonce: nonce === undefined ? undefined : Number(nonce),
    wait: parseWait(wait),
    timeoutMs: parseDurationOption(timeout, '--timeout', parseDuration),
  };
}

function parseWait(wait: string | true | undefined): Terms['wait'] {
  if (wait === true) return 'finalized';
  if (wait === undefined || wait === 'notarized' || wait === 'finalized') return wait;
  throw new CliError('usage', `--wait: "${wait}" is no stage`, { hint: 'write notarized or finalized' });
}

async function build(sender: Sender, action: TransactionAction, terms: Terms): Promise<Transaction> {
  const { key, client, address, parameters } = sender;
  const nonce = terms.nonce ?? Number((await account(client, address)).next_nonce);
  const draft = { sender: key.publicKey, nonce, fee: 0n, validUntil: 0, action };
  if (terms.fee !== undefined) return { ...draft, fee: terms.fee };
  // The size does not depend on fee and signature, so that a draft has the right one.
  const envelope = encodeTransaction({ transaction: draft, signature: ZERO_SIGNATURE });
  return { ...draft, fee: minimumFee(envelope, parameters, await countNewAccounts(client, action)) };
}

/** Those that the action pays and that hold nothing yet. */
async function countNewAccounts(client: RpcClient, action: TransactionAction): Promise<number> {
  const paid = await Promise.all(outputsOf(action).map(({ to }) => account(client, to)));
  return paid.filter(({ balance, nonce }) => balance === '0' && nonce === 0).length;
}

function account(client: RpcClient, address: Address): Promise<JsonObject> {
  return client.get(`rpc/get_balance/${formatAddress(address)}`);
}

/** Sending the same transaction again only waits again, so a wait can be longer than one answer may take. */
async function post(client: RpcClient, signed: JsonObject, { wait, timeoutMs }: Terms): Promise<JsonObject> {
  if (wait === undefined) return client.post('rpc/send_tx', signed);
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

function describe(answer: JsonObject, { action, fee }: JsonObject): [name: string, value: string][] {
  const receipt = answer.receipt as JsonObject | undefined;
  return [
    ['transaction', String(answer.tx_hash)],
    ...actionRows(action as JsonObject),
    ['fee', formatAit(BigInt(String(fee)))],
    ['status', String(answer.status)],
    ...(receipt === undefined ? [] : [['block', String(receipt.height)] as [string, string]]),
  ];
}
