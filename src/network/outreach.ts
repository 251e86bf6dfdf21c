// Everything that dials, put together around one host: the dialer of configured peers, and discovery with its peer book
// and walks. Decides who may be dialled at all, whoever asks: discovery, the DHT or what helps behind a router.

import type { PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { peerOf } from './addresses.ts';
import { Dialer } from './dialer.ts';
import { Discovery, isUsable, type MetPeer } from './discovery.ts';
import type { CommonHost } from './host.ts';
import { walk } from './kad.ts';
import type { HostOptions } from './options.ts';
import { PeerBook } from './peer-book.ts';

export interface OutreachContext {
  readonly options: Pick<HostOptions, 'network' | 'peers' | 'outboundPeers' | 'peerBook' | 'logger'>;
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
  /** absent where the host has no DHT */
  readonly #discovery: Discovery | undefined;
  readonly #logger: Logger;
  readonly #warned = new Set<string>();

  /** @throws {NetworkError} BAD_ADDRESS */
  constructor(host: CommonHost, { options, outbound, lifetime }: OutreachContext) {
    const { network, peers, outboundPeers, peerBook, logger } = options;
    const random = Math.random;
    this.#host = host;
    this.#logger = logger;
    this.#dialer = new Dialer(host, peers, {
      network,
      logger,
      random,
      now: () => performance.now(),
      needsHelp: () => this.missing > 0,
      lifetime,
    });
    this.book = new PeerBook({
      file: peerBook,
      pauses: BOOK_PAUSES[network],
      isUsable: (address) => isUsable(address, network),
      logger,
      now: () => performance.now(),
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
      walk: (onPeers) => walk(table, onPeers, lifetime),
      outbound,
      logger,
      random,
      now: () => performance.now(),
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
    this.#discovery?.start();
  }

  async stop(): Promise<void> {
    this.#dialer.stop();
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
    return this.#dialer.add(address);
  }

  isConfigured(peer: string): boolean {
    return this.#dialer.has(peer);
  }

  mayDial(peer: PeerId): boolean {
    return this.#isKnown(peer.toString()) || (this.#discovery?.mayDial(peer) ?? false);
  }

  mayDialAddress(address: Multiaddr): boolean {
    return this.#isKnown(peerOf(address) ?? '') || (this.#discovery?.mayDialAddress(address) ?? false);
  }

  /** The peer has passed the handshake. */
  onPeer(peer: MetPeer): void {
    this.#dialer.onConnected(peer.peer.toString());
    this.#discovery?.onConnected(peer);
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
    this.#discovery?.onDisconnected(peer);
  }

  /** Configured, or connected: then it is dialled for a better connection, or to see whether others can reach it. */
  #isKnown(peer: string): boolean {
    return (
      this.#dialer.isNamed(peer) || this.#host.getConnections().some(({ remotePeer }) => remotePeer.toString() === peer)
    );
  }
}
