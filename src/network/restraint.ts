// How much this node asks of a peer: no more at once and in a second than every node grants, and seldom of one that
// refuses. What does not fit waits here, so that no peer ever has a reason to blame us.

import { LRUCache } from 'lru-cache';
import type { RequestProtocol } from './protocols.ts';
import { DEFAULT_RATE_LIMITS, MAX_REQUESTS_AT_ONCE, PeerBuckets } from './rate-limit.ts';

/** Of what a peer grants: what waited on the way arrives all at once. */
const PART = 0.75;
const { burst, perSecond } = DEFAULT_RATE_LIMITS.requests;
const REQUESTS = { burst: PART * burst, perSecond: PART * perSecond };
/** A peer that refuses is asked one thing at a time, so long (ms) after the other, twice as long with each refusal … */
const FIRST_PAUSE_MS = 100;
/** … up to this: bytes that are owed come back at a rate that we do not know. */
const LONGEST_PAUSE_MS = 8_000;
const MOST_REFUSALS = 1 + Math.ceil(Math.log2(LONGEST_PAUSE_MS / FIRST_PAUSE_MS));
/** For each such time (ms) without a refusal one is forgotten: so there is about one in it at the most. */
const CALM_MS = 10_000;
const REMEMBERED_PEERS = 1024;

export type RequestEnd = 'answered' | 'refused' | 'neither';

interface Waiter {
  readonly protocol: RequestProtocol;
  readonly go: () => void;
}

/** What is asked of one peer. */
interface Asked {
  readonly waiting: Set<Waiter>;
  readonly underway: Map<RequestProtocol, number>;
  /** not forgotten when the last one came */
  refusals: number;
  refusedAt: number;
  /** when the last request ended */
  endedAt: number;
  timer: NodeJS.Timeout | undefined;
}

export class Restraint {
  readonly #now: () => number;
  readonly #buckets: PeerBuckets;
  readonly #peers = new LRUCache<string, Asked>({ max: REMEMBERED_PEERS });

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
    this.#buckets = new PeerBuckets(REQUESTS, now);
  }

  /**
   * Resolves when a request may be sent.
   * @returns what is to be called when it has ended
   * @throws the signal's reason
   */
  async turn(peer: string, protocol: RequestProtocol, signal: AbortSignal): Promise<(end: RequestEnd) => void> {
    signal.throwIfAborted();
    const asked = this.#asked(peer);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { protocol, go: resolve };
    const leave = () => {
      asked.waiting.delete(waiter);
      if (asked.waiting.size === 0) clearTimer(asked);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    asked.waiting.add(waiter);
    this.#admit(peer, asked);
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
    const { refusedAt } = asked;
    return (end) => {
      asked.underway.set(protocol, (asked.underway.get(protocol) ?? 0) - 1);
      asked.endedAt = this.#now();
      // those that were under way together are refused together
      if (end === 'refused' && asked.refusedAt === refusedAt) {
        asked.refusals = Math.min(this.#refusals(asked) + 1, MOST_REFUSALS);
        asked.refusedAt = asked.endedAt;
      }
      this.#admit(peer, asked);
    };
  }

  #asked(peer: string): Asked {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known;
    const never = Number.NEGATIVE_INFINITY;
    const asked: Asked = {
      waiting: new Set(),
      underway: new Map(),
      refusals: 0,
      refusedAt: never,
      endedAt: never,
      timer: undefined,
    };
    this.#peers.set(peer, asked);
    return asked;
  }

  #admit(peer: string, asked: Asked): void {
    for (const waiter of asked.waiting) {
      if (!this.#hasRoom(asked, waiter.protocol)) continue;
      const wait = this.#waitMs(peer, asked);
      if (wait > 0) {
        asked.timer ??= setTimeout(() => {
          clearTimer(asked);
          this.#admit(peer, asked);
        }, wait);
        return;
      }
      this.#buckets.take(peer, 1);
      asked.waiting.delete(waiter);
      asked.underway.set(waiter.protocol, (asked.underway.get(waiter.protocol) ?? 0) + 1);
      waiter.go();
    }
  }

  #waitMs(peer: string, asked: Asked): number {
    const refusals = this.#refusals(asked);
    const pause = refusals === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (refusals - 1), LONGEST_PAUSE_MS);
    const lacking = Math.max(0, 1 - this.#buckets.available(peer));
    return Math.ceil(Math.max(asked.endedAt + pause - this.#now(), (lacking * 1000) / REQUESTS.perSecond, 0));
  }

  #hasRoom(asked: Asked, protocol: RequestProtocol): boolean {
    const { underway } = asked;
    if (this.#refusals(asked) === 0) return (underway.get(protocol) ?? 0) < MAX_REQUESTS_AT_ONCE;
    return [...underway.values()].every((count) => count === 0);
  }

  #refusals({ refusals, refusedAt }: Asked): number {
    return refusals === 0 ? 0 : Math.max(0, refusals - Math.floor((this.#now() - refusedAt) / CALM_MS));
  }
}

function clearTimer(asked: Asked): void {
  clearTimeout(asked.timer);
  asked.timer = undefined;
}
