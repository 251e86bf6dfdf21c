// How much this node asks of a peer: no more at once and in a second than every node grants, and seldom of one that
// refuses. What does not fit waits here, so that no peer ever has a reason to blame us; what a vote may wait for goes first.

import { LRUCache } from 'lru-cache';
import type { RequestProtocol } from './protocols.ts';
import { DEFAULT_RATE_LIMITS, MAX_REQUESTS_AT_ONCE, PeerBuckets } from './rate-limit.ts';

/** Of what a peer grants: what waited on the way arrives all at once. */
const PART = 0.75;
const { burst, perSecond } = DEFAULT_RATE_LIMITS.requests;
const REQUESTS = { burst: PART * burst, perSecond: PART * perSecond };
/** A peer that refuses is asked so long (ms) after the last request began or ended, twice as long with each refusal … */
const FIRST_PAUSE_MS = 100;
/** … up to this: bytes that are owed come back at a rate that we do not know, but consensus waits no longer than 3 s. */
const LONGEST_PAUSE_MS = 2_000;
const MOST_REFUSALS = 1 + Math.ceil(Math.log2(LONGEST_PAUSE_MS / FIRST_PAUSE_MS));
/** For each such time (ms) without a refusal one is forgotten: so there is about one in it at the most. */
const CALM_MS = 10_000;
const REMEMBERED_PEERS = 1024;

/** `urgent`: it ends within seconds, and a vote may wait for it. `patient`: it may take long, or has time. */
export type Haste = 'urgent' | 'patient';

export interface Errand {
  readonly protocol: RequestProtocol;
  readonly haste: Haste;
}

export type RequestEnd = 'answered' | 'refused' | 'neither';

interface Waiter extends Errand {
  readonly go: () => void;
  readonly fail: (reason: Error) => void;
}

/** What is asked of one peer. */
interface Asked {
  readonly waiting: Set<Waiter>;
  readonly underway: Set<Errand>;
  /** not forgotten when the last one came */
  refusals: number;
  refusedAt: number;
  /** when the last request began or ended */
  movedAt: number;
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
   * @throws the signal's reason; what `gone` was told
   */
  async turn(peer: string, errand: Errand, signal: AbortSignal): Promise<(end: RequestEnd) => void> {
    signal.throwIfAborted();
    const asked = this.#asked(peer);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { ...errand, go: resolve, fail: reject };
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
      asked.underway.delete(waiter);
      asked.movedAt = this.#now();
      // those that were under way together are refused together
      if (end === 'refused' && asked.refusedAt === refusedAt) {
        asked.refusals = Math.min(this.#refusals(asked) + 1, MOST_REFUSALS);
        asked.refusedAt = asked.movedAt;
      }
      this.#admit(peer, asked);
    };
  }

  /** Nobody waits any more for a peer that is not there. */
  gone(peer: string, reason: Error): void {
    const asked = this.#peers.get(peer);
    if (asked === undefined) return;
    clearTimer(asked);
    for (const { fail } of asked.waiting) fail(reason);
    asked.waiting.clear();
  }

  #asked(peer: string): Asked {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known;
    const never = Number.NEGATIVE_INFINITY;
    const asked: Asked = {
      waiting: new Set(),
      underway: new Set(),
      refusals: 0,
      refusedAt: never,
      movedAt: never,
      timer: undefined,
    };
    this.#peers.set(peer, asked);
    return asked;
  }

  #admit(peer: string, asked: Asked): void {
    clearTimer(asked);
    for (const waiter of inTurn(asked.waiting)) {
      if (!this.#hasRoom(asked, waiter)) continue;
      const wait = this.#waitMs(peer, asked);
      if (wait > 0) {
        this.#admitIn(wait, peer, asked);
        return;
      }
      this.#buckets.take(peer, 1);
      asked.waiting.delete(waiter);
      asked.underway.add(waiter);
      asked.movedAt = this.#now();
      waiter.go();
    }
    // An end makes room, and so do refusals when they are forgotten.
    if (asked.waiting.size > 0 && this.#refusals(asked) > 0) {
      this.#admitIn(asked.refusedAt + asked.refusals * CALM_MS - this.#now(), peer, asked);
    }
  }

  #admitIn(milliseconds: number, peer: string, asked: Asked): void {
    asked.timer = setTimeout(() => this.#admit(peer, asked), Math.ceil(milliseconds));
  }

  #waitMs(peer: string, asked: Asked): number {
    const refusals = this.#refusals(asked);
    const pause = refusals === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (refusals - 1), LONGEST_PAUSE_MS);
    const lacking = Math.max(0, 1 - this.#buckets.available(peer));
    return Math.max(asked.movedAt + pause - this.#now(), (lacking * 1000) / REQUESTS.perSecond, 0);
  }

  /** One place on each protocol is never taken by what is patient; of a peer that refuses one thing of each haste is asked. */
  #hasRoom(asked: Asked, { protocol, haste }: Errand): boolean {
    const underway = [...asked.underway];
    if (this.#refusals(asked) > 0) return underway.every((other) => other.haste !== haste);
    const most = haste === 'urgent' ? MAX_REQUESTS_AT_ONCE : MAX_REQUESTS_AT_ONCE - 1;
    return underway.filter((other) => other.protocol === protocol).length < most;
  }

  #refusals({ refusals, refusedAt }: Asked): number {
    return refusals === 0 ? 0 : Math.max(0, refusals - Math.floor((this.#now() - refusedAt) / CALM_MS));
  }
}

/**
 * The urgent before the patient, and of those the newest before the older: whoever asks gives up after 3 s, so that the
 * oldest in a long queue would be served when they are about to leave, and what is missing at the front comes last.
 */
function inTurn(waiting: ReadonlySet<Waiter>): Waiter[] {
  const all = [...waiting];
  const urgent = all.filter(({ haste }) => haste === 'urgent').reverse();
  return [...urgent, ...all.filter(({ haste }) => haste === 'patient')];
}

function clearTimer(asked: Asked): void {
  clearTimeout(asked.timer);
  asked.timer = undefined;
}
