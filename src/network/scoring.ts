// How misbehaviour counts: penalty points of a peer, which fade, and what gossipsub is told about them.
// The points are kept here and not in gossipsub, which forgets a peer's record as soon as it connects again.

import type { GossipsubOpts } from '@chainsafe/libp2p-gossipsub';
import { LRUCache } from 'lru-cache';

/**
 * Points for each offence. Honest nodes of one version never reject each other's messages, so few are forgiven;
 * what an overloaded or impatient node does costs little.
 */
export const PENALTIES = {
  /** a gossip message that was rejected */
  rejected: 10,
  /** a request or an answer that breaks its protocol */
  violation: 10,
  /** a request past the peer's share, or a stream left hanging */
  nuisance: 1,
} as const;
export type Offence = keyof typeof PENALTIES;

/** Ten rejected messages within a minute: no accident of an honest node. */
export const DISCONNECT_AT = 100;
/** A peer that was disconnected for its points stays out until half of them have faded: one half-life. */
export const READMIT_BELOW = DISCONNECT_AT / 2;
/** Two bad messages cost a peer nothing in gossip: being pruned from a mesh lasts a minute. */
const FORGIVEN = 20;
const HALF_LIFE_MS = 60_000;
/** Points outlive connections; far more than ever are connected. */
const REMEMBERED_PEERS = 1024;

export class PenaltyBook {
  readonly #now: () => number;
  readonly #entries = new LRUCache<string, { points: number; at: number }>({ max: REMEMBERED_PEERS });

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns the points the peer has now. */
  add(peer: string, offence: Offence): number {
    const points = this.points(peer) + PENALTIES[offence];
    this.#entries.set(peer, { points, at: this.#now() });
    return points;
  }

  points(peer: string): number {
    const entry = this.#entries.get(peer);
    if (entry === undefined) return 0;
    return entry.points * 0.5 ** ((this.#now() - entry.at) / HALF_LIFE_MS);
  }
}

/**
 * Gossipsub scores a peer by our points, by the number of peers that share its address, and by broken gossip promises.
 * Delivery rates are not scored: in a small network honest peers differ widely in them.
 * @param network a `private` network may have all its nodes on one address.
 */
export function gossipScoring(
  penalties: PenaltyBook,
  network: 'private' | 'public',
): Required<Pick<GossipsubOpts, 'scoreParams' | 'scoreThresholds'>> {
  return {
    scoreParams: {
      topics: {},
      appSpecificScore: (peer) => -Math.max(0, penalties.points(peer) - FORGIVEN),
      appSpecificWeight: 1,
      // 10 peers behind one address are a household or a company; more of them are pruned little by little
      IPColocationFactorWeight: network === 'private' ? 0 : -5,
      IPColocationFactorThreshold: 10,
      // a restarted node grafts before the back-off it has forgotten is over, and a starved one answers late:
      // the first six such faults within a few seconds are free
      behaviourPenaltyWeight: -1,
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyDecay: 0.8,
    },
    scoreThresholds: {
      gossipThreshold: -20,
      publishThreshold: -40,
      graylistThreshold: -DISCONNECT_AT,
      acceptPXThreshold: 0,
      opportunisticGraftThreshold: 0,
    },
  };
}
