// Keeps watch over peers: status exchanges with each, whether gossip with them still flows, whether helpers are still there,
// and connections that never became more.

import type { Logger } from 'pino';
import { asError } from '../primitives/errors.ts';
import { withDeadline } from './deadline.ts';
import type { Gossip } from './gossip.ts';
import type { Host } from './host.ts';
import type { Session } from './session.ts';

export interface PeerWatchContext {
  readonly sessions: () => ReadonlyMap<string, Session>;
  /** one status exchange */
  readonly exchange: (session: Session, signal: AbortSignal) => Promise<void>;
  /** an exchange has gone well */
  readonly onStatus: (session: Session) => void;
  readonly drop: (peer: string, reason: string) => void;
  readonly gossip: Pick<Gossip, 'isListening'>;
  /** milliseconds */
  readonly statusInterval: number;
  readonly logger: Logger;
  readonly lifetime: AbortSignal;
}

/** From an identified connection to gossip in both directions. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
const MAX_MISSED_STATUS = 3;
/** A helper is asked whether it is there in so many intervals of the status exchange. */
const HELPER_INTERVALS = 10;
const GOSSIP_PROTOCOL = '/meshsub/';

export class PeerWatch {
  readonly #host: Host;
  readonly #c: PeerWatchContext;
  #timer: NodeJS.Timeout | undefined;
  #rounds = 0;

  constructor(host: Host, context: PeerWatchContext) {
    this.#host = host;
    this.#c = context;
  }

  start(): void {
    this.#timer = setInterval(() => this.#lookAfter(), this.#c.statusInterval);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Whether messages flow: the peer listens on all topics and our stream to it is open. */
  gossips({ peer }: Session): boolean {
    return (
      this.#c.gossip.isListening(peer) &&
      this.#host
        .getConnections(peer)
        .some(({ streams }) =>
          streams.some(({ direction, protocol }) => direction === 'outbound' && protocol.startsWith(GOSSIP_PROTOCOL)),
        )
    );
  }

  #lookAfter(): void {
    this.#rounds += 1;
    const sessions = this.#c.sessions();
    for (const session of sessions.values()) {
      if (session.phase === 'connected') void this.#check(session);
      if (session.phase === 'helping' && this.#rounds % HELPER_INTERVALS === 0) void this.#ping(session);
    }
    for (const { remotePeer, timeline } of this.#host.getConnections()) {
      const peer = remotePeer.toString();
      const late = Date.now() - timeline.open > HANDSHAKE_TIMEOUT_MS;
      if (late && !sessions.has(peer)) this.#c.drop(peer, 'no handshake');
    }
  }

  async #check(session: Session): Promise<void> {
    if (session.exchanging) return;
    session.exchanging = true;
    const { statusInterval, lifetime, exchange, onStatus, drop, logger } = this.#c;
    try {
      // Each miss makes the next wait longer: on a machine out of breath everybody is late, and nobody has gone.
      const patience = statusInterval * (1 + session.missed);
      await withDeadline(patience, 'status', lifetime, (signal) => exchange(session, signal));
      session.missed = 0;
      // gossipsub loses its stream for good when a buffer overflows or one of two connections closes
      if (session.phase !== 'connected') return;
      if (this.gossips(session)) onStatus(session);
      else drop(session.id, 'gossip with the peer has ended');
    } catch (error) {
      // what failed may be the end of a connection that a newer one has replaced
      if (session.phase !== 'connected') return;
      session.missed += 1;
      const { id, missed } = session;
      logger.debug({ peer: id, missed, reason: asError(error).message }, 'no status');
      if (missed >= MAX_MISSED_STATUS) drop(id, `${missed} status exchanges without an answer`);
    } finally {
      session.exchanging = false;
    }
  }

  /** A helper that has gone without a word would be taken for one that is there. */
  async #ping(session: Session): Promise<void> {
    try {
      await withDeadline(HANDSHAKE_TIMEOUT_MS, 'ping', this.#c.lifetime, (signal) =>
        this.#host.services.ping.ping(session.peer, { signal }),
      );
    } catch (error) {
      if (session.phase === 'helping') this.#c.drop(session.id, asError(error).message);
    }
  }
}
