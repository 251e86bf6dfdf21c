// How much a peer may send on streams that stay open: what is past its share waits in the peer's own buffers, since the
// stream is not read until the peer owes nothing. Nothing is dropped here: a gossip message that is ignored counts as
// seen, and who could make us ignore honest ones could silence others.

import type { Stream, StreamHandler, StreamMessageEvent } from '@libp2p/interface';
import { overlaid } from './overlaid.ts';
import { PeerBuckets, type Rate, type RateLimits } from './rate-limit.ts';

/** What a message costs beyond its bytes, in bytes: with 8 MiB a second 2,000 can be judged, and no more should have to be. */
const MESSAGE_BYTES = 4096;
/** Shorter pauses would cost more than they save. */
const SHORTEST_PAUSE_MS = 100;

export interface ReadThrottleOptions {
  /** bytes */
  readonly rate: Rate;
  /** what each piece costs that is read, beyond its bytes */
  readonly pieceBytes: number;
  /** milliseconds of a clock that never goes back */
  readonly now: () => number;
  /** told at each pause */
  readonly onPaused: (peer: string) => void;
}

/** Where a service says who handles the streams that peers open. */
interface Registrar {
  handle(protocol: string, handler: StreamHandler, options?: object): Promise<void>;
}

export class ReadThrottle {
  readonly #o: ReadThrottleOptions;
  readonly #buckets: PeerBuckets;

  constructor(options: ReadThrottleOptions) {
    this.#o = options;
    this.#buckets = new PeerBuckets(options.rate, options.now);
  }

  /** A service whose streams are read no faster. (Middleware of the library runs the handler of an earlier stream again.) */
  service<C extends object, S>(create: (components: C) => S): (components: C) => S {
    return (components) => {
      const { registrar } = components as { registrar: Registrar };
      const handle: Registrar['handle'] = (protocol, handler, options) =>
        registrar.handle(protocol, this.#watched(handler), options);
      return create(overlaid<object>(components, { registrar: overlaid(registrar, { handle }) }) as C);
    };
  }

  /** A message has come that must be judged. */
  charge(peer: string): void {
    this.#buckets.take(peer, MESSAGE_BYTES);
  }

  #watched(handler: StreamHandler): StreamHandler {
    return (stream, connection) => {
      // A stream gives what has come to whoever listens first, and that must be its handler.
      setTimeout(() => this.#watch(stream, connection.remotePeer.toString()), 0);
      return handler(stream, connection);
    };
  }

  #watch(stream: Stream, peer: string): void {
    stream.addEventListener('message', ({ data }: StreamMessageEvent) => {
      this.#buckets.take(peer, data.byteLength + this.#o.pieceBytes);
      const debt = this.#buckets.debtMs(peer);
      if (debt === 0 || stream.readStatus !== 'readable') return;
      stream.pause();
      this.#o.onPaused(peer);
      setTimeout(() => stream.readStatus === 'paused' && stream.resume(), Math.max(debt, SHORTEST_PAUSE_MS));
    });
  }
}

export interface ReadThrottles {
  readonly gossip: ReadThrottle;
  /** the DHT and ping together */
  readonly others: ReadThrottle;
}

/** @param onPaused told at each pause, `reason` for people */
export function readThrottles(
  rates: Pick<RateLimits, 'gossip' | 'others'>,
  onPaused: (peer: string, reason: string) => void,
): ReadThrottles {
  const now = () => performance.now();
  const gossip = (peer: string) => onPaused(peer, 'gossip past its share');
  const others = (peer: string) => onPaused(peer, 'questions past its share');
  return {
    gossip: new ReadThrottle({ rate: rates.gossip, pieceBytes: 0, now, onPaused: gossip }),
    others: new ReadThrottle({ rate: rates.others, pieceBytes: MESSAGE_BYTES, now, onPaused: others }),
  };
}
