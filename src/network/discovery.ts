// Whom to dial beyond the configured peers. A number of peers that this node has chosen itself is kept up, out of the peer
// book, which random walks through the DHT and the peers met fill. Whoever comes to us by himself does not count among
// them, so nobody can surround this node by coming in large numbers; and few of them may be neighbours.

import type { PeerId, PeerInfo } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { asError } from '../primitives/errors.ts';
import { originOf, reachOf, subnetOf } from './addresses.ts';
import { DIAL_TIMEOUT_MS, type Dialer } from './dialer.ts';
import type { CommonHost } from './host.ts';
import type { Candidate, PeerBook } from './peer-book.ts';

export interface DiscoveryContext {
  readonly network: 'private' | 'public';
  /** how many peers of its own choice this node keeps */
  readonly target: number;
  readonly book: PeerBook;
  readonly dialer: Pick<Dialer, 'has' | 'dial'>;
  /** one random walk; tells of every answer, and whose it is */
  readonly walk: (onAnswer: (peers: readonly PeerInfo[], from: PeerId) => void) => Promise<void>;
  /** where the peers are that this node has dialled and that have passed the handshake, or are in it */
  readonly outbound: () => readonly Multiaddr[];
  readonly logger: Logger;
  /** between 0 and 1 */
  readonly random: () => number;
  /** milliseconds of a clock that never goes back */
  readonly now: () => number;
}

/** What discovery needs to know of a peer that has identified itself. */
export interface MetPeer {
  readonly peer: PeerId;
  readonly direction: 'inbound' | 'outbound';
  /** where the connection leads */
  readonly remote: Multiaddr;
  /** what the peer says of itself */
  readonly announced: readonly Multiaddr[];
}

/** Pauses between two looks at what is missing (ms), varied by half each way; a lost peer is missed at once. */
const LOOK_PAUSE_MS = { private: 500, public: 3_000 } as const;
/** Dials of its own choice at a time. */
const MAX_DIALS = 4;
/** There are never more: the host dials fewer at a time. */
const MAX_DIALS_COUNTED = 64;
/** Of 10 chosen peers 5 neighbourhoods at least: an attacker has to hold so many. */
const MAX_OUTBOUND_PER_SUBNET = 2;
/** Pause between walks while peers are missing: doubled when a walk brings nobody, up to the longest (ms). */
const WALK_PAUSE_MS = { private: { first: 500, longest: 10_000 }, public: { first: 5_000, longest: 120_000 } } as const;
/** With nobody missing, a walk now and then keeps the book fresh. */
const REFRESH_MS = 10 * 60_000;
/** Peers taken from one answer: a bucket of the DHT. */
const MAX_PER_ANSWER = 20;
/** For so long a peer of another network or version is not dialled again: one that is upgraded comes by itself. */
const USELESS_MS = 60 * 60_000;
const MAX_USELESS = 1_024;

export class Discovery {
  readonly #host: Pick<CommonHost, 'peerId' | 'getConnections'>;
  readonly #context: DiscoveryContext;
  readonly #useless: LRUCache<string, true>;
  /** dials under way, the DHT's too; each counts until it has led to a peer, or as long as a dial may take */
  readonly #dialling: LRUCache<string, 'own' | 'dht'>;
  readonly #connected = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #walking = false;
  #walkPause: number;
  #nextWalkAt = 0;

  constructor(host: Pick<CommonHost, 'peerId' | 'getConnections'>, context: DiscoveryContext) {
    this.#host = host;
    this.#context = context;
    this.#walkPause = WALK_PAUSE_MS[context.network].first;
    const clock = { ttlResolution: 0, perf: { now: context.now } };
    this.#useless = new LRUCache({ max: MAX_USELESS, ttl: USELESS_MS, ...clock });
    this.#dialling = new LRUCache({ max: MAX_DIALS_COUNTED, ttl: DIAL_TIMEOUT_MS, ...clock });
  }

  start(): void {
    this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** How many peers of its own choice this node misses. */
  get missing(): number {
    return Math.max(0, this.#context.target - this.#context.outbound().length);
  }

  /** The peer has passed the handshake, or helps to find others. */
  onConnected({ peer, direction, remote, announced }: MetPeer): void {
    this.#connected.add(peer.toString());
    this.#dialling.delete(peer.toString());
    if (direction === 'outbound') this.#context.book.worked(peer, [remote, ...announced]);
    else this.#context.book.heard(peer, announced, originOf(remote));
  }

  /** The last connection to the peer has closed. One that never was of use counts as not reached. */
  onDisconnected(peer: PeerId): void {
    const key = peer.toString();
    this.#dialling.delete(key);
    if (!this.#connected.delete(key)) {
      this.#notReached(peer);
      return;
    }
    this.#context.book.postpone(peer);
    this.#walkPause = WALK_PAUSE_MS[this.#context.network].first;
  }

  /** The peer belongs to another network, or speaks a version that we do not. */
  onUseless(peer: string): void {
    this.#useless.set(peer, true);
    this.#dialling.delete(peer);
    this.#context.book.forget(peer);
  }

  /** Asked for every dial that is not of a configured peer, those of the DHT included. */
  mayDial(peer: PeerId): boolean {
    const key = peer.toString();
    if (this.#useless.has(key)) return false;
    if (this.#dialling.has(key)) return true;
    if (this.missing <= this.#dials || this.#dialsOf('dht') >= this.missing / 2) return false;
    this.#dialling.set(key, 'dht');
    return true;
  }

  /** The same for each of the peer's addresses. */
  mayDialAddress(address: Multiaddr): boolean {
    return isUsable(address, this.#context.network) && this.#hasRoom(address);
  }

  #hasRoom(address: Multiaddr): boolean {
    const subnet = subnetOf(address);
    if (subnet === undefined) return true;
    return this.#context.outbound().filter((other) => subnetOf(other) === subnet).length < MAX_OUTBOUND_PER_SUBNET;
  }

  get #dials(): number {
    this.#dialling.purgeStale();
    return this.#dialling.size;
  }

  #dialsOf(whose: 'own' | 'dht'): number {
    this.#dialling.purgeStale();
    return [...this.#dialling.values()].filter((one) => one === whose).length;
  }

  /**
   * How many dials more. The DHT follows whatever it is told, and of a dial of its that has failed nobody hears: who tells it of
   * peers that are not there would keep this node from all others. So one dial of our own is always free.
   */
  get #wanted(): number {
    if (this.missing === 0) return 0;
    return Math.max(this.missing - this.#dials, this.#dialsOf('own') === 0 ? 1 : 0);
  }

  #look(): void {
    const wanted = this.#wanted;
    const chosen = wanted > 0 ? this.#choose(Math.min(wanted, MAX_DIALS - this.#dialsOf('own'))) : [];
    for (const candidate of chosen) void this.#try(candidate);
    if (wanted > chosen.length) this.#nextWalkAt = Math.min(this.#nextWalkAt, this.#context.now() + this.#walkPause);
    if (!this.#walking && this.#context.now() >= this.#nextWalkAt) void this.#walk();
    this.#again();
  }

  #again(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const { network, random } = this.#context;
    this.#timer = setTimeout(() => this.#look(), LOOK_PAUSE_MS[network] * (0.5 + random()));
  }

  /** At most one of a neighbourhood at a time: the bound holds for those that are connected. */
  #choose(most: number): Candidate[] {
    const chosen: Candidate[] = [];
    const subnets = new Set<string>();
    for (const candidate of this.#context.book.candidates((peer) => this.#isWanted(peer))) {
      if (chosen.length >= most) break;
      const near = candidate.addresses.flatMap((address) => subnetOf(address) ?? []);
      if (near.some((subnet) => subnets.has(subnet))) continue;
      if (!candidate.addresses.some((address) => this.#hasRoom(address))) continue;
      for (const subnet of near) subnets.add(subnet);
      chosen.push(candidate);
    }
    return chosen;
  }

  #isWanted(peer: string): boolean {
    const isNew = !this.#dialling.has(peer) && !this.#isConnected(peer);
    return isNew && !this.#useless.has(peer) && !this.#context.dialer.has(peer);
  }

  #isConnected(peer: string): boolean {
    return this.#connected.has(peer) || peer === this.#host.peerId.toString();
  }

  async #try({ id, addresses }: Candidate): Promise<void> {
    const key = id.toString();
    this.#dialling.set(key, 'own');
    if (await this.#context.dialer.dial(id, addresses)) return;
    this.#dialling.delete(key);
    this.#notReached(id);
  }

  /** Without any connection the fault is more likely ours, and nobody is forgotten for it. */
  #notReached(peer: PeerId): void {
    const { book } = this.#context;
    if (this.#host.getConnections().length === 0) book.postpone(peer);
    else book.failed(peer);
  }

  async #walk(): Promise<void> {
    const { walk, book, logger, now, network } = this.#context;
    this.#walking = true;
    const before = book.size;
    try {
      await walk((peers, from) => this.#heard(peers, from));
    } catch (error) {
      logger.debug({ reason: asError(error).message }, 'a walk through the DHT ended early');
    }
    this.#walking = false;
    if (this.#stopped) return;
    const { first, longest } = WALK_PAUSE_MS[network];
    this.#walkPause = book.size > before ? first : Math.min(2 * this.#walkPause, longest);
    this.#nextWalkAt = now() + (this.missing > 0 ? this.#walkPause : REFRESH_MS);
    logger.debug({ known: book.size, found: book.size - before, missing: this.missing }, 'walked through the DHT');
    if (book.size > before) this.#look();
  }

  #heard(peers: readonly PeerInfo[], from: PeerId): void {
    const [connection] = this.#host.getConnections(from);
    // those who are gone already share one name
    const source = connection === undefined ? '' : originOf(connection.remoteAddr);
    for (const { id, multiaddrs } of peers.slice(0, MAX_PER_ANSWER)) {
      const key = id.toString();
      if (key !== this.#host.peerId.toString() && !this.#useless.has(key))
        this.#context.book.heard(id, multiaddrs, source);
    }
  }
}

/** Relayed addresses last no longer than a reservation, and private ones mean nothing outside. */
export function isUsable(address: Multiaddr, network: 'private' | 'public'): boolean {
  const reach = reachOf(address);
  return reach === 'public' || (reach === 'private' && network === 'private');
}
