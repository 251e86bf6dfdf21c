// Who lets requests lie: a peer that is there, as its status answers say, and neither answers a request nor refuses it. An
// honest one does one of the two in time, and what it sends first arrives first; so a later answer on the same connection
// tells silence from a slow line (docs/decisions/0019-requests.md). Nothing of libp2p here.

import { LRUCache } from 'lru-cache';

/** So long (ms) a node takes for each piece of an answer before it refuses the request instead. */
export const ANSWER_TIMEOUT_MS = 3_000;
/** What comes slower than this does not come: no chain can be followed over such a line. */
export const LEAST_BYTES_PER_SECOND = 8 * 1024;
/** Of a status exchange (ms): over a line or from a node that needs longer, an answer may be under way as well. */
const PROMPT_MS = 1_000;
/** So often in a row: once may be bad luck. */
const TOO_OFTEN = 3;
/** Without news of a peer for so long (ms) it begins anew. */
const FORGOTTEN_MS = 10 * 60_000;
const REMEMBERED_PEERS = 1024;

/** For a whole message of an answer. */
export interface Wait<Connection extends object = object> {
  readonly peer: string;
  readonly connection: Connection;
  /** ms of a clock that never goes back */
  since: number;
  /** of the message that came meanwhile */
  bytes: number;
}

/** `excused`: it may be no fault of the peer. `counted`: it let the request lie. `often`: as it does again and again. */
export type SilenceVerdict = 'excused' | 'counted' | 'often';

export class Silence {
  readonly #now: () => number;
  /** when the last status was asked for over a connection that came promptly */
  readonly #prompt = new WeakMap<object, number>();
  readonly #peers = new LRUCache<string, { times: number; at: number }>({ max: REMEMBERED_PEERS });

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A status came over a connection. @param askedAt by the clock */
  statusCame(connection: object, askedAt: number): void {
    if (this.#now() - askedAt <= PROMPT_MS) this.#prompt.set(connection, askedAt);
  }

  /** A request was answered: that makes up for one that was not. */
  answered(peer: string): void {
    const known = this.#peers.get(peer);
    if (known !== undefined) this.#peers.set(peer, { times: Math.max(0, known.times - 1), at: known.at });
  }

  /** An answer is waited for no longer. */
  givenUp({ peer, connection, since, bytes }: Wait): SilenceVerdict {
    const now = this.#now();
    const provenAt = this.#prompt.get(connection) ?? Number.NEGATIVE_INFINITY;
    if (provenAt < since + ANSWER_TIMEOUT_MS) return 'excused';
    if (bytes >= (LEAST_BYTES_PER_SECOND * (now - since)) / 1000) return 'excused';
    const last = this.#peers.get(peer);
    // requests that wait side by side meet the same bad luck
    if (last !== undefined && since < last.at) return 'excused';
    const before = last === undefined || now - last.at > FORGOTTEN_MS ? 0 : last.times;
    const times = (before + 1) % TOO_OFTEN;
    this.#peers.set(peer, { times, at: now });
    return times === 0 ? 'often' : 'counted';
  }
}
