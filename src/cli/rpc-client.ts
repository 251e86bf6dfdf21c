// Asks a node over its REST routes. Every failure becomes a CliError: no answer, a late one, or a problem
// document with the node's own code and words.

import { CliError } from './errors.ts';

export const DEFAULT_RPC = 'http://127.0.0.1:9080';
/** An answer is JSON of at most a block with its receipts. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 10_000;

export type JsonObject = Readonly<Record<string, unknown>>;

export interface RpcClientOptions {
  /** like `http://127.0.0.1:9080` */
  readonly url: string;
  readonly timeoutMs?: number;
}

export class RpcClient {
  readonly #base: URL;
  readonly #timeoutMs: number;

  /** @throws {CliError} when the URL is none. */
  constructor({ url, timeoutMs = DEFAULT_TIMEOUT_MS }: RpcClientOptions) {
    if (!URL.canParse(url) || !/^https?:/.test(url)) {
      throw new CliError('usage', `"${url}" is no RPC address`, { hint: `write it like ${DEFAULT_RPC}` });
    }
    this.#base = new URL(url.endsWith('/') ? url : `${url}/`);
    this.#timeoutMs = timeoutMs;
  }

  /** @param path without a leading slash, like `rpc/get_head` */
  get(path: string): Promise<JsonObject> {
    return this.#request(path, { method: 'GET' }, this.#timeoutMs);
  }

  /** @param timeoutMs how long this answer may take, when it waits for the chain */
  post(path: string, body: unknown, timeoutMs: number = this.#timeoutMs): Promise<JsonObject> {
    const headers = { 'content-type': 'application/json' };
    return this.#request(path, { method: 'POST', headers, body: JSON.stringify(body) }, timeoutMs);
  }

  async #request(path: string, init: RequestInit, timeoutMs: number): Promise<JsonObject> {
    const url = new URL(path, this.#base);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
      text = await readBounded(response);
    } catch (error) {
      throw this.#noAnswer(error, timeoutMs);
    }
    return parseAnswer(response, text, url);
  }

  #noAnswer(error: unknown, timeoutMs: number): CliError {
    if (error instanceof CliError) return error;
    if (error instanceof Error && error.name === 'TimeoutError') {
      return new CliError('timeout', `${this.#base.origin} did not answer within ${timeoutMs / 1000} s`, {
        hint: 'it may be busy, or not finalizing: `aitbc-node status` tells',
      });
    }
    const reason = error instanceof Error ? causeOf(error) : String(error);
    return new CliError('unreachable', `no node answers at ${this.#base.origin} (${reason})`, {
      hint: 'start one with `aitbc-node start`, or say where it is with --rpc URL or AITBC_RPC',
    });
  }
}

/** An answer of the node that says no; `code` is the node's. */
export class RpcProblem extends CliError {
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super('refused', message, { code });
    this.status = status;
  }
}

/** fetch hides what happened one level down. */
function causeOf(error: Error): string {
  const cause = error.cause;
  if (!(cause instanceof Error)) return error.message;
  return (cause as NodeJS.ErrnoException).code ?? cause.message;
}

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) {
      throw new CliError('refused', `the answer of ${response.url} is larger than any a node gives`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** @throws {CliError} */
export function parseAnswer(response: Pick<Response, 'ok' | 'status'>, text: string, url: URL): JsonObject {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  if (typeof json !== 'object' || json === null) {
    throw new CliError('refused', `${url.href} answered ${response.status} with something else than JSON`, {
      hint: 'is this the RPC port of an aitbc-node?',
    });
  }
  if (response.ok) return json as JsonObject;
  const { title, detail, code } = json as { title?: unknown; detail?: unknown; code?: unknown };
  const words = [title, detail].filter((part) => typeof part === 'string' && part !== '');
  const message = words.length === 0 ? `the node answered ${response.status}` : words.join(': ');
  throw new RpcProblem(response.status, typeof code === 'string' ? code : `HTTP_${response.status}`, message);
}
