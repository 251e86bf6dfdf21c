// How much a peer may ask of us: token buckets of requests, of answer bytes, of streams and of gossip for each peer.
// Nothing here waits; what does not fit is refused or comes later.

import { LRUCache } from 'lru-cache';
import { type Rate, TokenBucket } from '../primitives/token-bucket.ts';

/** Of requests that a peer makes, all protocols together. */
export interface RequestLimits {
  readonly requests: Rate;
  /** bytes of answers */
  readonly bytes: Rate;
}

/** What one peer may have of this node. */
export interface RateLimits extends RequestLimits {
  /** streams that it opens, whatever for */
  readonly streams: Rate;
  /** bytes of gossip that it sends, control messages and what is known already included */
  readonly gossip: Rate;
  /** bytes of gossip that it may waste within a fading minute, beyond what all peers together sent that was of use */
  readonly waste: number;
  /** bytes of what else it sends on streams that stay open, the DHT and ping; each piece counts as 4 KiB more */
  readonly others: Rate;
}

/** Answers that one peer may have under way on one protocol; each holds at most one message. */
export const MAX_REQUESTS_AT_ONCE = 4;

const MEBIBYTE = 1024 * 1024;

export const DEFAULT_RATE_LIMITS: RateLimits = {
  // A node that catches up asks one request after the other and executes what it gets, a few 4 MiB answers a second at
  // the very most; certificates and missing transactions come in small bursts.
  requests: { burst: 64, perSecond: 32 },
  bytes: { burst: 32 * MEBIBYTE, perSecond: 16 * MEBIBYTE },
  // A request is a stream: twice the share of requests, and several bursts of them, beside what the DHT asks.
  streams: { burst: 512, perSecond: 64 },
  // A peer that forwards everything of a full network, with a block of a megabyte and 2,000 transactions a second, sends
  // a fifth of it; the burst is what has gathered on both sides while one of them stood still.
  gossip: { burst: 32 * MEBIBYTE, perSecond: 8 * MEBIBYTE },
  // 7,500 small messages at once, or 90 a second without end: a fortieth of a processor. What honest nodes send of
  // their own that is known already (a certificate of each validator for each slot) is less.
  waste: 32 * MEBIBYTE,
  // A walk through the DHT asks a node once or twice; 32 questions a second, and 256 at once, are more than anybody has.
  others: { burst: MEBIBYTE, perSecond: MEBIBYTE / 8 },
};

/** Budgets outlive connections, or reconnecting would refill them; more peers than this are never connected at once. */
const REMEMBERED_PEERS = 1024;

/** One bucket for each peer. */
export class PeerBuckets {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: REMEMBERED_PEERS });

  /** @param now milliseconds of a clock that never goes back */
  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  available(peer: string): number {
    return this.#bucket(peer).available(this.#now());
  }

  /** May go below zero: the size of an answer is known only when it has been sent. */
  take(peer: string, tokens: number): void {
    this.#bucket(peer).take(tokens, this.#now());
  }

  /** Takes one token. @returns false when there is none left. */
  takeOne(peer: string): boolean {
    const isThere = this.available(peer) >= 1;
    if (isThere) this.take(peer, 1);
    return isThere;
  }

  /** @returns milliseconds until the peer owes nothing; 0 when it does not. */
  debtMs(peer: string): number {
    return Math.max(0, -this.available(peer) / this.#rate.perSecond) * 1000;
  }

  #bucket(peer: string): TokenBucket {
    const known = this.#buckets.get(peer);
    if (known !== undefined) return known;
    const bucket = new TokenBucket(this.#rate, this.#now());
    this.#buckets.set(peer, bucket);
    return bucket;
  }
}

/** One host may have this many times the share of a peer, whoever and however many are behind it. */
const HOST_SHARE = 2;

/** Shares of peers, and of the hosts on which they are: a new peer id costs nothing, a new address does. */
export class Shares {
  readonly #peers: RateLimiter;
  readonly #hosts: RateLimiter;

  /** @param limits of one peer. @param now milliseconds of a clock that never goes back */
  constructor({ requests, bytes }: RequestLimits, now: () => number) {
    this.#peers = new RateLimiter({ requests, bytes }, now);
    this.#hosts = new RateLimiter({ requests: times(HOST_SHARE, requests), bytes: times(HOST_SHARE, bytes) }, now);
  }

  /**
   * Takes one request.
   * @param host undefined for one that is not counted
   * @returns whose share does not suffice, if any
   */
  whyNot(peer: string, host: string | undefined): 'peer' | 'host' | undefined {
    if (!this.#peers.admit(peer)) return 'peer';
    return host === undefined || this.#hosts.admit(host) ? undefined : 'host';
  }

  charge(peer: string, host: string | undefined, bytes: number): void {
    this.#peers.charge(peer, bytes);
    if (host !== undefined) this.#hosts.charge(host, bytes);
  }
}

function times(factor: number, { burst, perSecond }: Rate): Rate {
  return { burst: factor * burst, perSecond: factor * perSecond };
}

export class RateLimiter {
  readonly #requests: PeerBuckets;
  readonly #bytes: PeerBuckets;

  /** @param now milliseconds of a clock that never goes back */
  constructor({ requests, bytes }: RequestLimits, now: () => number) {
    this.#requests = new PeerBuckets(requests, now);
    this.#bytes = new PeerBuckets(bytes, now);
  }

  /** Takes one request from the peer's share; false when it has none left or still owes bytes. */
  admit(peer: string): boolean {
    return this.#bytes.available(peer) > 0 && this.#requests.takeOne(peer);
  }

  charge(peer: string, bytes: number): void {
    this.#bytes.take(peer, bytes);
  }
}
