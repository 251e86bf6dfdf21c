// How much a peer may send on streams that stay open: what is past its share waits in the peer's own buffers, since the
// stream is not read until the peer owes nothing. Nothing is dropped here: a gossip message that is ignored counts as
// seen, and who could make us ignore honest ones could silence others.

import type { Stream, StreamHandler } from '@libp2p/interface';
import type { Rate } from '../primitives/token-bucket.ts';
import { MESSAGE_BYTES } from './gossip-worth.ts';
import { overlaid } from './overlaid.ts';
import { type Piece, watchPieces } from './pieces.ts';
import { PeerBuckets, type RateLimits } from './rate-limit.ts';
import { RpcItems } from './rpc-items.ts';

/**
 * What each message costs beyond its bytes that need not be judged, since it is known, each RPC, and each group of control
 * messages: 8,000 small ones in 8 MiB, a fifth of a processor where many come in one RPC, and about half of one where
 * each has an RPC and a frame of its own.
 */
const ITEM_BYTES = 512;
/** Shorter pauses would cost more than they save. */
const SHORTEST_PAUSE_MS = 100;
/** A point for each of these that a peer owes: who sends what takes it half a minute more has no end of it. */
const EXCESS_MS = 250;
/** One pause alone does not tell. */
const LONGEST_EXCESS_MS = 10_000;

export interface ReadThrottleOptions {
  /** bytes */
  readonly rate: Rate;
  /** Called for each stream. @returns what each of its pieces costs, in their order */
  readonly meter: () => (piece: Piece) => number;
  /** milliseconds of a clock that never goes back */
  readonly now: () => number;
  /** told for each EXCESS_MS that a peer owes when its streams are paused */
  readonly onExcess: (peer: string) => void;
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

  /** A message was judged, and was of no use. */
  charge(peer: string): void {
    this.#buckets.take(peer, MESSAGE_BYTES);
  }

  #watched(handler: StreamHandler): StreamHandler {
    return (stream, connection) => {
      this.#watch(stream, connection.remotePeer.toString());
      return handler(stream, connection);
    };
  }

  #watch(stream: Stream, peer: string): void {
    const costOf = this.#o.meter();
    let isDue = false;
    watchPieces(stream, (piece) => {
      this.#buckets.take(peer, costOf(piece));
      if (isDue || this.#buckets.debtMs(peer) === 0) return;
      isDue = true;
      // A stream that is paused while it hands over what waited in its last pause goes on to let the peer send.
      queueMicrotask(() => {
        isDue = false;
        this.#pause(stream, peer);
      });
    });
  }

  #pause(stream: Stream, peer: string): void {
    if (stream.readStatus !== 'readable') return;
    const debt = this.#buckets.debtMs(peer);
    stream.pause();
    for (let owed = 0; owed < Math.min(debt, LONGEST_EXCESS_MS); owed += EXCESS_MS) this.#o.onExcess(peer);
    setTimeout(() => resume(stream), Math.max(debt, SHORTEST_PAUSE_MS)).unref();
  }
}

function resume(stream: Stream): void {
  if (stream.readStatus !== 'paused') return;
  try {
    stream.resume();
  } catch {
    // it tells the peer, and the connection has ended meanwhile; the stream will too
  }
}

export interface ReadThrottles {
  readonly gossip: ReadThrottle;
  /** the DHT and ping together */
  readonly others: ReadThrottle;
}

/** @param onExcess told as `ReadThrottleOptions` has it, `reason` for people */
export function readThrottles(
  rates: Pick<RateLimits, 'gossip' | 'others'>,
  onExcess: (peer: string, reason: string) => void,
): ReadThrottles {
  const now = () => performance.now();
  const gossipMeter = () => {
    const items = new RpcItems();
    return (piece: Piece) => piece.byteLength + ITEM_BYTES * items.count(piece.subarray());
  };
  const pieceMeter = () => (piece: Piece) => piece.byteLength + MESSAGE_BYTES;
  const gossip = (peer: string) => onExcess(peer, 'gossip past its share');
  const others = (peer: string) => onExcess(peer, 'questions past its share');
  return {
    gossip: new ReadThrottle({ rate: rates.gossip, meter: gossipMeter, now, onExcess: gossip }),
    others: new ReadThrottle({ rate: rates.others, meter: pieceMeter, now, onExcess: others }),
  };
}
