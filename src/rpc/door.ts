// What every HTTP request passes on its way in and out: the rate limit, the clock, and the form in which a failure leaves.

import type { HttpBindings } from '@hono/node-server';
import type { Context, Handler } from 'hono';
import type { Logger } from '../telemetry/logger.ts';
import type { RpcMetrics } from '../telemetry/metrics/rpc.ts';
import type { Caller } from './handlers/method.ts';
import type { RpcLimits } from './options.ts';
import { PROBLEM_CONTENT_TYPE, RpcProblem } from './problems.ts';
import { clientKey, isLoopback, RateLimiter } from './rate-limit.ts';

export interface HttpEnvironment {
  Bindings: HttpBindings;
}
export type HttpContext = Context<HttpEnvironment>;

/** A caller whose calls are counted. */
export interface CountedCaller extends Caller {
  /** @throws {RpcProblem} RATE_LIMITED when so many calls are too many for this client now. */
  charge(calls: number): void;
}

/**
 * Pages of any origin may read answers: all of it is public, and explorers need it. They can't write: no preflight
 * succeeds, and no route takes a body of a type that needs none.
 */
const READ_HEADERS = { 'access-control-allow-origin': '*', 'content-type': 'application/json' };

export class Door {
  readonly #metrics: RpcMetrics;
  readonly #logger: Logger;
  readonly #remote: RateLimiter;
  readonly #loopback: RateLimiter;

  constructor(limits: Pick<RpcLimits, 'calls' | 'loopbackCalls'>, metrics: RpcMetrics, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
    this.#remote = new RateLimiter(limits.calls);
    this.#loopback = new RateLimiter(limits.loopbackCalls);
  }

  /** @param route the label in metrics: never what a client typed. */
  handler(
    route: string,
    answer: (c: HttpContext, caller: CountedCaller) => Response | Promise<Response>,
  ): Handler<HttpEnvironment> {
    return async (c) => {
      const began = performance.now();
      let response: Response;
      try {
        const caller = this.caller(c.env.incoming.socket.remoteAddress ?? '', () => c.req.raw.signal);
        caller.charge(1);
        response = await answer(c, caller);
      } catch (error) {
        response = problemResponse(this.problem(error, route));
      }
      this.observe(route, response.status, began);
      return response;
    };
  }

  /** @param ip of the connection; a proxy's forwarding headers are not believed. */
  caller(ip: string, signal: () => AbortSignal): CountedCaller {
    const client = clientKey(ip);
    const limiter = isLoopback(ip) ? this.#loopback : this.#remote;
    return {
      client,
      signal,
      charge(calls) {
        const retryAfter = limiter.take(client, calls);
        if (retryAfter > 0) {
          throw new RpcProblem('RATE_LIMITED', `too many calls; try again in ${retryAfter} s`, {
            retry_after: retryAfter,
          });
        }
      },
    };
  }

  /** @param began `performance.now()` when the request came. */
  observe(route: string, status: number, began: number): void {
    this.#metrics.requests.observe({ route, status: String(status) }, (performance.now() - began) / 1000);
  }

  /** What the client is told of an error; one that is no problem of the client is logged and told as INTERNAL. */
  problem(error: unknown, route: string): RpcProblem {
    if (error instanceof RpcProblem) return error;
    this.#logger.error({ err: error, route }, 'request failed');
    return new RpcProblem('INTERNAL', 'the node failed to answer; its log says why');
  }
}

export function jsonResponse(value: unknown, status = 200): Response {
  return textResponse(JSON.stringify(value), status);
}

/** @param json text */
export function textResponse(json: string, status = 200): Response {
  return new Response(json, { status, headers: READ_HEADERS });
}

export function problemResponse(problem: RpcProblem): Response {
  const { retry_after: retryAfter } = problem.extensions;
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      'access-control-allow-origin': '*',
      'content-type': PROBLEM_CONTENT_TYPE,
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
    },
  });
}
