// All WebSocket connections of a node: lets them in up to a bound, passes them what happens, and sees that they live.

import type { WebSocket } from 'ws';
import type { ConsensusEvent, EventSource, FinalizedEvent } from '../dependencies.ts';
import type { Door } from '../door.ts';
import type { Services } from '../handlers/method.ts';
import type { JsonRpc } from '../json-rpc.ts';
import type { RpcLimits } from '../options.ts';
import { BlockEvents, consensusEventJson } from './channels.ts';
import { CLOSE_GOING_AWAY, CLOSE_TRY_LATER, Session, type SessionParts } from './session.ts';

export class SocketHub {
  readonly #events: EventSource;
  readonly #metrics: Services['metrics'];
  readonly #door: Door;
  readonly #limits: RpcLimits;
  readonly #parts: SessionParts;
  readonly #sessions = new Set<Session>();
  #pings: NodeJS.Timeout | undefined;

  constructor(services: Services, door: Door, jsonRpc: JsonRpc, limits: RpcLimits) {
    const { events, metrics, logger, blocks, chain } = services;
    this.#events = events;
    this.#metrics = metrics;
    this.#door = door;
    this.#limits = limits;
    this.#parts = {
      jsonRpc,
      source: { blocks, head: () => chain.head.header.height },
      limits,
      logger,
      onSlow: () => metrics.slowClients.inc(),
    };
  }

  get full(): boolean {
    return this.#sessions.size >= this.#limits.maxSockets;
  }

  start(): void {
    this.#events.on('finalized', this.#onFinalized);
    this.#events.on('consensus', this.#onConsensus);
    this.#pings = setInterval(() => {
      for (const session of this.#sessions) session.ping();
    }, this.#limits.socketPingMs);
  }

  /** Every client is told that the node goes away. */
  stop(): void {
    this.#events.off('finalized', this.#onFinalized);
    this.#events.off('consensus', this.#onConsensus);
    clearInterval(this.#pings);
    for (const session of this.#sessions) session.close(CLOSE_GOING_AWAY, 'the node stops');
  }

  /** @param ip of the client */
  accept(socket: WebSocket, ip: string): void {
    if (this.full) {
      socket.close(CLOSE_TRY_LATER, 'too many connections');
      return;
    }
    const gone = new AbortController();
    const session = new Session(
      socket,
      this.#door.caller(ip, () => gone.signal),
      this.#parts,
    );
    this.#sessions.add(session);
    this.#metrics.sockets.set(this.#sessions.size);
    socket.once('close', () => {
      gone.abort();
      this.#sessions.delete(session);
      this.#metrics.sockets.set(this.#sessions.size);
    });
  }

  readonly #onFinalized = (block: FinalizedEvent): void => {
    const events = new BlockEvents(block);
    for (const session of this.#sessions) {
      try {
        session.onBlock(events);
      } catch (error) {
        // The chain emits this event: what goes wrong for a client must not go wrong for the chain.
        this.#parts.logger.error({ err: error, height: events.height }, 'a block could not be passed on');
      }
    }
  };

  readonly #onConsensus = (event: ConsensusEvent): void => {
    if (this.#sessions.size === 0) return;
    const data = consensusEventJson(event);
    for (const session of this.#sessions) session.onConsensus(event.height, data);
  };
}
