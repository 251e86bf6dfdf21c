// For how many there is a place here: peers in all, those of them who come by themselves, and bootstrap nodes. Places of
// those who come are shared among the neighbourhoods of the internet, so that a few addresses can not hold all of them.

import { originOf } from './addresses.ts';
import { largestCrowd } from './crowd.ts';
import type { Session } from './session.ts';

export interface PlacesContext {
  readonly isConfigured: (peer: string) => boolean;
  /** consensus key of a validator of the present epoch that has bound itself to this peer */
  readonly validatorOf: (peer: string) => Uint8Array | undefined;
  readonly maxPeers: number;
  /** of these, whom we have not chosen ourselves; configured peers and validators are let in beyond both */
  readonly maxInbound: number;
}

/**
 * Peers without a chain that are let in, besides configured ones: they help to find others, and take no part. So many whom
 * we have dialled, and so many who come by themselves: these keep none of the others out.
 */
const MAX_HELPERS = 4;

type Guest = Pick<Session, 'id' | 'direction' | 'phase' | 'remote' | 'connectedAt'>;

/** Who has to go for the one who comes, if anybody; or why it can not stay itself. */
export type Place = { readonly leaves: string | undefined } | { readonly refusal: string };

const FREE: Place = { leaves: undefined };

export class Places {
  readonly #c: PlacesContext;

  constructor(context: PlacesContext) {
    this.#c = context;
  }

  /** A place for a peer beside the others. */
  find(guest: Guest, others: Iterable<Guest>): Place {
    const { maxPeers, maxInbound } = this.#c;
    if (this.#isPrivileged(guest)) return FREE;
    // those that will be peers in a moment take their place already
    const peers = [...others].filter(
      ({ id, phase }) => id !== guest.id && (phase === 'connected' || phase === 'handshake'),
    );
    const inbound = peers.filter(({ direction }) => direction === 'inbound');
    const isInbound = guest.direction === 'inbound';
    if (peers.length < maxPeers && (!isInbound || inbound.length < maxInbound)) return FREE;
    const leaves = isInbound ? this.#whoLeaves(guest, inbound) : undefined;
    if (leaves !== undefined) return { leaves };
    if (peers.length >= maxPeers) return { refusal: `there are ${maxPeers} peers already` };
    return { refusal: `there are ${maxInbound} peers already that came by themselves` };
  }

  /** The youngest of the neighbourhood that holds the most, as long as that still holds no less than the guest's then. */
  #whoLeaves(guest: Guest, inbound: readonly Guest[]): string | undefined {
    const strangers = inbound
      .filter((other) => !this.#isPrivileged(other))
      .map(({ id, remote, connectedAt }) => ({ id, connectedAt, neighbourhood: originOf(remote) }));
    const crowd = largestCrowd(strangers);
    const own = strangers.filter(({ neighbourhood }) => neighbourhood === originOf(guest.remote));
    if (crowd.length < own.length + 2) return undefined;
    return crowd.reduce((youngest, one) => (one.connectedAt >= youngest.connectedAt ? one : youngest)).id;
  }

  #isPrivileged({ id }: Guest): boolean {
    return this.#c.isConfigured(id) || this.#c.validatorOf(id) !== undefined;
  }

  /** @returns why there is no place for one that only helps to find others, or undefined. */
  whyNoHelp({ id, direction }: Guest, others: Iterable<Guest>): string | undefined {
    const helpers = [...others].filter((other) => other.phase === 'helping' && other.direction === direction).length;
    if (this.#c.isConfigured(id) || helpers < MAX_HELPERS) return undefined;
    return `there are ${helpers} ${direction} bootstrap nodes already`;
  }
}
