// The peers: their way from an open connection through the handshake to being connected, and the ways they are dropped.
// Every disconnection has a reason in the log.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, IdentifyResult, PeerId, Stream } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { asError } from '../primitives/errors.ts';
import type { Status } from '../primitives/wire.ts';
import type { BanList } from './ban-list.ts';
import type { Conduct } from './conduct.ts';
import { endConnection } from './connection-end.ts';
import { withDeadline } from './deadline.ts';
import type { Gossip } from './gossip.ts';
import type { Host } from './host.ts';
import type { NetworkEvents, PeerInfo } from './network.ts';
import type { OffenceKind } from './offences.ts';
import type { PeerClocks } from './peer-clocks.ts';
import { HANDSHAKE_TIMEOUT_MS, PeerWatch } from './peer-watch.ts';
import { Places, type PlacesContext } from './places.ts';
import { AUTO_NAT, type ProtocolNames } from './protocols.ts';
import type { Requester } from './requester.ts';
import type { PenaltyBook } from './scoring.ts';
import { incompatibility, openSession, peerInfo, type Session } from './session.ts';

export interface PeersContext extends PlacesContext {
  readonly names: ProtocolNames;
  readonly gossip: Gossip;
  readonly requester: Requester;
  readonly penalties: PenaltyBook;
  readonly bans: Pick<BanList, 'of'>;
  readonly conduct: Pick<Conduct, 'count'>;
  readonly clocks: PeerClocks;
  readonly logger: Logger;
  /** told to nobody */
  readonly isPrivate: (peer: string) => boolean;
  /** milliseconds */
  readonly statusInterval: number;
  readonly ownStatus: () => Status;
  readonly emit: (event: keyof NetworkEvents, peer: PeerInfo) => void;
  /** the peer has passed the handshake, or is a helper */
  readonly onMet: (session: Session) => void;
  /** the peer is of another network or version */
  readonly onIncompatible: (peer: string) => void;
  /** the last connection of a peer has closed, handshake or not */
  readonly onGone: (peer: PeerId) => void;
  readonly lifetime: AbortSignal;
}

/** Gossipsub does not tell when its stream to a peer opens; this is how often we look, and what the handshake may wait. */
const GOSSIP_POLL_MS = 5;
/**
 * A peer that connects while we hold a connection older than this has lost the old one without our noticing. Younger
 * ones are two nodes dialling each other.
 */
const STALE_CONNECTION_MS = 2_000;
/** No node tries for longer whether it can reach another. */
const AUTO_NAT_MS = 30_000;
/** More than are ever between the two steps. */
const MAX_EARLY = 256;
/** A node of another network learns from us what we learned from it, and its operator reads it in its log. */
const LINGER_MS = 500;
/** A newcomer who finds no place here may ask who else there is, over a few round trips. */
const FULL_LINGER_MS = 2_000;

export class Peers {
  readonly #host: Host;
  readonly #context: PeersContext;
  readonly #places: Places;
  readonly #watch: PeerWatch;
  readonly #sessions = new Map<string, Session>();
  /** of peers that have identified us before we have identified them */
  readonly #early = new LRUCache<string, Status>({ max: MAX_EARLY });

  constructor(host: Host, context: PeersContext) {
    this.#host = host;
    this.#context = context;
    this.#places = new Places(context);
    this.#watch = new PeerWatch(host, {
      ...context,
      sessions: () => this.#sessions,
      exchange: (session, signal) => this.#exchange(session, signal),
      onStatus: (session) => context.emit('peer:status', this.#info(session)),
      drop: (peer, reason) => this.drop(peer, reason),
    });
  }

  start(): void {
    this.#host.addEventListener('connection:open', this.#onOpen);
    this.#host.addEventListener('peer:identify', this.#onIdentify);
    this.#host.addEventListener('peer:disconnect', this.#onDisconnect);
    this.#watch.start();
  }

  stop(): void {
    this.#watch.stop();
    this.#host.removeEventListener('connection:open', this.#onOpen);
    this.#host.removeEventListener('peer:identify', this.#onIdentify);
    this.#host.removeEventListener('peer:disconnect', this.#onDisconnect);
    for (const session of [...this.#sessions.values()]) this.#end(session);
  }

  list(): PeerInfo[] {
    return [...this.#sessions.values()]
      .filter(({ phase }) => phase === 'connected')
      .map((session) => this.#info(session));
  }

  /** Where the peers are that we have dialled: connected, or on the way to it. */
  outbound(): Multiaddr[] {
    return [...this.#sessions.values()]
      .filter(({ direction, phase }) => direction === 'outbound' && (phase === 'handshake' || phase === 'connected'))
      .map(({ remote }) => remote);
  }

  /** Whether the peer has passed the handshake, or is a helper. */
  has(peer: string): boolean {
    const phase = this.#sessions.get(peer)?.phase;
    return phase === 'connected' || phase === 'helping';
  }

  /** A peer told its status, in answer to ours or with its own request. */
  onStatus(peer: string, status: Status): void {
    const session = this.#sessions.get(peer);
    const reason = incompatibility(this.#context.ownStatus(), status);
    if (reason !== undefined) this.#turnAway(peer, reason);
    else if (session === undefined || session.phase === 'dropped') this.#early.set(peer, status);
    else session.status = status;
  }

  /** Whether the peer's requests are answered. It may take itself for connected a moment before we do. */
  isServed(peer: string): boolean {
    const session = this.#sessions.get(peer);
    return session?.status !== undefined && (session.phase === 'connected' || session.phase === 'handshake');
  }

  /** Counts an offence; a peer with too many is disconnected and banned. */
  onOffence(peer: string, kind: OffenceKind, reason: string): void {
    if (this.#context.conduct.count(peer, kind, reason)) this.drop(peer, 'too many offences');
  }

  /** It was let in as a validator's peer, maybe, and is one no more: it has the place that anybody would have. */
  onUnbound(peer: string): void {
    const session = this.#sessions.get(peer);
    if (session?.phase === 'connected' || session?.phase === 'handshake') this.#seat(session);
  }

  /** Drops those for whom there is a ban now. */
  dropBanned(): void {
    for (const connection of this.#host.getConnections()) {
      const ban = this.#context.bans.of(connection);
      if (ban !== undefined) this.drop(connection.remotePeer.toString(), `banned: ${ban.reason}`);
    }
  }

  /** @param linger milliseconds for which the connection stays open, so that the peer finds the reason by itself. */
  drop(peer: string, reason: string, linger = 0): void {
    const connections = this.#host.getConnections().filter(({ remotePeer }) => remotePeer.toString() === peer);
    const session = this.#sessions.get(peer);
    if (session?.phase === 'dropped' || connections.length === 0) return;
    this.#context.logger.info({ peer, reason }, 'disconnecting a peer');
    if (session !== undefined) this.#end(session);
    for (const connection of connections) void this.#close(connection, reason, linger);
  }

  #turnAway(peer: string, reason: string): void {
    this.#context.onIncompatible(peer);
    this.drop(peer, reason, LINGER_MS);
  }

  async #close(connection: Connection, reason: string, linger: number): Promise<void> {
    const { lifetime } = this.#context;
    await sleep(linger, undefined, { signal: lifetime }).catch(() => undefined);
    await endConnection(connection, reason, lifetime);
  }

  readonly #onOpen = ({ detail: opened }: CustomEvent<Connection>) => {
    // one through a relay says nothing about a direct one
    if (opened.limits !== undefined) return;
    const others = this.#host.getConnections(opened.remotePeer).filter(({ id }) => id !== opened.id);
    // one side tries whether it can reach the other, as it was asked to, and closes it again
    const isTrying = ({ protocol, timeline }: Stream) =>
      protocol === AUTO_NAT && opened.timeline.open - timeline.open <= AUTO_NAT_MS;
    if (others.some(({ streams }) => streams.some(isTrying))) return;
    const isOld = ({ timeline }: Connection) => opened.timeline.open - timeline.open > STALE_CONNECTION_MS;
    // a direct one takes the place of one through a relay
    const stale = others.filter((connection) => connection.limits !== undefined || isOld(connection));
    if (stale.length === 0) return;
    const session = this.#sessions.get(opened.remotePeer.toString());
    if (session !== undefined) this.#end(session);
    for (const connection of stale) connection.abort(new Error('the peer has connected anew'));
  };

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>) => {
    const id = detail.peerId.toString();
    const known = this.#sessions.get(id);
    // a second connection, or the same identifying itself anew
    if (known !== undefined && (known.phase !== 'dropped' || known.connection === detail.connection.id)) return;
    const session = openSession(detail, this.#context.requester.statusChannel(id));
    session.status = this.#early.get(id);
    this.#early.delete(id);
    this.#sessions.set(id, session);
    this.#handshake(session, detail.protocols).catch((error: unknown) => {
      // nothing that a peer says may end the process
      this.#context.logger.debug({ peer: id, err: error }, 'the handshake has failed');
      this.drop(id, 'the handshake has failed');
    });
  };

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>) => {
    const id = detail.toString();
    const session = this.#sessions.get(id);
    if (session === undefined) this.#context.logger.debug({ peer: id }, 'connection closed before the handshake');
    else this.#end(session);
    this.#sessions.delete(id);
    this.#early.delete(id);
    this.#context.onGone(detail);
  };

  async #handshake(session: Session, protocols: readonly string[]): Promise<void> {
    const foreign = this.#context.names.whyForeign(protocols);
    if (this.#context.names.isHelper(protocols)) this.#letHelp(session);
    else if (foreign !== undefined) this.#turnAway(session.id, foreign);
    else await this.#greet(session);
  }

  async #greet(session: Session): Promise<void> {
    if (!this.#seat(session)) return;
    try {
      await withDeadline(HANDSHAKE_TIMEOUT_MS, 'handshake', this.#context.lifetime, async (signal) => {
        await this.#exchange(session, signal);
        while (session.phase === 'handshake' && !this.#watch.gossips(session)) {
          await sleep(GOSSIP_POLL_MS, undefined, { signal });
        }
      });
    } catch (error) {
      if (session.phase === 'handshake') this.drop(session.id, asError(error).message);
      return;
    }
    if (session.phase !== 'handshake') return;
    // should it fail, nobody is told of an end without a beginning
    this.#context.onMet(session);
    session.phase = 'connected';
    this.#context.logger.info(
      { peer: session.id, direction: session.direction, client: session.client },
      'peer connected',
    );
    this.#context.emit('peer:connected', this.#info(session));
  }

  /** @returns whether there is a place for it; otherwise it is let go */
  #seat(session: Session): boolean {
    const place = this.#places.find(session, this.#sessions.values());
    if ('refusal' in place) {
      this.drop(session.id, place.refusal, FULL_LINGER_MS);
      return false;
    }
    if (place.leaves !== undefined) this.drop(place.leaves, 'room is needed for peers from elsewhere', FULL_LINGER_MS);
    return true;
  }

  #letHelp(session: Session): void {
    const full = this.#places.whyNoHelp(session, this.#sessions.values());
    if (full !== undefined) return this.drop(session.id, full, FULL_LINGER_MS);
    session.phase = 'helping';
    this.#context.logger.info({ peer: session.id, client: session.client }, 'bootstrap node connected');
    this.#context.onMet(session);
  }

  async #exchange(session: Session, signal: AbortSignal): Promise<void> {
    const { id, channel } = session;
    const { requester, ownStatus, clocks, isConfigured } = this.#context;
    const { status, sentAt, latencyMs } = await requester.status(id, channel, ownStatus(), signal);
    session.latencyMs = latencyMs;
    if (session.phase !== 'dropped') clocks.add(id, { time: status.time, sentAt, latencyMs }, isConfigured(id));
    this.onStatus(id, status);
  }

  #end(session: Session): void {
    const wasConnected = session.phase === 'connected';
    const info = this.#info(session);
    session.phase = 'dropped';
    this.#context.clocks.forget(session.id);
    if (wasConnected) {
      this.#context.logger.info({ peer: session.id }, 'peer disconnected');
      this.#context.emit('peer:disconnected', info);
    }
  }

  #info(session: Session): PeerInfo {
    return peerInfo(session, this.#context);
  }
}
