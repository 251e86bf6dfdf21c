// Few writes to the socket. Noise hands over length, ciphertext and tag of a message as separate buffers, which the TCP
// transport would write one by one, and the muxer answers every message that it reads with a message of its own: all that
// is sent while one piece of input is handled leaves in one system call and one packet.

import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface';
import { concatBytes } from '../primitives/bytes.ts';
import { asError } from '../primitives/errors.ts';

/** Leaves at once when it is as much, with the message that makes it so. Over WebSocket it is one frame. */
export const MAX_WRITE_BYTES = 1024 * 1024;

/** Wraps a connection encrypter so that what it sends reaches the transport in few pieces. */
export function oneWrite<Components>(
  create: (components: Components) => ConnectionEncrypter,
): (components: Components) => ConnectionEncrypter {
  return (components) => {
    const encrypter = create(components);
    return {
      protocol: encrypter.protocol,
      secureInbound: (connection, options) => encrypter.secureInbound(joining(connection), options),
      secureOutbound: (connection, options) => encrypter.secureOutbound(joining(connection), options),
    };
  };
}

function joining(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection);
  const close = connection.close.bind(connection);
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let canSendMore = true;
  const flush = () => {
    if (waiting.length === 0) return;
    const data = waiting.length === 1 ? (waiting[0] as Uint8Array) : concatBytes(...waiting);
    waiting = [];
    waitingBytes = 0;
    // a connection that was lost meanwhile takes nothing; everyone above hears of it by its close event
    if (connection.status !== 'open') return;
    try {
      canSendMore = send(data);
    } catch (error) {
      // one through a relay, whose stream has closed before it: here nobody else would catch it
      connection.abort(asError(error));
    }
  };
  connection.addEventListener('drain', () => {
    canSendMore = true;
  });
  connection.send = (data) => {
    // throws what it always throws
    if (connection.status !== 'open') return send(data);
    // a list of buffers gives its bytes in one piece when asked for all of them
    if (waiting.push(data.subarray()) === 1) queueMicrotask(flush);
    waitingBytes += data.byteLength;
    if (waitingBytes >= MAX_WRITE_BYTES) flush();
    return canSendMore;
  };
  connection.close = (options) => {
    flush();
    return close(options);
  };
  return connection;
}
