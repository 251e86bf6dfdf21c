// A client of a node's RPC for tests: REST and JSON-RPC, failures as errors with the node's code.

import type { BalanceView } from '../../../src/rpc/handlers/balance.ts';
import type { NetworkInfoView, PeerView, SyncStatusView } from '../../../src/rpc/handlers/node.ts';
import type { SubmissionView } from '../../../src/rpc/handlers/settle.ts';
import type { TransactionAnswer } from '../../../src/rpc/handlers/transactions.ts';
import type { ValidatorsView } from '../../../src/rpc/handlers/validators.ts';
import type { BlockView, HeadView, ReceiptView } from '../../../src/rpc/views.ts';

const ANSWER_MS = 30_000;

export class RpcFailure extends Error {
  override readonly name = 'RpcFailure';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(`${status} ${code}: ${detail}`);
    this.status = status;
    this.code = code;
  }
}

export interface JsonRpcAnswer {
  readonly id: number;
  readonly result?: SubmissionView;
  readonly error?: { readonly code: number; readonly message: string; readonly data: { readonly code: string } };
}

export class Rpc {
  readonly url: string;
  readonly #answerMs: number;

  /** @param answerMs how long any answer may take */
  constructor(url: string, answerMs: number = ANSWER_MS) {
    this.url = url;
    this.#answerMs = answerMs;
  }

  async get<T>(path: string): Promise<T> {
    return answerOf(await this.fetch(path));
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    return answerOf(await this.fetch(path, jsonBody(JSON.stringify(body))));
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}/${path}`, { ...init, signal: AbortSignal.timeout(this.#answerMs) });
  }

  head(): Promise<HeadView> {
    return this.get('rpc/get_head');
  }

  async height(): Promise<number> {
    return (await this.head()).height;
  }

  block(height: number | string): Promise<BlockView> {
    return this.get(`rpc/get_block/${height}`);
  }

  balance(address: string): Promise<BalanceView> {
    return this.get(`rpc/get_balance/${address}`);
  }

  receipt(hash: string): Promise<ReceiptView & { status: string }> {
    return this.get(`rpc/get_receipt/${hash}`);
  }

  transaction(hash: string): Promise<TransactionAnswer> {
    return this.get(`rpc/get_tx/${hash}`);
  }

  async peers(): Promise<PeerView[]> {
    return (await this.get<{ peers: PeerView[] }>('rpc/peers')).peers;
  }

  validators(): Promise<ValidatorsView> {
    return this.get('rpc/validators');
  }

  mempool(): Promise<{ size: number; bytes: number }> {
    return this.get('rpc/mempool');
  }

  syncStatus(): Promise<SyncStatusView> {
    return this.get('sync_status');
  }

  networkInfo(): Promise<NetworkInfoView> {
    return this.get('rpc/network_info');
  }

  async isReady(): Promise<boolean> {
    return (await this.fetch('readyz')).ok;
  }

  /** @param signed the JSON of a signed transaction */
  send(signed: unknown): Promise<SubmissionView> {
    return this.post('rpc/send_tx', signed);
  }

  sendAndWait(signed: unknown): Promise<SubmissionView> {
    return this.post('rpc/send_tx?wait=finalized', signed);
  }

  /** Many transactions in one JSON-RPC batch. */
  async sendBatch(signed: readonly unknown[]): Promise<JsonRpcAnswer[]> {
    const calls = signed.map((params, id) => ({ jsonrpc: '2.0', id, method: 'send_tx', params }));
    return answerOf(await this.fetch('', jsonBody(JSON.stringify(calls))));
  }
}

export function jsonBody(text: string): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: text };
}

async function answerOf<T>(response: Response): Promise<T> {
  const json = (await response.json()) as { code?: string; detail?: string };
  if (!response.ok) throw new RpcFailure(response.status, json.code ?? '', json.detail ?? '');
  return json as T;
}
