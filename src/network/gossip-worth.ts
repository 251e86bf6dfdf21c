// Whose gossip is of no use: what each peer sends that is ignored, beside what everybody sends that is not. Honest nodes
// pass on only what was new to themselves, so that what one of them wastes here stays below what the network as a whole
// has to say; whoever goes far beyond makes it up.

import { LRUCache } from 'lru-cache';
import type { Verdict } from './network.ts';
import type { GossipTopic } from './protocols.ts';

/** What a message costs beyond its bytes, in bytes: with 8 MiB a second 2,000 can be judged, and no more should have to be. */
export const MESSAGE_BYTES = 4096;
/** By half in this time what was sent is forgotten; longer than an honest peer may stand still before it is dropped. */
const HALF_LIFE_MS = 60_000;
/**
 * So long after the last proposal that was accepted or made here this node takes part, and can tell what is of use. One
 * that is far behind ignores all that it hears, and nobody is to blame for it.
 */
const TAKES_PART_MS = 30_000;
/** More than are ever connected. */
const REMEMBERED_PEERS = 1024;

export interface GossipJudged {
  readonly peer: string;
  readonly topic: GossipTopic;
  readonly bytes: number;
  readonly verdict: Verdict;
}

export class GossipWorth {
  readonly #allowance: number;
  readonly #now: () => number;
  readonly #useful = new FadingSum();
  readonly #wasted = new LRUCache<string, FadingSum>({ max: REMEMBERED_PEERS });
  #tookPartAt = Number.NEGATIVE_INFINITY;

  /**
   * @param allowance bytes that a peer may waste beyond what is of use, messages counting as MESSAGE_BYTES more.
   * @param now milliseconds of a clock that never goes back
   */
  constructor(allowance: number, now: () => number) {
    this.#allowance = allowance;
    this.#now = now;
  }

  /** @returns whether this message goes beyond what the peer may waste. */
  judged({ peer, topic, bytes, verdict }: GossipJudged): boolean {
    const now = this.#now();
    if (verdict === 'accept') {
      if (topic === 'block') this.#tookPartAt = now;
      this.#useful.add(bytes + MESSAGE_BYTES, now);
    }
    if (verdict !== 'ignore' || now - this.#tookPartAt > TAKES_PART_MS) return false;
    const wasted = this.#wasted.get(peer) ?? new FadingSum();
    this.#wasted.set(peer, wasted);
    return wasted.add(bytes + MESSAGE_BYTES, now) > this.#allowance + this.#useful.at(now);
  }

  /** This node has sent a message of its own. */
  published(topic: GossipTopic): void {
    if (topic === 'block') this.#tookPartAt = this.#now();
  }
}

class FadingSum {
  #sum = 0;
  #since = 0;

  add(amount: number, now: number): number {
    this.#sum = this.at(now) + amount;
    this.#since = now;
    return this.#sum;
  }

  at(now: number): number {
    return this.#sum * 0.5 ** ((now - this.#since) / HALF_LIFE_MS);
  }
}
