// Status exchanges with one peer over one stream that stays open: negotiating a stream for each would cost ten times the
// exchange, and its round trips would pass for latency.

import type { Stream } from '@libp2p/interface';
import { asError } from '../primitives/errors.ts';
import { Status } from '../primitives/wire.ts';
import { NetworkError } from './errors.ts';
import { FrameReader, writeFrame } from './frames.ts';
import { decodeStatus, MAX_REQUEST_BYTES } from './messages.ts';

export const STATUS_BOUNDS = { frame: MAX_REQUEST_BYTES.status, total: MAX_REQUEST_BYTES.status + 1 } as const;

export class StatusChannel {
  readonly #open: (signal: AbortSignal) => Promise<Stream>;
  #stream: Stream | undefined;

  /** @param open called for the first exchange, and again after one has failed. */
  constructor(open: (signal: AbortSignal) => Promise<Stream>) {
    this.#open = open;
  }

  /**
   * One at a time.
   * @returns the peer's status, when it was asked for (ms of a clock that is never set) and the round trip in ms.
   * @throws {NetworkError} as FrameReader does; RESET also when the peer closes in place of an answer.
   */
  async exchange(ours: Status, signal: AbortSignal): Promise<{ status: Status; sentAt: number; latencyMs: number }> {
    if (this.#stream?.status !== 'open') this.#stream = await this.#open(signal);
    const stream = this.#stream;
    const reader = new FrameReader(stream, STATUS_BOUNDS);
    const sentAt = performance.now();
    try {
      await writeFrame(stream, Status.serialize(ours), signal);
      const answer = await reader.next(signal);
      if (answer === undefined) throw new NetworkError('RESET', 'the stream ended in place of a status');
      const latencyMs = performance.now() - sentAt;
      return { status: decodeStatus(answer), sentAt, latencyMs };
    } catch (error) {
      this.#stream = undefined;
      stream.abort(asError(error));
      throw error;
    } finally {
      reader.release();
    }
  }
}
