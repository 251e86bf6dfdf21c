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
/** Enough to be preferred, and too little to pay for anything: it is lost with the first points that are not forgiven. */
const VALIDATOR_CREDIT = 1;
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
 * What gossipsub makes of a peer (docs/decisions/0017-floods.md has every weight). A score that falls costs, one after the
 * other: the mesh (below 0), what we have to offer (−20), what we publish (−40), and a hearing where our own points ban (−80).
 *
 * `appSpecificScore`: our points, which count invalid messages of each topic alike: a peer that forwards one message
 * that breaks the rules has not checked it, whatever it is about. Gossipsub's own count of them (P4) would count them
 * twice, and forget them with the connection.
 *
 * No scores by topic, of none of the three, since each of them would punish honest peers or pay dishonest ones:
 * - `vote` and `tx`: what comes depends on load and on who is near. Votes are sent to everybody at once, so that their
 *   first copy comes from the voter and none from most of the mesh; an idle network has no transactions for hours. A
 *   least rate of deliveries (P3) needs to know how many there should be.
 * - `block`: one a slot, told by IDONTWANT before a second copy is sent: in a full mesh of n each neighbour delivers
 *   first once in n − 1 slots, in a large one never who is far from the leaders.
 * - For first deliveries (P2) and time in the mesh (P1) a peer would be given credit, with which it could pay for lies.
 * Who takes and does not forward is found otherwise: what it has promised and not sent counts (below), what is lost is
 * sent again by consensus, and it costs no more than one neighbour of eight.
 *
 * Validators are preferred in every mesh: they come first among those that are kept when there are too many, and while
 * most of the mesh are others, gossipsub grafts validators now and then (`opportunisticGraftThreshold`).
 *
 * @param isValidator whether a validator of the present epoch has bound itself to the peer
 */
export function gossipScoring(
  penalties: Pick<PenaltyBook, 'points'>,
  isValidator: (peer: string) => boolean,
): Required<Pick<GossipsubOpts, 'scoreParams' | 'scoreThresholds'>> {
  return {
    scoreParams: {
      topics: {},
      appSpecificScore(peer) {
        const points = penalties.points(peer);
        if (points > FORGIVEN) return FORGIVEN - points;
        return isValidator(peer) ? VALIDATOR_CREDIT : 0;
      },
      appSpecificWeight: 1,
      // how many may come from one address is decided at the door (gate.ts); a second bound would silence some of those
      IPColocationFactorWeight: 0,
      // a restarted node grafts before the back-off it has forgotten is over, and a starved one answers late:
      // the first six such faults within a few seconds are free
      behaviourPenaltyWeight: -1,
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyDecay: 0.8,
    },
    scoreThresholds: {
      gossipThreshold: -20,
      publishThreshold: -40,
      graylistThreshold: FORGIVEN - DISCONNECT_AT,
      acceptPXThreshold: 0,
      opportunisticGraftThreshold: VALIDATOR_CREDIT / 2,
    },
  };
}
