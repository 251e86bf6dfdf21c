// Asks one peer after the other for something that is missing, until somebody has it. Who is slow to answer keeps nobody
// else from being asked. What is asked, and whether an answer will do, is for the caller to say.

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
  readonly patience?: number;
}

export class Inquiry {
  readonly #o: InquiryOptions;
  readonly #stop = new AbortController();
  #firstPeer = 0;

  constructor(options: InquiryOptions) {
    this.#o = options;
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
  async askEveryone({ what, ask, first, most, patience = PATIENCE_MS }: Round): Promise<boolean> {
    const { signal } = this.#stop;
    const over = new AbortController();
    const end = () => over.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
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
      for (const { id } of this.#peersInTurn(first).slice(0, most)) {
        const answer = answerOf(id);
        answers.push(answer);
        await Promise.race([answer, pause(patience, over.signal)]);
        if (over.signal.aborted) break;
      }
      await Promise.all(answers);
    } finally {
      signal.removeEventListener('abort', end);
    }
    signal.throwIfAborted();
    return over.signal.aborted;
  }

  /** Every peer once, each time beginning with another. */
  #peersInTurn(first: string | undefined): readonly { readonly id: string }[] {
    const peers = this.#o.peers();
    const start = peers.length === 0 ? 0 : this.#firstPeer++ % peers.length;
    const inTurn = [...peers.slice(start), ...peers.slice(0, start)];
    return [...inTurn.filter(({ id }) => id === first), ...inTurn.filter(({ id }) => id !== first)];
  }
}

/** Ends early when the signal fires. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
