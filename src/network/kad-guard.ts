// Bounds how much one message of the DHT has, and how many peers an answer names. The library takes 4 MiB, in which one
// answer could name a hundred thousand peers that do not exist.

import { type Stream, type StreamHandler, StreamMessageEvent } from '@libp2p/interface';
import type { KadDHTComponents } from '@libp2p/kad-dht';
import { asError } from '../primitives/errors.ts';
import { NetworkError } from './errors.ts';
import { KadAnswer } from './kad-answer.ts';
import { overlaid } from './overlaid.ts';
import { watchPieces } from './pieces.ts';

type Registrar = KadDHTComponents['registrar'];
type ConnectionManager = KadDHTComponents['connectionManager'];

/** An answer names 20 peers, with up to a few dozen addresses each. */
const MAX_STREAM_BYTES = 128 * 1024;

/**
 * What the DHT is given to work with: every stream that it serves or opens is bounded, and what is answered to it cut.
 * @param onQuery told of every question of a peer.
 */
export function guarded(components: KadDHTComponents, onQuery: () => void): KadDHTComponents {
  const { registrar, connectionManager } = components;
  const guard = (serve: StreamHandler): StreamHandler => {
    return (stream, connection) => {
      onQuery();
      boundBytes(stream);
      return serve(stream, connection);
    };
  };
  const handle: Registrar['handle'] = (protocol, handler, options) =>
    registrar.handle(protocol, guard(handler), options);
  const openStream: ConnectionManager['openStream'] = async (peer, protocol, options) => {
    const stream = await connectionManager.openStream(peer, protocol, options);
    boundBytes(stream);
    cutAnswer(stream);
    return stream;
  };
  return overlaid(components, {
    registrar: overlaid(registrar, { handle }),
    connectionManager: overlaid(connectionManager, { openStream }),
  });
}

function boundBytes(stream: Stream): void {
  let received = 0;
  watchPieces(stream, (piece) => {
    received += piece.byteLength;
    if (received > MAX_STREAM_BYTES) stream.abort(new NetworkError('OVERSIZED', `more than ${MAX_STREAM_BYTES} bytes`));
  });
}

/** Whoever listens hears of the answer when it is whole, and of no more peers in it than are taken. */
function cutAnswer(stream: Stream): void {
  const listen = stream.addEventListener.bind(stream);
  stream.addEventListener = (type: string, listener: unknown, ...rest: unknown[]) => {
    const hears = type === 'message' ? cutting(stream, listener as Listener) : listener;
    Reflect.apply(listen, stream, [type, hears, ...rest]);
  };
}

type Listener = (event: StreamMessageEvent) => void;

/** The library asks once on each stream, and listens once. */
function cutting(stream: Stream, listener: Listener): Listener {
  const answer = new KadAnswer(MAX_STREAM_BYTES);
  return ({ data }) => {
    let whole: Uint8Array | undefined;
    try {
      whole = answer.add(data.subarray());
    } catch (error) {
      stream.abort(new NetworkError('MALFORMED', asError(error).message, { cause: error }));
    }
    if (whole !== undefined) listener(new StreamMessageEvent(whole));
  };
}
