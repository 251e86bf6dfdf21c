// A way to see what comes on a stream without taking it from who handles the stream.

import type { Stream, StreamMessageEvent } from '@libp2p/interface';

/** Bytes that came together. */
export type Piece = StreamMessageEvent['data'];

/**
 * Tells of each piece that is read. A stream gives what has come to whoever listens first, and that must be its handler:
 * so this begins together with the first other listener.
 */
export function watchPieces(stream: Stream, onPiece: (piece: Piece) => void): void {
  const listen = stream.addEventListener.bind(stream);
  let watches = false;
  stream.addEventListener = (type: string, ...rest: unknown[]) => {
    if (type === 'message' && !watches) {
      watches = true;
      listen('message', ({ data }: StreamMessageEvent) => onPiece(data));
    }
    Reflect.apply(listen, stream, [type, ...rest]);
  };
}
