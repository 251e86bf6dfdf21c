// Validators among the peers: who has bound himself to which peer is told to every peer that connects and, when it is
// news, to all; and who is a validator himself keeps connections to the others.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { equalBytes } from '../primitives/bytes.ts';
import { asError } from '../primitives/errors.ts';
import {
  MAX_BINDINGS_PER_REQUEST,
  MAX_BOUND_ADDRESS_BYTES,
  MAX_BOUND_ADDRESSES,
  type PeerBinding,
  type SignedPeerBinding,
} from '../primitives/peer-binding.ts';
import { decodeText, encodeText } from '../primitives/ssz.ts';
import { directAddress } from './addresses.ts';
import { isUsable } from './discovery.ts';
import { peerIdOfKey } from './identity.ts';
import type { HostOptions } from './options.ts';
import type { PeerBindings } from './peer-bindings.ts';

export interface ValidatorPeersContext {
  readonly bindings: PeerBindings;
  readonly ownPeer: string;
  /** whether this node keeps to configured peers, whoever its validator is */
  readonly hidden: boolean;
  /** ids of those who have passed the handshake */
  readonly connected: () => readonly string[];
  /** @param bindings at most MAX_BINDINGS_PER_REQUEST */
  readonly tell: (peer: string, bindings: SignedPeerBinding[]) => Promise<void>;
  /** @param addresses multiaddrs that end in /p2p/<peer id>: whose connections are kept, and nobody else's */
  readonly keep: (addresses: readonly string[]) => void;
  /** no validator is bound to the peer any more */
  readonly onUnbound: (peer: string) => void;
  readonly logger: Logger;
  /** aborts when the node stops */
  readonly lifetime: AbortSignal;
}

/** A binding in force. */
interface Bound extends Pick<PeerBinding, 'validator' | 'addresses'> {
  /** peer id */
  readonly peer: string;
}

/** What comes within this time is passed on together: at the begin of an epoch many validators speak. */
const SPREAD_DELAY_MS = 250;
const MAX_ATTEMPTS = 3;
const RETRY_MS = 1_000;
/** Of larger sets those who were heard first: votes find the others through the mesh. */
const MAX_KEPT = 64;

export class ValidatorPeers {
  readonly #c: ValidatorPeersContext;
  /** news, and from whom: undefined for our own */
  #news: { readonly signed: SignedPeerBinding; readonly from: string | undefined }[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** consensus key of this node's validator, once it has announced itself */
  #own: Uint8Array | undefined;
  /** ids of the peers that were bound when we last looked */
  #bound: ReadonlySet<string> = new Set();

  constructor(context: ValidatorPeersContext) {
    this.#c = context;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  onConnected(peer: string): void {
    this.#tell(peer, this.#c.bindings.all);
  }

  /** @throws {NetworkError} MALFORMED when one is badly signed */
  onTold(peer: string, bindings: readonly SignedPeerBinding[]): void {
    this.#take(bindings, peer);
  }

  /** This node's validator is bound to it. */
  announce(own: SignedPeerBinding): void {
    this.#own = own.binding.validator;
    this.#take([own], undefined);
    // after a restart others may have told us already
    this.look();
  }

  #take(bindings: readonly SignedPeerBinding[], from: string | undefined): void {
    const news = this.#c.bindings.take(bindings);
    if (news.length === 0) return;
    this.#news.push(...news.map((signed) => ({ signed, from })));
    this.#timer ??= setTimeout(() => this.#spread(), SPREAD_DELAY_MS);
    this.look();
  }

  #spread(): void {
    const news = this.#news;
    this.#news = [];
    this.#timer = undefined;
    for (const peer of this.#c.connected()) {
      const bindings = news.filter(({ from }) => from !== peer).map(({ signed }) => signed);
      this.#tell(peer, bindings);
    }
  }

  #tell(peer: string, bindings: SignedPeerBinding[]): void {
    for (let start = 0; start < bindings.length; start += MAX_BINDINGS_PER_REQUEST) {
      void this.#tellPart(peer, bindings.slice(start, start + MAX_BINDINGS_PER_REQUEST));
    }
  }

  /** A peer may be a moment behind us with the handshake, and refuses until then. */
  async #tellPart(peer: string, bindings: SignedPeerBinding[]): Promise<void> {
    const { tell, connected, lifetime, logger } = this.#c;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS && connected().includes(peer); attempt++) {
      try {
        await tell(peer, bindings);
        return;
      } catch (error) {
        logger.debug({ peer, reason: asError(error).message }, 'could not tell a peer of validators');
      }
      await sleep(RETRY_MS, undefined, { signal: lifetime }).catch(() => undefined);
      if (lifetime.aborted) return;
    }
  }

  /** Others may be bound now. */
  look(): void {
    const all = this.#c.bindings.all.map(({ binding }) => ({ ...binding, peer: peerIdOfKey(binding.peer) }));
    this.#keepOthers(all);
    const before = this.#bound;
    this.#bound = new Set(all.map(({ peer }) => peer));
    for (const peer of before) if (!this.#bound.has(peer)) this.#c.onUnbound(peer);
  }

  /** Who hides keeps to his own peers; who only follows would be one of very many that want a validator's attention. */
  #keepOthers(all: readonly Bound[]): void {
    const { ownPeer, keep } = this.#c;
    const isOne = all.some((binding) => this.#isOurs(binding));
    const others = isOne ? all.filter(({ peer }) => peer !== ownPeer).slice(0, MAX_KEPT) : [];
    keep(others.flatMap(({ peer, addresses }) => addresses.map((bytes) => `${decodeText(bytes)}/p2p/${peer}`)));
  }

  /** Anybody may sign that he is our peer: what counts is the key that this node has announced. */
  #isOurs({ validator, peer }: Bound): boolean {
    const { hidden, ownPeer } = this.#c;
    return !hidden && peer === ownPeer && this.#own !== undefined && equalBytes(validator, this.#own);
  }
}

/**
 * Where others may dial this node's validator. One that looks for nobody and announces nothing tells nobody where it is;
 * those that it dials see it.
 * @param own as the host knows them
 */
export function addressesToTell(
  own: readonly Multiaddr[],
  { discovery, announce, network }: Pick<HostOptions, 'discovery' | 'announce' | 'network'>,
): Uint8Array[] {
  if (discovery === 'off' && announce.length === 0) return [];
  return own
    .filter((address) => isUsable(address, network))
    .flatMap((address) => directAddress(address)?.way ?? [])
    .map((way) => encodeText(way.toString()))
    .filter(({ length }) => length <= MAX_BOUND_ADDRESS_BYTES)
    .slice(0, MAX_BOUND_ADDRESSES);
}
