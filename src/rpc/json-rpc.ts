// JSON-RPC 2.0 over the same methods: single calls and bounded batches. The same code serves POST / and the WebSocket,
// where `jsonrpc` may be left out.

import type { JsonValue } from '../primitives/json.ts';
import type { CountedCaller, Door } from './door.ts';
import type { Method, Services } from './handlers/method.ts';
import { findMethod } from './methods.ts';
import type { RpcLimits } from './options.ts';
import { fieldProblem } from './params.ts';
import { RpcProblem } from './problems.ts';

type Id = string | number | null;

export interface Call {
  /** undefined in a notification, which gets no answer */
  readonly id: Id | undefined;
  readonly name: string;
  readonly params: unknown;
  /** what stands in the extra fields of the dialect */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** What differs between the places that calls come from. */
export interface Dialect {
  readonly version: 'required' | 'optional';
  /** whether a call without id is not even told that it failed, as the specification has it */
  readonly silentNotifications: boolean;
  /** fields that a call may have beside those of JSON-RPC */
  readonly extraFields: readonly string[];
  /** The method of this call, when it is one that only this place has. */
  own?(call: Call): Method | undefined;
}

export const HTTP_DIALECT: Dialect = { version: 'required', silentNotifications: true, extraFields: [] };

const FIELDS = ['jsonrpc', 'id', 'method', 'params'];

export class JsonRpc {
  readonly #services: Services;
  readonly #door: Door;
  readonly #limits: Pick<RpcLimits, 'maxBatchCalls' | 'maxBatchAnswerBytes'>;

  constructor(services: Services, door: Door, limits: Pick<RpcLimits, 'maxBatchCalls' | 'maxBatchAnswerBytes'>) {
    this.#services = services;
    this.#door = door;
    this.#limits = limits;
  }

  /**
   * Answers a call or a batch; failures are answers too. The caller has been charged for one call.
   * @param payload what `JSON.parse` gave.
   * @returns JSON text, or undefined when there is nothing to answer.
   * @throws {RpcProblem} RATE_LIMITED for a batch with more calls than the client has left.
   */
  async answer(payload: unknown, caller: CountedCaller, dialect: Dialect): Promise<string | undefined> {
    if (!Array.isArray(payload)) return this.#answerOne(payload, caller, dialect);
    const { maxBatchCalls } = this.#limits;
    if (payload.length === 0 || payload.length > maxBatchCalls) {
      return failure(
        null,
        new RpcProblem('INVALID_REQUEST', `a batch has 1 to ${maxBatchCalls} calls, this one ${payload.length}`),
      );
    }
    caller.charge(payload.length - 1);
    return this.#answerBatch(payload, caller, dialect);
  }

  /**
   * Calls that gain by it run side by side, so that their signatures are checked together; the others one by one,
   * until the answers have reached their bound.
   */
  async #answerBatch(calls: readonly unknown[], caller: CountedCaller, dialect: Dialect): Promise<string | undefined> {
    const answers: (string | undefined)[] = new Array(calls.length);
    let bytes = 0;
    const run = async (index: number) => {
      const answer = await this.#answerOne(calls[index], caller, dialect);
      answers[index] = answer;
      bytes += answer?.length ?? 0;
    };
    const parallel: Promise<void>[] = [];
    const serial: number[] = [];
    for (const [index, call] of calls.entries()) {
      if (isSideBySide(call)) parallel.push(run(index));
      else serial.push(index);
    }
    for (const index of serial) {
      if (bytes <= this.#limits.maxBatchAnswerBytes) await run(index);
      else answers[index] = failure(idOf(calls[index]), answersTooLarge(this.#limits.maxBatchAnswerBytes));
    }
    await Promise.all(parallel);
    const given = answers.filter((answer) => answer !== undefined);
    return given.length === 0 ? undefined : `[${given.join(',')}]`;
  }

  async #answerOne(request: unknown, caller: CountedCaller, dialect: Dialect): Promise<string | undefined> {
    const began = performance.now();
    let route = 'json-rpc';
    let notification = false;
    try {
      const call = readCall(request, dialect);
      notification = call.id === undefined;
      const own = dialect.own?.(call);
      const method = own ?? findMethod(call.name);
      const [extra] = own === undefined ? Object.keys(call.extra) : [];
      if (extra !== undefined) throw new RpcProblem('INVALID_REQUEST', `this call has no field ${quote(extra)}`);
      if (method === undefined) throw new RpcProblem('METHOD_NOT_FOUND', `there is no method ${quote(call.name)}`);
      route = `json-rpc ${call.name}`;
      const result = await method.call(this.#services, namedParams(call.params, method), caller);
      this.#door.observe(route, 200, began);
      return notification ? undefined : success(call.id ?? null, result);
    } catch (error) {
      const problem = this.#door.problem(error, route);
      this.#door.observe(route, problem.status, began);
      return notification && dialect.silentNotifications ? undefined : failure(idOf(request), problem);
    }
  }
}

function readCall(request: unknown, dialect: Dialect): Call {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new RpcProblem('INVALID_REQUEST', 'a call is a JSON object');
  }
  const fields = request as Record<string, unknown>;
  const unknown = Object.keys(fields).find((key) => !FIELDS.includes(key) && !dialect.extraFields.includes(key));
  if (unknown !== undefined) throw new RpcProblem('INVALID_REQUEST', `a call has no field ${quote(unknown)}`);
  const { jsonrpc, method, params, id, ...extra } = fields;
  if (jsonrpc !== '2.0' && (dialect.version === 'required' || jsonrpc !== undefined)) {
    throw new RpcProblem('INVALID_REQUEST', 'expected "jsonrpc": "2.0"');
  }
  if (typeof method !== 'string') throw new RpcProblem('INVALID_REQUEST', 'expected the name of a method');
  if (id !== undefined && !isId(id)) throw new RpcProblem('INVALID_REQUEST', 'an id is a text, a number or null');
  return { id, name: method, params, extra };
}

function isId(id: unknown): id is Id {
  return id === null || typeof id === 'number' || typeof id === 'string';
}

/** The id to answer with, whatever else is wrong with the request. */
function idOf(request: unknown): Id {
  const id = typeof request === 'object' && request !== null && 'id' in request ? request.id : null;
  return isId(id) ? id : null;
}

/** As much of a client's text as an error repeats. */
function quote(text: string): string {
  return JSON.stringify(text.length <= 40 ? text : `${text.slice(0, 40)}…`);
}

function isSideBySide(request: unknown): boolean {
  const name = typeof request === 'object' && request !== null && 'method' in request ? request.method : undefined;
  return typeof name === 'string' && findMethod(name)?.sideBySide === true;
}

/** @throws {RpcProblem} when a list has more items than there are names. */
function namedParams(params: unknown, { positions }: Method): unknown {
  if (params === undefined) return {};
  if (!Array.isArray(params) || positions === undefined) return params;
  if (params.length > positions.length) {
    throw fieldProblem('INVALID_FIELD', 'params', `at most ${positions.length} items: ${positions.join(', ')}`);
  }
  return Object.fromEntries(params.map((value, index) => [positions[index] as string, value]));
}

function success(id: Id, result: unknown): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${JSON.stringify(result)}}`;
}

/** An error answer; `data` is the problem that REST would answer with. */
export function failure(id: Id, problem: RpcProblem): string {
  const data = JSON.parse(JSON.stringify(problem)) as Record<string, JsonValue>;
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code: problem.jsonRpcCode, message: problem.message, data } });
}

function answersTooLarge(bytes: number): RpcProblem {
  return new RpcProblem('RESPONSE_TOO_LARGE', `the answers to this batch have passed ${bytes} bytes: make it smaller`);
}
