// How fast a peer may open streams. Each costs a negotiation before it can be counted against any protocol, thousands of
// them a processor; past its share a stream is reset before anything is read from it.

import type {
  ConnectionEncrypter,
  SecuredConnection,
  Stream,
  StreamMuxer,
  StreamMuxerFactory,
} from '@libp2p/interface';
import type { Rate } from '../primitives/token-bucket.ts';
import { PeerBuckets } from './rate-limit.ts';

type Create<Components, T> = (components: Components) => T;

/** The muxer does not know whose streams it carries; the encrypter that made its connection does. */
export class StreamGuard {
  readonly #buckets: PeerBuckets;
  readonly #onRefused: (peer: string) => void;
  readonly #peers = new WeakMap<object, string>();

  /** @param now milliseconds of a clock that never goes back. @param onRefused told of each stream past the share. */
  constructor(rate: Rate, now: () => number, onRefused: (peer: string) => void) {
    this.#buckets = new PeerBuckets(rate, now);
    this.#onRefused = onRefused;
  }

  encrypter<C>(create: Create<C, ConnectionEncrypter>): Create<C, ConnectionEncrypter> {
    return (components) => {
      const encrypter = create(components);
      const known = (secured: SecuredConnection) => {
        this.#peers.set(secured.connection, secured.remotePeer.toString());
        return secured;
      };
      return {
        protocol: encrypter.protocol,
        secureInbound: async (connection, options) => known(await encrypter.secureInbound(connection, options)),
        secureOutbound: async (connection, options) => known(await encrypter.secureOutbound(connection, options)),
      };
    };
  }

  muxer<C>(create: Create<C, StreamMuxerFactory>): Create<C, StreamMuxerFactory> {
    return (components) => {
      const factory = create(components);
      return {
        protocol: factory.protocol,
        createStreamMuxer: (connection) => {
          const muxer = factory.createStreamMuxer(connection);
          const peer = this.#peers.get(connection);
          if (peer !== undefined) this.#guard(muxer, peer);
          return muxer;
        },
      };
    };
  }

  /** Streams are told by an event, to listeners in the order in which they came. */
  #guard(muxer: StreamMuxer, peer: string): void {
    const add = muxer.addEventListener.bind(muxer);
    const refuseSome = (event: CustomEvent<Stream>) => {
      if (this.#buckets.takeOne(peer)) return;
      event.stopImmediatePropagation();
      event.detail.abort(new Error('the peer opens streams faster than it may'));
      this.#onRefused(peer);
    };
    let isGuarded = false;
    // Not before the first other listener: the muxer keeps what comes early for whoever listens first.
    muxer.addEventListener = (...[type, listener, options]: Parameters<typeof add>) => {
      if (type === 'stream' && !isGuarded) {
        isGuarded = true;
        add('stream', refuseSome);
      }
      add(type, listener, options);
    };
  }
}
