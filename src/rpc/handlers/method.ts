// What every handler is made of: parameters described by a schema, and a function of the node's parts and those
// parameters. Handlers know nothing of HTTP, JSON-RPC or WebSocket.

import type { z } from 'zod';
import type { BlockReader } from '../blocks.ts';
import type { RpcDependencies } from '../dependencies.ts';
import { parseParams } from '../params.ts';
import type { RateLimiter } from '../rate-limit.ts';
import type { TransactionTracker } from '../tracker.ts';

/** The node's parts as handlers see them. */
export interface Services extends RpcDependencies {
  readonly blocks: BlockReader;
  readonly tracker: TransactionTracker;
  readonly faucetLimits: { readonly perAddress: RateLimiter; readonly perClient: RateLimiter };
  /** how long a call may wait for a transaction */
  readonly timeoutMs: number;
}

/** Who calls. */
export interface Caller {
  /** key of rate limits */
  readonly client: string;
  /** aborts when the caller has gone */
  signal(): AbortSignal;
}

export interface Method {
  /** names of the parameters when they come as a list; without it the handler takes the list */
  readonly positions?: readonly string[];
  /** Many of these in one batch are faster side by side. */
  readonly sideBySide: boolean;
  /**
   * @param params of whatever shape
   * @throws {RpcProblem}
   */
  call(services: Services, params: unknown, caller: Caller): unknown;
}

export function method<S extends z.ZodType>(
  params: S,
  positions: readonly string[],
  handle: (services: Services, params: z.output<S>, caller: Caller) => unknown,
): Method {
  return {
    positions,
    sideBySide: false,
    call: (services, raw, caller) => handle(services, parseParams(params, raw), caller),
  };
}
