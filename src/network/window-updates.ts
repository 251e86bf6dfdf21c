// Fewer frames of the stream muxer (yamux). After every message it tells the sender how many bytes more it may send, in a
// frame and mostly in a packet of its own, a third of all packets between nodes that have little to say; here these wait
// until they are many bytes.

import type { MessageStream, StreamMuxerFactory } from '@libp2p/interface';
import { concatBytes } from '../primitives/bytes.ts';

/** A quarter of the least window that a stream can have, so that no sender waits for what is held back. */
export const ENOUGH_BYTES = 64 * 1024;
/** Of those that wait some belong to streams that have ended meanwhile, which peers pass over. */
export const ENOUGH_STREAMS = 32;

/** version 0, type, 2 bytes of flags, 4 of the stream's id, 4 of a number of bytes; all big-endian */
const HEADER_BYTES = 12;
const WINDOW_UPDATE = 1;

/** Wraps a muxer so that it sends few window updates. */
export function fewWindowUpdates<Components>(
  create: (components: Components) => StreamMuxerFactory,
): (components: Components) => StreamMuxerFactory {
  return (components) => {
    const factory = create(components);
    return {
      protocol: factory.protocol,
      createStreamMuxer: (connection) => factory.createStreamMuxer(collecting(connection)),
    };
  };
}

function collecting(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection);
  /** bytes by stream */
  const held = new Map<number, number>();
  connection.send = (data) => {
    const update = windowUpdate(data);
    if (update === undefined) return send(data);
    const bytes = (held.get(update.stream) ?? 0) + update.bytes;
    held.set(update.stream, bytes);
    if (bytes < ENOUGH_BYTES && held.size < ENOUGH_STREAMS) return !connection.writableNeedsDrain;
    const updates = concatBytes(...Array.from(held, ([stream, bytes]) => encoded(stream, bytes)));
    held.clear();
    return send(updates);
  };
  return connection;
}

/** @returns undefined for any other frame, and for an update that also opens, accepts, closes or resets its stream. */
function windowUpdate(data: Parameters<MessageStream['send']>[0]): { stream: number; bytes: number } | undefined {
  if (!(data instanceof Uint8Array) || data.length !== HEADER_BYTES) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, HEADER_BYTES);
  if (view.getUint8(1) !== WINDOW_UPDATE || view.getUint16(2) !== 0) return undefined;
  return { stream: view.getUint32(4), bytes: view.getUint32(8) };
}

function encoded(stream: number, bytes: number): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES);
  const view = new DataView(frame.buffer);
  view.setUint8(1, WINDOW_UPDATE);
  view.setUint32(4, stream);
  view.setUint32(8, bytes);
  return frame;
}
