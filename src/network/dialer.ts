// Keeps connections to the configured peers: dials them at start and again, with growing pauses, while they are away.

import type { PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { withDeadline } from './deadline.ts';
import { asError, NetworkError } from './errors.ts';
import type { Host } from './host.ts';

export interface DialerContext {
  readonly network: 'private' | 'public';
  readonly logger: Logger;
  /** between 0 and 1 */
  readonly random: () => number;
  readonly lifetime: AbortSignal;
}

interface Target {
  readonly id: PeerId;
  readonly addresses: Multiaddr[];
  /** dials since the peer was last connected */
  attempts: number;
  timer: NodeJS.Timeout | undefined;
}

const FIRST_PAUSE_MS = 100;
/** A restarted peer of a private network is back within a second; elsewhere a lost one is not worth more than this. */
const LONGEST_PAUSE_MS = { private: 1_000, public: 30_000 } as const;
/** Pauses vary by a quarter each way, so that nodes which lost each other do not dial at the same moment for ever. */
const JITTER = 0.25;
/** Of one peer; each is tried at every dial. */
const MAX_ADDRESSES = 16;
const DIAL_TIMEOUT_MS = 5_000;

/** @throws {NetworkError} BAD_ADDRESS */
export function parseAddress(text: string): Multiaddr {
  try {
    return multiaddr(text);
  } catch (cause) {
    throw new NetworkError('BAD_ADDRESS', `not a multiaddr: ${text}`, { cause });
  }
}

function parseTarget(text: string): { id: PeerId; address: Multiaddr } {
  const address = parseAddress(text);
  const id = address.getComponents().findLast(({ name }) => name === 'p2p')?.value;
  if (id === undefined) throw new NetworkError('BAD_ADDRESS', `a peer's address ends in /p2p/<peer id>: ${text}`);
  try {
    return { id: peerIdFromString(id), address };
  } catch (cause) {
    throw new NetworkError('BAD_ADDRESS', `not a peer id: ${id}`, { cause });
  }
}

export class Dialer {
  readonly #host: Host;
  readonly #context: DialerContext;
  readonly #targets = new Map<string, Target>();

  /** @param peers multiaddrs ending in /p2p/<peer id>; our own is left out. @throws {NetworkError} BAD_ADDRESS */
  constructor(host: Host, peers: readonly string[], context: DialerContext) {
    this.#host = host;
    this.#context = context;
    for (const peer of peers) this.#target(peer);
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

  /** @returns undefined for our own. @throws {NetworkError} BAD_ADDRESS */
  #target(text: string): Target | undefined {
    const { id, address } = parseTarget(text);
    if (id.equals(this.#host.peerId)) return undefined;
    const target = this.#targets.get(id.toString()) ?? { id, addresses: [], attempts: 0, timer: undefined };
    const isNew = !target.addresses.some((known) => known.equals(address));
    if (isNew && target.addresses.length < MAX_ADDRESSES) target.addresses.push(address);
    this.#targets.set(id.toString(), target);
    return target;
  }

  has(peer: string): boolean {
    return this.#targets.has(peer);
  }

  start(): void {
    for (const target of this.#targets.values()) this.#schedule(target, 0);
  }

  stop(): void {
    for (const target of this.#targets.values()) clearTimeout(target.timer);
  }

  /** The peer has passed the handshake: should it go, it is dialled at once. */
  onConnected(peer: string): void {
    const target = this.#targets.get(peer);
    if (target !== undefined) target.attempts = 0;
  }

  /** The last connection to the peer has closed. */
  onDisconnected(peer: string): void {
    const target = this.#targets.get(peer);
    if (target !== undefined) this.#retry(target);
  }

  #retry(target: Target): void {
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** target.attempts, LONGEST_PAUSE_MS[this.#context.network]);
    target.attempts += 1;
    this.#schedule(target, pause * (1 - JITTER + 2 * JITTER * this.#context.random()));
  }

  #schedule(target: Target, pause: number): void {
    clearTimeout(target.timer);
    if (this.#context.lifetime.aborted) return;
    target.timer = setTimeout(() => void this.#dial(target), pause);
  }

  async #dial(target: Target): Promise<void> {
    if (this.#host.getConnections(target.id).length > 0) return;
    try {
      await withDeadline(DIAL_TIMEOUT_MS, `dial of ${target.id}`, this.#context.lifetime, (signal) =>
        this.#host.dial(target.addresses, { signal }),
      );
    } catch (error) {
      this.#context.logger.debug({ peer: target.id.toString(), reason: asError(error).message }, 'could not dial');
      this.#retry(target);
    }
  }
}
