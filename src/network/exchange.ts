// One request to a peer: opens a stream, sends it, reads the answer within its bounds, each step within a limit of time.
// What it says of the peer is for the caller to judge.

import type { Connection, Stream } from '@libp2p/interface';
import { asError } from '../primitives/errors.ts';
import { withDeadline } from './deadline.ts';
import { NetworkError } from './errors.ts';
import { FrameReader, writeFrame } from './frames.ts';
import { MAX_ANSWER_BYTES } from './messages.ts';
import type { Wait } from './silence.ts';

/** For a stream to open and for each message of the answer to arrive whole. */
const STEP_TIMEOUT_MS = 10_000;

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
 * @param wait tells over which connection; kept up to date with the message that is waited for
 * @throws {NetworkError} TIMEOUT, RESET, and as FrameReader does; the signal's reason when it fires
 */
export async function* exchange(
  wait: Wait<Connection>,
  { what, protocol, request, maxFrame }: Question,
  parent: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  let received = () => 0;
  const step = async <T>(work: (signal: AbortSignal) => Promise<T>) => {
    const before = received();
    wait.since = performance.now();
    try {
      return await withDeadline(STEP_TIMEOUT_MS, what, parent, work);
    } finally {
      wait.bytes = received() - before;
    }
  };
  const stream = await step((signal) => openStream(wait.connection, protocol, signal));
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
    // a no-op on a stream that has ended; otherwise the consumer stopped early or something failed
    stream.abort(new NetworkError('RESET', 'the rest of the answer is not wanted'));
  }
}
