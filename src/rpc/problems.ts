// Every way in which a request can fail: one table from stable code to HTTP status, and the RFC 9457 body.
// No stack trace and no library's message leaves the node.

import type { RejectCode } from '../mempool/results.ts';
import type { JsonValue } from '../primitives/json.ts';

interface ProblemKind {
  /** HTTP status */
  readonly status: number;
  readonly title: string;
  /** error code in JSON-RPC 2.0; -32000 (server error) unless the specification has one */
  readonly jsonRpc?: number;
}

/** Codes are stable: clients branch on them. */
export const PROBLEMS = {
  MALFORMED_JSON: { status: 400, title: 'The body is not JSON', jsonRpc: -32700 },
  INVALID_REQUEST: { status: 400, title: 'The request is not well-formed', jsonRpc: -32600 },
  NOT_FOUND: { status: 404, title: 'There is no such thing' },
  NOT_HELD: { status: 404, title: 'This node does not have that part of the history' },
  METHOD_NOT_FOUND: { status: 404, title: 'There is no such method', jsonRpc: -32601 },
  CONFLICT: { status: 409, title: 'The node can not do that now' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The route does not take this method' },
  DROPPED: { status: 410, title: 'The transaction was dropped' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  RESPONSE_TOO_LARGE: { status: 413, title: 'The answer would be too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body has a type that is not taken here' },
  INVALID_FIELD: { status: 422, title: 'A field has a wrong value', jsonRpc: -32602 },
  UNKNOWN_FIELD: { status: 422, title: 'There is a field that nobody reads', jsonRpc: -32602 },
  BAD_HEX: { status: 422, title: 'A field is not the hex it should be', jsonRpc: -32602 },
  BAD_ADDRESS: { status: 422, title: 'An address was mistyped', jsonRpc: -32602 },
  BAD_SIGNATURE: { status: 422, title: 'The signature is not of the sender over this transaction' },
  BAD_PROOF: { status: 422, title: 'The consensus key has not signed that it acts for the sender' },
  BAD_EVIDENCE: { status: 422, title: 'The evidence proves nothing' },
  NONCE_TOO_LOW: { status: 422, title: 'The nonce was used before' },
  NONCE_TOO_HIGH: { status: 422, title: 'A transaction with a lower nonce is missing' },
  INSUFFICIENT_FUNDS_FOR_FEE: { status: 422, title: 'The balance does not cover the fee' },
  INSUFFICIENT_FUNDS: { status: 422, title: 'The balance does not cover what waits and this transaction' },
  SENDER_LIMIT: { status: 422, title: 'As many transactions of the sender wait as may' },
  REPLACEMENT_FEE_TOO_LOW: {
    status: 422,
    title: 'The fee is not clearly higher than that of the one it would replace',
  },
  TOO_LARGE: { status: 422, title: 'The transaction is too large' },
  FEE_TOO_LOW: { status: 422, title: 'The fee is below the minimum' },
  EXPIRED: { status: 422, title: 'The transaction was valid until a time that has passed' },
  UPGRADE_REQUIRED: { status: 426, title: 'This is a WebSocket address' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  INTERNAL: { status: 500, title: 'The node failed to answer', jsonRpc: -32603 },
  MEMPOOL_FULL: { status: 503, title: 'Too many transactions wait' },
  NOT_READY: { status: 503, title: 'The node is not ready' },
  TIMEOUT: { status: 504, title: 'What was waited for did not happen in time' },
} as const satisfies Record<RejectCode, ProblemKind> & Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

const DEFAULT_JSON_RPC_CODE = -32000;
const TYPE_PREFIX = 'urn:aitbc:problem:';

export interface ProblemExtensions {
  /** where in the request */
  readonly path?: string;
  /** seconds; also sent as Retry-After */
  readonly retry_after?: number;
  readonly [name: string]: JsonValue | undefined;
}

/** A failure that the client is told about. `message` is the detail. */
export class RpcProblem extends Error {
  override readonly name = 'RpcProblem';
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly jsonRpcCode: number;
  readonly extensions: ProblemExtensions;

  constructor(code: ProblemCode, detail: string, extensions: ProblemExtensions = {}) {
    super(detail);
    const kind: ProblemKind = PROBLEMS[code];
    this.code = code;
    this.status = kind.status;
    this.title = kind.title;
    this.jsonRpcCode = kind.jsonRpc ?? DEFAULT_JSON_RPC_CODE;
    this.extensions = extensions;
  }

  /** The body of `application/problem+json`. */
  toJSON(): Record<string, JsonValue | undefined> {
    const { code, status, title, message, extensions } = this;
    return { type: `${TYPE_PREFIX}${code}`, title, status, detail: message, code, ...extensions };
  }
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';
