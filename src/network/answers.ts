// Answers under way: how many one peer may have at once, and how long each piece may take us. Who waits for us shall not
// wait in vain: what we can not answer now is refused.

import type { Stream } from '@libp2p/interface';
import { NetworkError } from './errors.ts';
import { MAX_REQUESTS_AT_ONCE } from './rate-limit.ts';
import { ANSWER_TIMEOUT_MS } from './silence.ts';

export class AnswersUnderway {
  readonly #streams = new Map<string, Set<Stream>>();

  /**
   * A stream counts until it has ended, or the answer has.
   * @param asker a peer and what it asks for
   * @returns what ends the answer
   * @throws {NetworkError} RATE_LIMITED
   */
  begin(asker: string, stream: Stream): () => void {
    const streams = this.#streams.get(asker) ?? new Set();
    const open = [...streams].filter(({ status }) => status === 'open').length;
    if (open >= MAX_REQUESTS_AT_ONCE) {
      throw new NetworkError('RATE_LIMITED', `more than ${MAX_REQUESTS_AT_ONCE} requests at once`);
    }
    this.#streams.set(asker, streams.add(stream));
    return () => {
      streams.delete(stream);
      if (streams.size === 0) this.#streams.delete(asker);
    };
  }
}

/** Yields what is given. @throws {NetworkError} BUSY when a piece takes too long; else what the giver throws */
export async function* promptly<T>(pieces: AsyncIterable<T>): AsyncGenerator<T, void> {
  const giver = pieces[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await inTime(giver.next());
      if (done === true) return;
      yield value;
    }
  } finally {
    // waits behind a piece that takes too long, which nobody wants any more
    giver.return?.().catch(() => undefined);
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new NetworkError('BUSY', `no answer within ${ANSWER_TIMEOUT_MS} ms`);
    timer = setTimeout(reject, ANSWER_TIMEOUT_MS, error);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
