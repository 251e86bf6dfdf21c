// Bounds how much one message of the DHT has. The library takes 4 MiB, in which one answer could name a hundred thousand
// peers that do not exist.

import type { Stream, StreamHandler, StreamMessageEvent } from '@libp2p/interface';
import type { KadDHTComponents } from '@libp2p/kad-dht';
import { NetworkError } from './errors.ts';
import { overlaid } from './overlaid.ts';

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

/** A stream hands out what it has as soon as somebody listens: the count must begin together with its first listener. */
function boundBytes(stream: Stream): void {
  let received = 0;
  const count = ({ data }: StreamMessageEvent) => {
    received += data.byteLength;
    if (received > MAX_STREAM_BYTES) stream.abort(new NetworkError('OVERSIZED', `more than ${MAX_STREAM_BYTES} bytes`));
  };
  const listen = stream.addEventListener.bind(stream);
  let counts = false;
  stream.addEventListener = (type: string, ...rest: unknown[]) => {
    if (type === 'message' && !counts) {
      counts = true;
      listen('message', count);
    }
    Reflect.apply(listen, stream, [type, ...rest]);
  };
}
