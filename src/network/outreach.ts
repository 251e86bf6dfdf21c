// Everything that dials, put together around one host: the dialers of configured peers and of validators, and discovery
// with its peer book and walks. Decides who may be dialled at all, whoever asks: discovery, the DHT or what helps behind a router.

import type { PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { parsePeerAddress, peerOf } from './addresses.ts';
import { Dialer } from './dialer.ts';
import { Discovery, isUsable, type MetPeer } from './discovery.ts';
import { NetworkError } from './errors.ts';
import { Friends } from './friends.ts';
import type { CommonHost } from './host.ts';
import { ipOf } from './ip.ts';
import { walk } from './kad.ts';
import { systemLookup } from './names.ts';
import type { HostOptions } from './options.ts';
import { PeerBook } from './peer-book.ts';

export interface OutreachContext {
  readonly options: Pick<
    HostOptions,
    'network' | 'peers' | 'privatePeers' | 'outboundPeers' | 'peerBook' | 'lookup' | 'logger'
  >;
  /** where the peers are that this node has dialled: those that it has chosen, and configured ones */
  readonly outbound: () => readonly Multiaddr[];
  /** aborts when the node stops */
  readonly lifetime: AbortSignal;
}

/** Pauses before an unreachable peer is tried again (ms). */
const BOOK_PAUSES = {
  private: { first: 1_000, longest: 60_000 },
  public: { first: 30_000, longest: 3_600_000 },
} as const;

export class Outreach {
  readonly book: PeerBook;
  readonly #host: CommonHost;
  readonly #dialer: Dialer;
  readonly #validators: Dialer;
  readonly #network: 'private' | 'public';
  readonly #friends: Friends;
  readonly #privatePeers: ReadonlySet<string>;
  /** absent where the host has no DHT */
  readonly #discovery: Discovery | undefined;
  readonly #logger: Logger;
  readonly #warned = new Set<string>();

  /** @throws {NetworkError} BAD_ADDRESS */
  constructor(host: CommonHost, { options, outbound, lifetime }: OutreachContext) {
    const { network, peers, privatePeers, outboundPeers, peerBook, logger } = options;
    const random = Math.random;
    this.#host = host;
    this.#logger = logger;
    this.#network = network;
    this.#privatePeers = new Set(privatePeers);
    const now = () => performance.now();
    const needsHelp = () => this.missing > 0;
    this.#dialer = new Dialer(host, peers, { network, logger, random, now, needsHelp, lifetime });
    this.#validators = new Dialer(host, [], { network, logger, random, now, needsHelp, lifetime });
    this.#friends = new Friends({
      addresses: () => this.#dialer.addresses(),
      lookup: options.lookup ?? systemLookup,
    });
    this.book = new PeerBook({
      file: peerBook,
      pauses: BOOK_PAUSES[network],
      isUsable: (address) => isUsable(address, network),
      logger,
      now,
      wall: Date.now,
      random,
    });
    const table = host.services.dht;
    if (table === undefined) return;
    this.#discovery = new Discovery(host, {
      network,
      target: outboundPeers,
      book: this.book,
      dialer: this.#dialer,
      walk: (onAnswer) => walk(table, onAnswer, lifetime),
      outbound,
      logger,
      random,
      now,
    });
  }

  /** How many peers of its own choice this node misses; without discovery, those it is told of are never enough. */
  get missing(): number {
    return this.#discovery?.missing ?? Number.POSITIVE_INFINITY;
  }

  /** Before the host starts. */
  async load(): Promise<void> {
    if (this.#discovery !== undefined) await this.book.load();
  }

  start(): void {
    this.#dialer.start();
    this.#friends.start();
    this.#discovery?.start();
  }

  async stop(): Promise<void> {
    this.#dialer.stop();
    this.#validators.stop();
    this.#friends.stop();
    this.#discovery?.stop();
    await this.book.close();
  }

  /**
   * From now on a connection to this peer is kept as well.
   * @param address a multiaddr that ends in /p2p/<peer id>
   * @returns the peer id
   * @throws {NetworkError} BAD_ADDRESS
   */
  add(address: string): string {
    const peer = this.#dialer.add(address);
    void this.#friends.refresh();
    return peer;
  }

  /**
   * From now on connections are kept to these validators and to no others.
   * @param addresses multiaddrs that end in /p2p/<peer id>, as they have signed them; what leads nowhere is left out
   */
  keepValidators(addresses: readonly string[]): void {
    const isWanted = (address: string) => {
      const peer = peerToDial(address, this.#network);
      return peer !== undefined && !this.isConfigured(peer);
    };
    this.#validators.replace(addresses.filter(isWanted));
  }

  /** Whether the operator has named the peer, with an address or as a private one. */
  isConfigured(peer: string): boolean {
    return this.#dialer.has(peer) || this.isPrivate(peer);
  }

  /** Whether the address says that it is a configured peer's, or a relay's on the way to one. */
  isNamed(address: Multiaddr): boolean {
    return this.#dialer.isNamed(peerOf(address) ?? '');
  }

  /** @param ip behind which such a peer is, or was met; as `ipKey` gives it */
  isFriend(ip: string): boolean {
    return this.#friends.has(ip);
  }

  isPrivate(peer: string): boolean {
    return this.#privatePeers.has(peer);
  }

  /** A private peer without an address comes by itself: looking for it would tell others of it. */
  mayDial(peer: PeerId): boolean {
    const id = peer.toString();
    if (this.isPrivate(id) && !this.#dialer.has(id)) return false;
    return this.#isKnown(id) || this.#validators.has(id) || (this.#discovery?.mayDial(peer) ?? false);
  }

  /** Validators are strangers: whatever they sign, nobody is dialled where nobody can be. */
  mayDialAddress(address: Multiaddr): boolean {
    const peer = peerOf(address) ?? '';
    const isValidators = this.#validators.has(peer) && isUsable(address, this.#network);
    return this.#isKnown(peer) || isValidators || (this.#discovery?.mayDialAddress(address) ?? false);
  }

  /** The peer has passed the handshake. */
  onPeer(peer: MetPeer): void {
    const id = peer.peer.toString();
    this.#dialer.onConnected(id);
    this.#validators.onConnected(id);
    const ip = ipOf(peer.remote);
    if (ip !== undefined && (this.isConfigured(id) || this.#validators.has(id))) this.#friends.met(ip);
    if (!this.isPrivate(id)) this.#discovery?.onConnected(peer);
  }

  /** The peer runs no chain, and helps to find others. */
  onHelper(peer: MetPeer): void {
    const id = peer.peer.toString();
    this.#dialer.onHelper(id);
    this.#discovery?.onConnected(peer);
    if (this.#discovery !== undefined || !this.isConfigured(id) || this.#warned.has(id)) return;
    this.#warned.add(id);
    this.#logger.warn(
      { peer: id },
      'a configured peer is a bootstrap node, which passes on no blocks, and discovery is off: set discovery to client or server, or name nodes of the network',
    );
  }

  onIncompatible(peer: string): void {
    this.#discovery?.onUseless(peer);
  }

  /** The last connection to the peer has closed. */
  onGone(peer: PeerId): void {
    this.#dialer.onDisconnected(peer.toString());
    this.#validators.onDisconnected(peer.toString());
    this.#discovery?.onDisconnected(peer);
  }

  /** Configured, or connected: then it is dialled for a better connection, or to see whether others can reach it. */
  #isKnown(peer: string): boolean {
    return (
      this.#dialer.isNamed(peer) || this.#host.getConnections().some(({ remotePeer }) => remotePeer.toString() === peer)
    );
  }
}

/** @returns whose address it is; undefined for one that is none, or of no use. */
function peerToDial(text: string, network: 'private' | 'public'): string | undefined {
  try {
    const { id, address } = parsePeerAddress(text);
    return isUsable(address, network) ? id.toString() : undefined;
  } catch (error) {
    if (error instanceof NetworkError) return undefined;
    throw error;
  }
}
