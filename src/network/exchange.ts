// One request to a peer: opens a stream, sends it, reads the answer within its bounds, each step within a limit of time.
// What it says of the peer is for the caller to judge.

import { type Connection, type Stream, StreamResetError } from '@libp2p/interface';
import { asError } from '../primitives/errors.ts';
import { withDeadline } from './deadline.ts';
import { NetworkError } from './errors.ts';
import { FrameReader, writeFrame } from './frames.ts';
import { MAX_ANSWER_BYTES } from './messages.ts';
import type { Wait } from './silence.ts';

/** For a stream to open and for each message of the answer to arrive whole. */
const STEP_TIMEOUT_MS = 10_000;

/** A request under way, as far as the caller wants to know. */
export interface Course extends Wait<Connection> {
  /** The peer has reset the stream; the end of a connection is no such word. */
  isReset: boolean;
}

export interface Question {
  /** for people */
  readonly what: string;
  /** name of the protocol */
  readonly protocol: string;
  readonly request: Uint8Array;
  /** bytes of one message of the answer */
  readonly maxFrame: number;
}

/** @throws {NetworkError} RESET; the signal's reason when it fires */
export async function openStream(connection: Connection, protocol: string, signal: AbortSignal): Promise<Stream> {
  try {
    return await connection.newStream([protocol], { signal, runOnLimitedConnection: true });
  } catch (cause) {
    const reason = asError(cause).message;
    throw new NetworkError('RESET', `no ${protocol} stream to ${connection.remotePeer}: ${reason}`, { cause });
  }
}

/**
 * Yields the messages of the answer.
 * @param course tells over which connection; kept up to date
 * @throws {NetworkError} TIMEOUT, RESET, and as FrameReader does; the signal's reason when it fires
 */
export async function* exchange(
  course: Course,
  { what, protocol, request, maxFrame }: Question,
  parent: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  let received = () => 0;
  const step = async <T>(work: (signal: AbortSignal) => Promise<T>) => {
    const before = received();
    course.since = performance.now();
    try {
      return await withDeadline(STEP_TIMEOUT_MS, what, parent, work);
    } finally {
      course.bytes = received() - before;
    }
  };
  const stream = await step((signal) => openStream(course.connection, protocol, signal)).catch((error: unknown) => {
    course.isReset = asError(error).cause instanceof StreamResetError;
    throw error;
  });
  const reader = new FrameReader(stream, { frame: maxFrame, total: MAX_ANSWER_BYTES + maxFrame });
  received = () => reader.received;
  try {
    await step((signal) => writeFrame(stream, request, signal));
    await step((signal) => stream.close({ signal }));
    for (;;) {
      const payload = await step((signal) => reader.next(signal));
      if (payload === undefined) break;
      yield payload;
    }
  } finally {
    reader.release();
    course.isReset = stream.status === 'reset';
    // a no-op on a stream that has ended; otherwise the consumer stopped early or something failed
    stream.abort(new NetworkError('RESET', 'the rest of the answer is not wanted'));
  }
}
