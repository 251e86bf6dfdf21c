// Bounds how much one message of the DHT has. The library takes 4 MiB, in which one answer could name a hundred thousand
// peers that do not exist.

import type { Stream, StreamHandler } from '@libp2p/interface';
import type { KadDHTComponents } from '@libp2p/kad-dht';
import { NetworkError } from './errors.ts';
import { overlaid } from './overlaid.ts';
import { watchPieces } from './pieces.ts';

type Registrar = KadDHTComponents['registrar'];
type ConnectionManager = KadDHTComponents['connectionManager'];

/** An answer names 20 peers, with up to a few dozen addresses each. */
const MAX_STREAM_BYTES = 128 * 1024;

/**
 * What the DHT is given to work with: every stream that it serves or opens is bounded.
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
