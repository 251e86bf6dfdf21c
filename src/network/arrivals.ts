// Connections that others open to this node, from their first packet until they belong to a peer. Whoever is no peer yet
// can be let go: so nobody is kept out because others came first and say nothing. Where it is full, the neighbourhood
// that holds the most loses its oldest connection.

import type { MultiaddrConnection } from '@libp2p/interface';
import { originOf } from './addresses.ts';
import { largestCrowd } from './crowd.ts';
import { ipOf, isLoopback } from './ip.ts';
import { PeerBuckets } from './rate-limit.ts';

export interface ArrivalsOptions {
  /** that one IP address may hold open; of an IPv6 address its /64, and twice as many its /48 */
  readonly maxConnectionsPerIp: number;
  /** all nodes of a private network may come from one address, and at the same moment */
  readonly network: 'private' | 'public';
  /** whether a configured peer is behind this IP address: then no other address can take its place */
  readonly isFriend: (ip: string) => boolean;
  /** whether the peer has passed the handshake */
  readonly isPeer: (peer: string) => boolean;
  /** milliseconds of a clock that never goes back */
  readonly now: () => number;
}

export type Incoming = Pick<MultiaddrConnection, 'status' | 'remoteAddr' | 'addEventListener' | 'abort'>;

interface Guest {
  readonly connection: Incoming;
  /** undefined for who comes through a relay */
  readonly ip: string | undefined;
  readonly neighbourhood: string;
  /** once it is proven */
  peer: string | undefined;
}

/** Connections of those who are no peers yet: an honest one is, or has left, after a second or two. */
export const MAX_STRANGERS = 128;
/** A peer that has lost a connection without our noticing opens another; older ones than these two are dead. */
export const MAX_PER_PEER = 2;
/** New connections of one IP address. */
const ARRIVALS_PER_SECOND = { private: 1_000, public: 10 } as const;
/** An IPv6 /48 is one site, or some customers of one provider: it may have this many times what one address has. */
const SITE_SHARE = 2;

export class Arrivals {
  readonly #o: ArrivalsOptions;
  readonly #ofIp: PeerBuckets;
  readonly #ofSite: PeerBuckets;
  /** oldest first */
  readonly #guests = new Map<Incoming, Guest>();

  constructor(options: ArrivalsOptions) {
    this.#o = options;
    const most = ARRIVALS_PER_SECOND[options.network];
    this.#ofIp = new PeerBuckets({ burst: most, perSecond: most }, options.now);
    this.#ofSite = new PeerBuckets({ burst: SITE_SHARE * most, perSecond: SITE_SHARE * most }, options.now);
  }

  /** @returns whether the connection may stay, for now */
  admit(connection: Incoming): boolean {
    this.#forgetClosed();
    const { remoteAddr } = connection;
    const ip = ipOf(remoteAddr);
    const guest: Guest = { connection, ip, neighbourhood: originOf(remoteAddr), peer: undefined };
    if (!this.#comesSlowly(guest) || !this.#fitsItsHost(guest)) return false;
    this.#makeRoom(this.#strangersBeside(guest), MAX_STRANGERS);
    this.#guests.set(connection, guest);
    connection.addEventListener('close', () => this.#guests.delete(connection));
    return true;
  }

  /** It has been proven whose connection it is. */
  identify(peer: string, connection: Incoming): void {
    const guest = this.#guests.get(connection);
    if (guest === undefined) return;
    guest.peer = peer;
    const all = this.#select((other) => other.peer === peer);
    for (const old of all.slice(0, -MAX_PER_PEER)) this.#letGo(old);
  }

  /** Not every transport tells of the end of a connection that was refused. */
  #forgetClosed(): void {
    for (const connection of this.#guests.keys()) if (connection.status !== 'open') this.#guests.delete(connection);
  }

  #comesSlowly({ ip, neighbourhood }: Guest): boolean {
    return ip === undefined || (this.#ofIp.takeOne(ip) && (!isIp6(ip) || this.#ofSite.takeOne(neighbourhood)));
  }

  /** Everybody may come from this machine itself: other nodes of a test, or all who come through a proxy. */
  #fitsItsHost({ ip, neighbourhood }: Guest): boolean {
    const most = this.#o.maxConnectionsPerIp;
    if (ip === undefined || isLoopback(ip) || most === Number.POSITIVE_INFINITY) return true;
    const site = isIp6(ip) ? this.#select((other) => other.neighbourhood === neighbourhood) : [];
    const host = this.#select((other) => other.ip === ip);
    return this.#makeRoom(site, SITE_SHARE * most) && this.#makeRoom(host, most);
  }

  /** Those with whom it shares the places of strangers: friends have places of their own, each address for itself. */
  #strangersBeside({ ip }: Guest): Guest[] {
    const { isFriend } = this.#o;
    const isOwn = ip !== undefined && isFriend(ip);
    const shares = (other: Guest) => (isOwn ? other.ip === ip : other.ip === undefined || !isFriend(other.ip));
    return this.#select((other) => !this.#isPeer(other) && shares(other));
  }

  /** @param all of whom there may be `most` once another has come. @returns whether there is room for it now */
  #makeRoom(all: readonly Guest[], most: number): boolean {
    if (all.length < most) return true;
    const oldest = largestCrowd(all.filter((guest) => !this.#isPeer(guest)))[0];
    if (oldest !== undefined) this.#letGo(oldest);
    return oldest !== undefined;
  }

  #letGo({ connection }: Guest): void {
    this.#guests.delete(connection);
    connection.abort(new Error('room is needed for others'));
  }

  #isPeer({ peer }: Guest): boolean {
    return peer !== undefined && this.#o.isPeer(peer);
  }

  #select(isWanted: (guest: Guest) => boolean): Guest[] {
    return [...this.#guests.values()].filter(isWanted);
  }
}

function isIp6(ip: string): boolean {
  return ip.includes(':');
}
