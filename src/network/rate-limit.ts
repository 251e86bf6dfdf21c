// How much a peer may ask of us: a token bucket of requests and one of answer bytes for each peer.
// Nothing here waits; what does not fit is refused and the peer may come again.

import { LRUCache } from 'lru-cache';

export interface RateLimits {
  /** requests at once, and how many come back per second */
  readonly requests: { readonly burst: number; readonly perSecond: number };
  /** the same for bytes of answers */
  readonly bytes: { readonly burst: number; readonly perSecond: number };
}

/**
 * A node that catches up asks one request after the other and executes what it gets, a few 4 MiB answers a second at
 * the very most; certificates and missing transactions come in small bursts.
 */
export const DEFAULT_RATE_LIMITS: RateLimits = {
  requests: { burst: 64, perSecond: 32 },
  bytes: { burst: 32 * 1024 * 1024, perSecond: 16 * 1024 * 1024 },
};

/** Budgets outlive connections, or reconnecting would refill them; more peers than this are never connected at once. */
const REMEMBERED_PEERS = 1024;

class TokenBucket {
  readonly #burst: number;
  readonly #perMillisecond: number;
  #tokens: number;
  #filledAt: number;

  constructor({ burst, perSecond }: { burst: number; perSecond: number }, now: number) {
    this.#burst = burst;
    this.#perMillisecond = perSecond / 1000;
    this.#tokens = burst;
    this.#filledAt = now;
  }

  available(now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#filledAt) * this.#perMillisecond);
    this.#filledAt = now;
    return this.#tokens;
  }

  /** May go below zero: the size of an answer is known only when it has been sent. */
  take(tokens: number): void {
    this.#tokens -= tokens;
  }
}

export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #now: () => number;
  readonly #budgets = new LRUCache<string, { requests: TokenBucket; bytes: TokenBucket }>({ max: REMEMBERED_PEERS });

  /** @param now milliseconds of a clock that never goes back */
  constructor(limits: RateLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Takes one request from the peer's share; false when it has none left or still owes bytes. */
  admit(peer: string): boolean {
    const now = this.#now();
    const { requests, bytes } = this.#budget(peer, now);
    if (requests.available(now) < 1 || bytes.available(now) <= 0) return false;
    requests.take(1);
    return true;
  }

  charge(peer: string, bytes: number): void {
    this.#budget(peer, this.#now()).bytes.take(bytes);
  }

  #budget(peer: string, now: number): { requests: TokenBucket; bytes: TokenBucket } {
    let budget = this.#budgets.get(peer);
    if (budget === undefined) {
      budget = {
        requests: new TokenBucket(this.#limits.requests, now),
        bytes: new TokenBucket(this.#limits.bytes, now),
      };
      this.#budgets.set(peer, budget);
    }
    return budget;
  }
}
