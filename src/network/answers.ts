// Answers under way: how many one peer may have at once, and how long each piece may take us. Who waits for us shall not
// wait in vain: what we can not answer now is refused.

import type { Stream } from '@libp2p/interface';
import { NetworkError } from './errors.ts';
import { MAX_REQUESTS_AT_ONCE } from './rate-limit.ts';
import { ANSWER_TIMEOUT_MS } from './silence.ts';

/** As many as a peer may wait for on the five protocols; those that it has given up while we still work on them included. */
const MAX_WORK_PER_PEER = 5 * MAX_REQUESTS_AT_ONCE;

interface Answer {
  readonly protocol: string;
  readonly stream: Stream;
}

export class AnswersUnderway {
  readonly #answers = new Map<string, Set<Answer>>();

  /**
   * @returns what is to be called when the work has ended
   * @throws {NetworkError} RATE_LIMITED: the peer waits for too many; BUSY: we have not ended what it waits for no more
   */
  begin(peer: string, protocol: string, stream: Stream): () => void {
    const answers = this.#answers.get(peer) ?? new Set();
    const waitedFor = [...answers].filter((other) => other.protocol === protocol && other.stream.status === 'open');
    if (waitedFor.length >= MAX_REQUESTS_AT_ONCE) {
      throw new NetworkError('RATE_LIMITED', `more than ${MAX_REQUESTS_AT_ONCE} requests at once`);
    }
    if (answers.size >= MAX_WORK_PER_PEER) {
      throw new NetworkError('BUSY', `${MAX_WORK_PER_PEER} answers to the peer are still being worked on`);
    }
    const answer = { protocol, stream };
    this.#answers.set(peer, answers.add(answer));
    return () => {
      answers.delete(answer);
      if (answers.size === 0) this.#answers.delete(peer);
    };
  }
}

/**
 * Yields what is given; the giver is not told when no more is wanted.
 * @throws {NetworkError} BUSY when a piece takes too long; the reason of `lifetime` when it fires; else what the giver throws
 */
export async function* promptly<T>(giver: AsyncIterator<T>, lifetime: AbortSignal): AsyncGenerator<T, void> {
  for (;;) {
    const { done, value } = await inTime(giver.next(), lifetime);
    if (done === true) return;
    yield value;
  }
}

async function inTime<T>(work: Promise<T>, lifetime: AbortSignal): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const late = new NetworkError('BUSY', `no answer within ${ANSWER_TIMEOUT_MS} ms`);
  const timer = setTimeout(reject, ANSWER_TIMEOUT_MS, late);
  const end = () => reject(lifetime.reason);
  lifetime.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
    lifetime.removeEventListener('abort', end);
  }
}
