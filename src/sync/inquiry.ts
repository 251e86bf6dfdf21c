// Asks one peer after the other for something that is missing, until somebody has it. Who is slow to answer keeps nobody
// else from being asked. What is asked, and whether an answer will do, is for the caller to say.

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDeadline } from '../network/deadline.ts';
import type { Logger } from '../telemetry/logger.ts';

const REQUEST_TIMEOUT_MS = 3000;
/** A peer that has not answered for so long is left to it, and the next one is asked as well (ms). */
const PATIENCE_MS = 400;

export interface InquiryOptions {
  readonly peers: () => readonly { readonly id: string }[];
  readonly logger: Logger;
}

/** Resolves with true when the peer had what is missing. */
export type Ask = (peer: string, signal: AbortSignal) => Promise<boolean>;

export interface Round {
  /** for the log */
  readonly what: string;
  readonly ask: Ask;
  /** asked before all others, if it is connected */
  readonly first?: string;
  /** peers asked at most */
  readonly most?: number;
  /** ends the round when it fires */
  readonly until?: AbortSignal;
  readonly patience?: number;
}

export class Inquiry {
  readonly #o: InquiryOptions;
  readonly #stop = new AbortController();
  /** how many were asked in turn */
  #turn = 0;

  constructor(options: InquiryOptions) {
    this.#o = options;
    // each round listens
    setMaxListeners(0, this.#stop.signal);
  }

  /** Fires when this is stopped. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Ends what is under way. */
  stop(): void {
    this.#stop.abort();
  }

  /** One round: who is still to answer when somebody had it is not waited for. Rejects when this is stopped. */
  async askEveryone({ what, ask, first, most, until, patience = PATIENCE_MS }: Round): Promise<boolean> {
    const { signal } = this.#stop;
    const isNeeded = () => until?.aborted !== true;
    if (!isNeeded()) return false;
    const over = new AbortController();
    const end = () => over.abort(signal.reason);
    for (const source of [signal, until]) source?.addEventListener('abort', end, { once: true });
    const answers: Promise<void>[] = [];
    const answerOf = async (id: string): Promise<void> => {
      try {
        const has = await withDeadline(REQUEST_TIMEOUT_MS, `${what} from ${id}`, over.signal, (limit) =>
          ask(id, limit),
        );
        if (has) over.abort();
      } catch (error) {
        if (!over.signal.aborted) this.#o.logger.debug({ err: error, peer: id, what }, 'a peer did not answer well');
      }
    };
    try {
      for (const { id } of this.#peersInTurn(first, most)) {
        const answer = answerOf(id);
        answers.push(answer);
        await Promise.race([answer, pause(patience, over.signal)]);
        if (over.signal.aborted) break;
      }
      await Promise.all(answers);
    } finally {
      for (const source of [signal, until]) source?.removeEventListener('abort', end);
    }
    signal.throwIfAborted();
    return over.signal.aborted && isNeeded();
  }

  /** Every peer once, each time beginning with another; where not all are asked, with the first that was not. */
  #peersInTurn(first: string | undefined, most = Number.POSITIVE_INFINITY): readonly { readonly id: string }[] {
    const peers = this.#o.peers();
    const firsts = peers.filter(({ id }) => id === first);
    const others = peers.filter(({ id }) => id !== first);
    const start = others.length === 0 ? 0 : this.#turn % others.length;
    const places = most - firsts.length;
    this.#turn = start + (places < others.length ? places : 1);
    return [...firsts, ...[...others.slice(start), ...others.slice(0, start)].slice(0, places)];
  }
}

/** Ends early when the signal fires. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
