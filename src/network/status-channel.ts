// Status exchanges with one peer over one stream that stays open: negotiating a stream for each would cost ten times the
// exchange, and its round trips would pass for latency.

import type { Connection, Stream } from '@libp2p/interface';
import { asError } from '../primitives/errors.ts';
import { Status } from '../primitives/wire.ts';
import { NetworkError } from './errors.ts';
import { FrameReader, writeFrame } from './frames.ts';
import { decodeStatus, MAX_REQUEST_BYTES } from './messages.ts';

export const STATUS_BOUNDS = { frame: MAX_REQUEST_BYTES.status, total: MAX_REQUEST_BYTES.status + 1 } as const;

export interface OpenedStream {
  readonly stream: Stream;
  readonly connection: Connection;
}

export interface StatusAnswer {
  readonly status: Status;
  /** when it was asked for: ms of a clock that is never set */
  readonly sentAt: number;
  /** round trip in ms */
  readonly latencyMs: number;
  readonly connection: Connection;
}

export class StatusChannel {
  readonly #open: (signal: AbortSignal) => Promise<OpenedStream>;
  #opened: OpenedStream | undefined;

  /** @param open called for the first exchange, and again after one has failed. */
  constructor(open: (signal: AbortSignal) => Promise<OpenedStream>) {
    this.#open = open;
  }

  /**
   * One at a time.
   * @throws {NetworkError} as FrameReader does; RESET also when the peer closes in place of an answer.
   */
  async exchange(ours: Status, signal: AbortSignal): Promise<StatusAnswer> {
    if (this.#opened?.stream.status !== 'open') this.#opened = await this.#open(signal);
    const { stream, connection } = this.#opened;
    const reader = new FrameReader(stream, STATUS_BOUNDS);
    const sentAt = performance.now();
    try {
      await writeFrame(stream, Status.serialize(ours), signal);
      const answer = await reader.next(signal);
      if (answer === undefined) throw new NetworkError('RESET', 'the stream ended in place of a status');
      const latencyMs = performance.now() - sentAt;
      return { status: decodeStatus(answer), sentAt, latencyMs, connection };
    } catch (error) {
      this.#opened = undefined;
      stream.abort(asError(error));
      throw error;
    } finally {
      reader.release();
    }
  }
}
