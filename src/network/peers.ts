// The peers: their way from an open connection through the handshake to being connected, the status exchanges that keep
// watch over them, and the ways they are dropped. Every disconnection has a reason in the log.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, IdentifyResult, PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import type { Status } from '../primitives/wire.ts';
import type { BanList } from './ban-list.ts';
import type { Conduct } from './conduct.ts';
import { withDeadline } from './deadline.ts';
import { asError } from './errors.ts';
import type { Gossip } from './gossip.ts';
import type { Host } from './host.ts';
import { ipOf } from './ip.ts';
import type { NetworkEvents, PeerInfo } from './network.ts';
import type { OffenceKind } from './offences.ts';
import type { PeerClocks } from './peer-clocks.ts';
import type { ProtocolNames } from './protocols.ts';
import type { Requester } from './requester.ts';
import type { PenaltyBook } from './scoring.ts';
import { incompatibility, openSession, peerInfo, type Session } from './session.ts';

export interface PeersContext {
  readonly names: ProtocolNames;
  readonly gossip: Gossip;
  readonly requester: Requester;
  readonly penalties: PenaltyBook;
  readonly bans: Pick<BanList, 'find'>;
  readonly conduct: Pick<Conduct, 'count'>;
  readonly clocks: PeerClocks;
  readonly logger: Logger;
  readonly isConfigured: (peer: string) => boolean;
  /** consensus key of a validator of the present epoch that has bound itself to this peer */
  readonly validatorOf: (peer: string) => Uint8Array | undefined;
  readonly maxPeers: number;
  /** of these, whom we have not chosen ourselves; configured peers and validators are let in beyond both */
  readonly maxInbound: number;
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

/** From an identified connection to gossip in both directions. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Gossipsub does not tell when its stream to a peer opens; this is how often we look, and what the handshake may wait. */
const GOSSIP_POLL_MS = 5;
const MAX_MISSED_STATUS = 3;
/** Peers without a chain that are let in, besides configured ones: they help to find others, and take no part. */
const MAX_HELPERS = 8;
/** A helper is asked whether it is there in so many intervals of the status exchange. */
const HELPER_INTERVALS = 10;
/**
 * A peer that connects while we hold a connection older than this has lost the old one without our noticing. Younger
 * ones are two nodes dialling each other.
 */
const STALE_CONNECTION_MS = 2_000;
const CLOSE_TIMEOUT_MS = 1_000;
/** A node of another network learns from us what we learned from it, and its operator reads it in its log. */
const LINGER_MS = 500;
/** A newcomer who finds no place here may ask who else there is, over a few round trips. */
const FULL_LINGER_MS = 2_000;
const GOSSIP_PROTOCOL = '/meshsub/';

export class Peers {
  readonly #host: Host;
  readonly #context: PeersContext;
  readonly #sessions = new Map<string, Session>();
  #watch: NodeJS.Timeout | undefined;
  #rounds = 0;

  constructor(host: Host, context: PeersContext) {
    this.#host = host;
    this.#context = context;
  }

  start(): void {
    this.#host.addEventListener('connection:open', this.#onOpen);
    this.#host.addEventListener('peer:identify', this.#onIdentify);
    this.#host.addEventListener('peer:disconnect', this.#onDisconnect);
    this.#watch = setInterval(() => this.#lookAfter(), this.#context.statusInterval);
  }

  stop(): void {
    clearInterval(this.#watch);
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

  /** A peer told its status, in answer to ours or with its own request. */
  onStatus(peer: string, status: Status): void {
    const session = this.#sessions.get(peer);
    const reason = incompatibility(this.#context.ownStatus(), status);
    if (reason !== undefined) this.#turnAway(peer, reason);
    else if (session !== undefined) session.status = status;
  }

  /** Counts an offence; a peer with too many is disconnected and banned. */
  onOffence(peer: string, kind: OffenceKind, reason: string): void {
    if (this.#context.conduct.count(peer, kind, reason)) this.drop(peer, 'too many offences');
  }

  /** Drops those for whom there is a ban now. */
  dropBanned(): void {
    const { bans } = this.#context;
    for (const { remotePeer, remoteAddr } of this.#host.getConnections()) {
      const ban = bans.find(remotePeer.toString()) ?? bans.find(ipOf(remoteAddr) ?? '');
      if (ban !== undefined) this.drop(remotePeer.toString(), `banned: ${ban.reason}`);
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
    try {
      await sleep(linger, undefined, { signal: this.#context.lifetime });
      await withDeadline(CLOSE_TIMEOUT_MS, 'close', this.#context.lifetime, (signal) => connection.close({ signal }));
    } catch (cause) {
      connection.abort(new Error(reason, { cause }));
    }
  }

  readonly #onOpen = ({ detail: opened }: CustomEvent<Connection>) => {
    // one through a relay says nothing about a direct one
    if (opened.limits !== undefined) return;
    const stale = this.#host
      .getConnections(opened.remotePeer)
      .filter(({ id, timeline }) => id !== opened.id && opened.timeline.open - timeline.open > STALE_CONNECTION_MS);
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
    this.#context.onGone(detail);
  };

  async #handshake(session: Session, protocols: readonly string[]): Promise<void> {
    const foreign = this.#context.names.whyForeign(protocols);
    if (this.#context.names.isHelper(protocols)) this.#letHelp(session);
    else if (foreign !== undefined) this.#turnAway(session.id, foreign);
    else await this.#greet(session);
  }

  async #greet(session: Session): Promise<void> {
    const full = this.#whyFull(session);
    if (full !== undefined) return this.drop(session.id, full, FULL_LINGER_MS);
    try {
      await withDeadline(HANDSHAKE_TIMEOUT_MS, 'handshake', this.#context.lifetime, async (signal) => {
        await this.#exchange(session, signal);
        while (session.phase === 'handshake' && !this.#gossips(session)) {
          await sleep(GOSSIP_POLL_MS, undefined, { signal });
        }
      });
    } catch (error) {
      if (session.phase === 'handshake') this.drop(session.id, asError(error).message);
      return;
    }
    if (session.phase !== 'handshake') return;
    session.phase = 'connected';
    this.#context.logger.info(
      { peer: session.id, direction: session.direction, client: session.client },
      'peer connected',
    );
    this.#context.onMet(session);
    this.#context.emit('peer:connected', this.#info(session));
  }

  #letHelp(session: Session): void {
    const helpers = [...this.#sessions.values()].filter(({ phase }) => phase === 'helping').length;
    if (!this.#context.isConfigured(session.id) && helpers >= MAX_HELPERS) {
      return this.#turnAway(session.id, `there are ${helpers} bootstrap nodes already`);
    }
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

  /** Whether messages flow: the peer listens on all topics and our stream to it is open. */
  #gossips(session: Session): boolean {
    return (
      this.#context.gossip.isListening(session.peer) &&
      this.#host
        .getConnections(session.peer)
        .some(({ streams }) =>
          streams.some(({ direction, protocol }) => direction === 'outbound' && protocol.startsWith(GOSSIP_PROTOCOL)),
        )
    );
  }

  #whyFull({ id, direction }: Session): string | undefined {
    const { isConfigured, validatorOf, maxPeers, maxInbound } = this.#context;
    if (isConfigured(id) || validatorOf(id) !== undefined) return undefined;
    // those that will be peers in a moment take their place already
    const peers = [...this.#sessions.values()].filter(
      (other) => other.id !== id && (other.phase === 'connected' || other.phase === 'handshake'),
    );
    if (peers.length >= maxPeers) return `there are ${maxPeers} peers already`;
    const inbound = peers.filter((peer) => peer.direction === 'inbound').length;
    if (direction === 'outbound' || inbound < maxInbound) return undefined;
    return `there are ${maxInbound} peers already that came by themselves`;
  }

  #lookAfter(): void {
    this.#rounds += 1;
    for (const session of this.#sessions.values()) {
      if (session.phase === 'connected') void this.#check(session);
      if (session.phase === 'helping' && this.#rounds % HELPER_INTERVALS === 0) void this.#ping(session);
    }
    for (const { remotePeer, timeline } of this.#host.getConnections()) {
      const peer = remotePeer.toString();
      const late = Date.now() - timeline.open > HANDSHAKE_TIMEOUT_MS;
      if (late && !this.#sessions.has(peer)) this.drop(peer, 'no handshake');
    }
  }

  async #check(session: Session): Promise<void> {
    if (session.exchanging) return;
    session.exchanging = true;
    try {
      // Each miss makes the next wait longer: on a machine out of breath everybody is late, and nobody has gone.
      const patience = this.#context.statusInterval * (1 + session.missed);
      await withDeadline(patience, 'status', this.#context.lifetime, (signal) => this.#exchange(session, signal));
      session.missed = 0;
      // gossipsub loses its stream for good when a buffer overflows or one of two connections closes
      if (session.phase !== 'connected') return;
      if (this.#gossips(session)) this.#context.emit('peer:status', this.#info(session));
      else this.drop(session.id, 'gossip with the peer has ended');
    } catch (error) {
      // what failed may be the end of a connection that a newer one has replaced
      if (session.phase !== 'connected') return;
      session.missed += 1;
      const { id, missed } = session;
      this.#context.logger.debug({ peer: id, missed, reason: asError(error).message }, 'no status');
      if (missed >= MAX_MISSED_STATUS) this.drop(id, `${missed} status exchanges without an answer`);
    } finally {
      session.exchanging = false;
    }
  }

  /** A helper that has gone without a word would be taken for one that is there. */
  async #ping(session: Session): Promise<void> {
    try {
      await withDeadline(HANDSHAKE_TIMEOUT_MS, 'ping', this.#context.lifetime, (signal) =>
        this.#host.services.ping.ping(session.peer, { signal }),
      );
    } catch (error) {
      if (session.phase === 'helping') this.drop(session.id, asError(error).message);
    }
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
