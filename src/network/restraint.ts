// How much this node asks of a peer: no more at once and in a second than every node grants, and after a refusal nothing
// for a while. What does not fit waits here, so that no peer ever has a reason to blame us.

import { LRUCache } from 'lru-cache';
import type { RequestProtocol } from './protocols.ts';
import { DEFAULT_RATE_LIMITS, MAX_REQUESTS_AT_ONCE, PeerBuckets } from './rate-limit.ts';

/** Of what a peer grants: what waited on the way arrives all at once. */
const PART = 0.75;
const { burst, perSecond } = DEFAULT_RATE_LIMITS.requests;
const REQUESTS = { burst: PART * burst, perSecond: PART * perSecond };
/** A peer that refuses is left alone for so long (ms), twice as long each time in a row … */
const FIRST_PAUSE_MS = 100;
/** … up to this: bytes that are owed come back at a rate that we do not know. */
const LONGEST_PAUSE_MS = 8_000;
const REMEMBERED_PEERS = 1024;

/** How a request ended, as far as the peer's share is concerned. */
export type RequestEnd = 'answered' | 'refused' | 'neither';

interface Waiter {
  readonly protocol: RequestProtocol;
  readonly go: () => void;
}

/** What is asked of one peer. */
interface Asked {
  readonly waiting: Set<Waiter>;
  readonly underway: Map<RequestProtocol, number>;
  /** in a row */
  refusals: number;
  notBefore: number;
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
    const { refusals } = asked;
    return (end) => {
      asked.underway.set(protocol, (asked.underway.get(protocol) ?? 0) - 1);
      if (end === 'answered') asked.refusals = 0;
      // those that were under way together are refused together
      if (end === 'refused' && asked.refusals === refusals) {
        asked.notBefore = this.#now() + Math.min(FIRST_PAUSE_MS * 2 ** refusals, LONGEST_PAUSE_MS);
        asked.refusals += 1;
      }
      this.#admit(peer, asked);
    };
  }

  #asked(peer: string): Asked {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known;
    const asked = { waiting: new Set<Waiter>(), underway: new Map(), refusals: 0, notBefore: 0, timer: undefined };
    this.#peers.set(peer, asked);
    return asked;
  }

  #admit(peer: string, asked: Asked): void {
    for (const waiter of asked.waiting) {
      if (!hasRoom(asked, waiter.protocol)) continue;
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

  #waitMs(peer: string, { refusals, notBefore }: Asked): number {
    const pause = refusals > 0 ? notBefore - this.#now() : 0;
    const lacking = 1 - this.#buckets.available(peer);
    return Math.ceil(Math.max(pause, (lacking * 1000) / REQUESTS.perSecond, 0));
  }
}

/** Whether a peer that refused us is well again is tried with one request. */
function hasRoom({ refusals, underway }: Asked, protocol: RequestProtocol): boolean {
  if (refusals === 0) return (underway.get(protocol) ?? 0) < MAX_REQUESTS_AT_ONCE;
  return [...underway.values()].every((count) => count === 0);
}

function clearTimer(asked: Asked): void {
  clearTimeout(asked.timer);
  asked.timer = undefined;
}
