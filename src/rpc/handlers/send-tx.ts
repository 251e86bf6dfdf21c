// send_tx: takes a signed transaction in one of its forms. The busiest call: it is read by hand, since the JSON codec
// checks every field anyway.

import { fromHex } from '../../primitives/bytes.ts';
import { fromJson, JsonError } from '../../primitives/json.ts';
import {
  decodeTransaction,
  encodeTransaction,
  MAX_TRANSACTION_BYTES,
  SignedTransaction,
  type TransactionEnvelope,
} from '../../primitives/transaction.ts';
import { fieldProblem, jsonProblem } from '../params.ts';
import { RpcProblem } from '../problems.ts';
import { WAIT_LEVELS, type WaitLevel } from '../tracker.ts';
import type { Caller, Method, Services } from './method.ts';
import { type SubmissionView, settle } from './settle.ts';

export interface Submission {
  readonly envelope: TransactionEnvelope;
  readonly wait: WaitLevel | undefined;
}

/** Takes `{transaction, signature}` or `{ssz}`, both with an optional `wait`. */
export const sendTransaction: Method = {
  positions: ['transaction', 'signature', 'wait'],
  sideBySide: true,
  call(services, params, caller) {
    return submit(services, readSubmission(params), caller);
  },
};

/** @throws {RpcProblem} the mempool's refusal, DROPPED, TIMEOUT */
export async function submit(
  services: Pick<Services, 'mempool' | 'blocks' | 'tracker' | 'timeoutMs'>,
  { envelope, wait }: Submission,
  caller: Caller,
): Promise<SubmissionView> {
  return settle(services, envelope, await services.mempool.add(envelope), wait, caller);
}

/** @throws {RpcProblem} */
export function readSubmission(params: unknown): Submission {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new RpcProblem('INVALID_FIELD', 'expected an object with transaction and signature, or with ssz');
  }
  const { wait, ...rest } = params as Record<string, unknown>;
  return { envelope: Object.hasOwn(rest, 'ssz') ? readHex(rest) : readJson(rest), wait: readWait(wait) };
}

/**
 * @param bytes ssz(SignedTransaction)
 * @param path of the field that has them, for the error
 * @throws {RpcProblem}
 */
export function readEncoded(bytes: Uint8Array, path: string): TransactionEnvelope {
  if (bytes.length > MAX_TRANSACTION_BYTES) {
    throw fieldProblem(
      'INVALID_FIELD',
      path,
      `${bytes.length} bytes, a transaction has at most ${MAX_TRANSACTION_BYTES}`,
    );
  }
  try {
    return decodeTransaction(bytes);
  } catch {
    // The decoder's messages speak of offsets inside the encoding, which help nobody.
    throw fieldProblem('INVALID_FIELD', path, 'these bytes are no SSZ of a signed transaction');
  }
}

/** @throws {RpcProblem} */
export function readWait(wait: unknown): WaitLevel | undefined {
  if (wait === undefined) return undefined;
  const level = WAIT_LEVELS.find((name) => name === wait);
  if (level !== undefined) return level;
  throw fieldProblem('INVALID_FIELD', 'wait', `expected ${WAIT_LEVELS.join(' or ')}`);
}

function readHex({ ssz, ...others }: Record<string, unknown>): TransactionEnvelope {
  const [other] = Object.keys(others);
  if (other !== undefined) throw fieldProblem('UNKNOWN_FIELD', other, 'unknown field beside ssz');
  let bytes: Uint8Array;
  try {
    if (typeof ssz !== 'string') throw new RangeError('no text');
    bytes = fromHex(ssz);
  } catch {
    throw fieldProblem('BAD_HEX', 'ssz', 'expected an even number of lower-case hex digits without prefix');
  }
  return readEncoded(bytes, 'ssz');
}

function readJson(json: Record<string, unknown>): TransactionEnvelope {
  let signed: SignedTransaction;
  try {
    signed = fromJson(SignedTransaction, json);
  } catch (error) {
    if (error instanceof JsonError) throw jsonProblem(error);
    throw error;
  }
  return encodeTransaction(signed);
}
