// How misbehaviour counts: penalty points of a peer, which fade, with the reasons; and what gossipsub is told about them.
// The points are kept here and not in gossipsub, which forgets a peer's record as soon as it connects again.

import type { GossipsubOpts } from '@chainsafe/libp2p-gossipsub';
import { LRUCache } from 'lru-cache';
import { type Offence, type OffenceKind, PENALTIES, remember } from './offences.ts';

/** Ten rejected messages within a minute: no accident of an honest node. */
export const DISCONNECT_AT = 100;
/** Two bad messages cost a peer nothing in gossip: being pruned from a mesh lasts a minute. */
const FORGIVEN = 20;
const HALF_LIFE_MS = 60_000;
/** Points outlive connections; far more than ever are connected. */
const REMEMBERED_PEERS = 1024;

export interface PenaltyClocks {
  /** ms of a clock that never goes back: by it points fade */
  readonly steady: () => number;
  /** ms since 1970: for people */
  readonly wall: () => number;
}

export class PenaltyBook {
  readonly #clocks: PenaltyClocks;
  readonly #entries = new LRUCache<string, { points: number; at: number; offences: readonly Offence[] }>({
    max: REMEMBERED_PEERS,
  });

  constructor(clocks: PenaltyClocks) {
    this.#clocks = clocks;
  }

  /** @returns the points the peer has now. */
  add(peer: string, kind: OffenceKind, reason: string): number {
    const points = this.points(peer) + PENALTIES[kind];
    const offences = remember(this.offences(peer), kind, reason, this.#clocks.wall());
    this.#entries.set(peer, { points, at: this.#clocks.steady(), offences });
    return points;
  }

  points(peer: string): number {
    const entry = this.#entries.get(peer);
    if (entry === undefined) return 0;
    return entry.points * 0.5 ** ((this.#clocks.steady() - entry.at) / HALF_LIFE_MS);
  }

  /** Newest first. */
  offences(peer: string): readonly Offence[] {
    return this.#entries.get(peer)?.offences ?? [];
  }

  forgive(peer: string): void {
    this.#entries.delete(peer);
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
