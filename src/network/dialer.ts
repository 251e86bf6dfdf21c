// How peers are dialled: one attempt at a time for each, with a time limit; and connections to the configured ones kept
// up, with growing pauses while they are away. Whom else to dial is the business of discovery.

import type { PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { asError } from '../primitives/errors.ts';
import { parsePeerAddress } from './addresses.ts';
import { withDeadline } from './deadline.ts';
import { NetworkError } from './errors.ts';
import type { CommonHost } from './host.ts';

export interface DialerContext {
  readonly network: 'private' | 'public';
  readonly logger: Logger;
  /** between 0 and 1 */
  readonly random: () => number;
  /** milliseconds of a clock that never goes back */
  readonly now: () => number;
  /** whether this node looks for peers, so that one which only helps to find them is of use */
  readonly needsHelp: () => boolean;
  readonly lifetime: AbortSignal;
}

interface Target {
  readonly id: PeerId;
  readonly addresses: Multiaddr[];
  /** dials since the peer was last connected for a while */
  attempts: number;
  connectedAt: number | undefined;
  /** its last connection lasted: the way to it broke, or it did, but it has not turned us away */
  lost: boolean;
  /** it runs no chain (`aitbc-node bootstrap`): it is let go, and dialled again only when help is needed */
  helps: boolean;
  /** it was said that it can not be reached, and has not been reached since */
  isWarnedOf: boolean;
  timer: NodeJS.Timeout | undefined;
}

const FIRST_PAUSE_MS = 100;
/** A restarted peer of a private network is back within a second; elsewhere a lost one is not worth more than this. */
const LONGEST_PAUSE_MS = { private: 1_000, public: 30_000 } as const;
/**
 * The same, wherever it is, for one that was a peer until its connection broke: a cut link must not hold validators up
 * for long once it is mended. A dial under way sends its last packet two seconds before it gives up; with those, and
 * with the jitter, the next one comes within five.
 */
const LOST_PAUSE_MS = 2_400;
/** A bootstrap node that serves a whole network closes old connections to make room for new ones. */
const HELPER_PAUSE_MS = { private: 1_000, public: 60_000 } as const;
/** Pauses vary by a quarter each way, so that nodes which lost each other do not dial at the same moment for ever. */
const JITTER = 0.25;
/** Whoever closes the connection sooner has no place for us, and is not asked again at once. */
const SETTLED_MS = 3_000;
/** Failed dials in a row after which people are told: a few seconds, in which a network may just have been started. */
const WARN_ATTEMPTS = 5;
/** Of one peer; each is tried at every dial. */
const MAX_ADDRESSES = 16;
/** For the connection to be there, encrypted. */
export const DIAL_TIMEOUT_MS = 5_000;

export class Dialer {
  readonly #host: Pick<CommonHost, 'peerId' | 'dial' | 'getConnections'>;
  readonly #context: DialerContext;
  readonly #targets = new Map<string, Target>();
  /** everyone whom an address of theirs names: relays too */
  readonly #named = new Set<string>();

  /** @param peers multiaddrs ending in /p2p/<peer id>; our own is left out. @throws {NetworkError} BAD_ADDRESS */
  constructor(
    host: Pick<CommonHost, 'peerId' | 'dial' | 'getConnections'>,
    peers: readonly string[],
    context: DialerContext,
  ) {
    this.#host = host;
    this.#context = context;
    for (const peer of peers) {
      if (this.#target(peer) === undefined)
        context.logger.warn({ peer }, 'a configured peer is this node itself: it is left out');
    }
  }

  /**
   * From now on a connection to this peer is kept as well.
   * @param address a multiaddr that ends in /p2p/<peer id>
   * @returns the peer id
   * @throws {NetworkError} BAD_ADDRESS
   */
  add(address: string): string {
    const target = this.#target(address);
    if (target === undefined) throw new NetworkError('BAD_ADDRESS', 'that is this node itself');
    target.attempts = 0;
    this.#schedule(target, 0);
    return target.id.toString();
  }

  /**
   * From now on connections are kept to these peers and to no others; what is open stays open.
   * @param peers as in the constructor
   * @throws {NetworkError} BAD_ADDRESS
   */
  replace(peers: readonly string[]): void {
    const wanted = new Set(peers.map((peer) => parsePeerAddress(peer).id.toString()));
    for (const [id, target] of this.#targets) {
      target.addresses.length = 0;
      if (wanted.has(id)) continue;
      clearTimeout(target.timer);
      this.#targets.delete(id);
    }
    this.#named.clear();
    for (const peer of peers) {
      const target = this.#target(peer);
      if (target !== undefined && target.timer === undefined) this.#schedule(target, 0);
    }
  }

  /** @returns undefined for our own. @throws {NetworkError} BAD_ADDRESS */
  #target(text: string): Target | undefined {
    const { id, address } = parsePeerAddress(text);
    if (id.equals(this.#host.peerId)) return undefined;
    const target = this.#targets.get(id.toString()) ?? newTarget(id);
    for (const { name, value } of address.getComponents()) if (name === 'p2p') this.#named.add(value ?? '');
    const isNew = !target.addresses.some((known) => known.equals(address));
    if (isNew && target.addresses.length < MAX_ADDRESSES) target.addresses.push(address);
    this.#targets.set(id.toString(), target);
    return target;
  }

  /** Whether the peer is a configured one. */
  has(peer: string): boolean {
    return this.#targets.has(peer);
  }

  /** Of the configured peers, all that are known. */
  addresses(): Multiaddr[] {
    return [...this.#targets.values()].flatMap(({ addresses }) => addresses);
  }

  /** Whether the peer is a configured one, or a relay on the way to one. */
  isNamed(peer: string): boolean {
    return this.#named.has(peer);
  }

  start(): void {
    for (const target of this.#targets.values()) this.#schedule(target, 0);
  }

  stop(): void {
    for (const target of this.#targets.values()) clearTimeout(target.timer);
  }

  /** The peer has passed the handshake: should it go after a while, it is dialled at once. */
  onConnected(peer: string): void {
    const target = this.#targets.get(peer);
    if (target === undefined) return;
    target.connectedAt = this.#context.now();
    target.helps = false;
    target.isWarnedOf = false;
  }

  /** The peer turned out to run no chain and to answer questions about others only. */
  onHelper(peer: string): void {
    const target = this.#targets.get(peer);
    if (target !== undefined) target.helps = true;
  }

  /** The last connection to the peer has closed. */
  onDisconnected(peer: string): void {
    const target = this.#targets.get(peer);
    if (target === undefined) return;
    const { connectedAt } = target;
    target.lost = connectedAt !== undefined && this.#context.now() - connectedAt >= SETTLED_MS;
    if (target.lost) target.attempts = 0;
    target.connectedAt = undefined;
    this.#retry(target);
  }

  /** One attempt. @returns whether there is a connection to the peer now; it has yet to identify itself. */
  async dial(id: PeerId, addresses: readonly Multiaddr[]): Promise<boolean> {
    return (await this.#attempt(id, addresses)) === undefined;
  }

  /** @returns why it has failed, if it has. */
  async #attempt(id: PeerId, addresses: readonly Multiaddr[]): Promise<string | undefined> {
    if (this.#host.getConnections(id).length > 0) return undefined;
    try {
      const named = addresses.map((address) => (isNamed(address, id) ? address : address.encapsulate(`/p2p/${id}`)));
      await withDeadline(DIAL_TIMEOUT_MS, `dial of ${id}`, this.#context.lifetime, (signal) =>
        this.#host.dial(named, { signal }),
      );
      return undefined;
    } catch (error) {
      const reason = asError(error).message;
      this.#context.logger.debug({ peer: id.toString(), reason }, 'could not dial');
      return reason;
    }
  }

  #retry(target: Target): void {
    const { network, random } = this.#context;
    const longest = Math.min(LONGEST_PAUSE_MS[network], target.lost ? LOST_PAUSE_MS : Number.POSITIVE_INFINITY);
    const growing = Math.min(FIRST_PAUSE_MS * 2 ** target.attempts, longest);
    const pause = target.helps ? HELPER_PAUSE_MS[network] : growing;
    target.attempts += 1;
    this.#schedule(target, pause * (1 - JITTER + 2 * JITTER * random()));
  }

  #schedule(target: Target, pause: number): void {
    clearTimeout(target.timer);
    if (this.#context.lifetime.aborted || this.#targets.get(target.id.toString()) !== target) return;
    target.timer = setTimeout(() => void this.#keep(target), pause);
  }

  async #keep(target: Target): Promise<void> {
    const isWanted = !target.helps || this.#context.needsHelp();
    const reason = isWanted ? await this.#attempt(target.id, target.addresses) : undefined;
    if (isWanted && reason === undefined) return;
    if (reason !== undefined && target.attempts >= WARN_ATTEMPTS && !target.isWarnedOf) {
      target.isWarnedOf = true;
      this.#context.logger.warn(
        { peer: target.id.toString(), addresses: target.addresses.map(String), reason },
        'a peer that is to be kept connected can not be reached: is its address right, does it run, is its port open? It is dialled on',
      );
    }
    this.#retry(target);
  }
}

function newTarget(id: PeerId): Target {
  return {
    id,
    addresses: [],
    attempts: 0,
    connectedAt: undefined,
    lost: false,
    helps: false,
    isWarnedOf: false,
    timer: undefined,
  };
}

function isNamed(address: Multiaddr, id: PeerId): boolean {
  return address.getComponents().some(({ name, value }) => name === 'p2p' && value === id.toString());
}
