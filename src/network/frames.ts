// Messages on a stream: varint length, then that many bytes. The reader holds what has arrived and not been taken,
// never more than its bounds, and turns every way a stream can end into a typed error.

import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface';
import { concatBytes } from '../primitives/bytes.ts';
import { encodeFrame, type FrameHeader, readLength } from '../primitives/frame.ts';
import { NetworkError } from './errors.ts';

export interface FrameBounds {
  /** payload bytes of one frame */
  readonly frame: number;
  /** bytes of all frames of the stream, lengths included */
  readonly total: number;
}

/** Reads frames from one stream; one reader per stream, one `next()` at a time. */
export class FrameReader {
  readonly #stream: Stream;
  readonly #bounds: FrameBounds;
  #chunks: Uint8Array[] = [];
  #held = 0;
  #received = 0;
  #remoteClosed: boolean;
  #failure: NetworkError | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Stream, bounds: FrameBounds) {
    this.#stream = stream;
    this.#bounds = bounds;
    this.#remoteClosed = stream.remoteWriteStatus !== 'writable';
    stream.addEventListener('message', this.#onMessage);
    stream.addEventListener('remoteCloseWrite', this.#onRemoteClose);
    stream.addEventListener('close', this.#onClose);
  }

  /** Bytes that have arrived so far. */
  get received(): number {
    return this.#received;
  }

  /**
   * @returns the next payload, or undefined when the remote closed between frames.
   * @throws {NetworkError} OVERSIZED, MALFORMED, TRUNCATED, RESET; the signal's reason when it fires.
   */
  async next(signal: AbortSignal): Promise<Uint8Array | undefined> {
    for (;;) {
      signal.throwIfAborted();
      const payload = this.#take();
      if (payload !== undefined) return payload;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#remoteClosed && this.#stream.readBufferLength === 0) {
        if (this.#held === 0) return undefined;
        throw new NetworkError('TRUNCATED', `the stream ended ${this.#held} bytes into a message`);
      }
      await this.#change(signal);
    }
  }

  /** Lets the stream go; what arrives later is not held. */
  release(): void {
    this.#stream.removeEventListener('message', this.#onMessage);
    this.#stream.removeEventListener('remoteCloseWrite', this.#onRemoteClose);
    this.#stream.removeEventListener('close', this.#onClose);
    this.#chunks = [];
    this.#held = 0;
  }

  #take(): Uint8Array | undefined {
    const header = this.#header();
    if (header === undefined || this.#held < header.size + header.length) return undefined;
    const all = this.#chunks.length === 1 ? this.#chunks[0] : concatBytes(...this.#chunks);
    if (all === undefined) return undefined;
    const end = header.size + header.length;
    this.#chunks = end < all.length ? [all.subarray(end)] : [];
    this.#held = all.length - end;
    return all.subarray(header.size, end);
  }

  #header(): FrameHeader | undefined {
    const header = this.#length();
    if (header !== undefined && header.length > this.#bounds.frame) {
      throw new NetworkError('OVERSIZED', `a message of ${header.length} bytes, at most ${this.#bounds.frame}`);
    }
    return header;
  }

  #length(): FrameHeader | undefined {
    try {
      return readLength((index) => this.#byte(index));
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new NetworkError('MALFORMED', cause.message, { cause });
    }
  }

  #byte(position: number): number | undefined {
    let rest = position;
    for (const chunk of this.#chunks) {
      if (rest < chunk.length) return chunk[rest];
      rest -= chunk.length;
    }
    return undefined;
  }

  #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal.reason);
    this.#wake = resolve;
    signal.addEventListener('abort', onAbort, { once: true });
    return promise.finally(() => {
      this.#wake = undefined;
      signal.removeEventListener('abort', onAbort);
    });
  }

  readonly #onMessage = ({ data }: StreamMessageEvent) => {
    this.#received += data.byteLength;
    if (this.#received > this.#bounds.total) {
      this.#chunks = [];
      this.#held = 0;
      this.#failure = new NetworkError('OVERSIZED', `more than ${this.#bounds.total} bytes on one stream`);
    } else {
      this.#chunks.push(plainBytes(data.subarray()));
      this.#held += data.byteLength;
    }
    this.#wake?.();
  };

  readonly #onRemoteClose = () => {
    this.#remoteClosed = true;
    this.#wake?.();
  };

  readonly #onClose = ({ error }: StreamCloseEvent) => {
    // a connection that ends takes its streams with it, without an error
    const isCut = !this.#remoteClosed;
    this.#remoteClosed = true;
    if (error !== undefined) this.#failure ??= new NetworkError('RESET', 'the stream was reset', { cause: error });
    else if (isCut) this.#failure ??= new NetworkError('RESET', 'the connection ended before the stream');
    this.#wake?.();
  };
}

/** Sockets hand out Buffers, whose slice() shares memory where that of a Uint8Array copies: decoders rely on the copy. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Sends one frame and waits until the stream takes more.
 * @throws {NetworkError} RESET; the signal's reason when it fires.
 */
export async function writeFrame(stream: Stream, payload: Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    stream.send(encodeFrame(payload));
  } catch (cause) {
    throw new NetworkError('RESET', 'the stream was reset', { cause });
  }
  // not stream.onDrain(): once resolved it never waits again
  while (stream.writableNeedsDrain) await drained(stream, signal);
}

function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onDrain = () => resolve();
  const onClose = ({ error }: StreamCloseEvent) =>
    reject(new NetworkError('RESET', 'the stream closed while sending', { cause: error }));
  const onAbort = () => reject(signal.reason);
  stream.addEventListener('drain', onDrain);
  stream.addEventListener('close', onClose);
  signal.addEventListener('abort', onAbort, { once: true });
  return promise.finally(() => {
    stream.removeEventListener('drain', onDrain);
    stream.removeEventListener('close', onClose);
    signal.removeEventListener('abort', onAbort);
  });
}
