// One question to one peer for a range of blocks, and its answer as far as that can be judged by itself, within a limit of
// time.

import type { Block } from '../primitives/block.ts';
import type { BlocksRequest } from '../primitives/wire.ts';
import { type ReceivedBlock, receivedBlocks } from './received.ts';

/** A range of full blocks on a slow line; what this node does with other blocks meanwhile does not count. */
const TIMEOUT_MS = 30_000;

export interface RangeRequestOptions {
  readonly requestBlocks: (peer: string, request: BlocksRequest, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  readonly bodyMatches: (block: Block) => boolean;
  /** ms that peers have had to answer: a clock that stands still while this node is busy */
  readonly clock: () => number;
}

export interface RangeQuestion {
  readonly peer: string;
  /** height of the first block */
  readonly from: number;
  readonly count: number;
  /** height of the last block that the peer says to have */
  readonly newest: number;
}

export class RangeRequest {
  readonly peer: string;
  readonly from: number;
  /** height of the last block that was asked for and is there, as the peer says */
  readonly to: number;
  readonly #o: RangeRequestOptions;
  readonly #count: number;
  readonly #controller = new AbortController();
  #next: number;
  #heardAt: number;
  #isCancelled = false;

  constructor(options: RangeRequestOptions, { peer, from, count, newest }: RangeQuestion) {
    this.peer = peer;
    this.from = from;
    this.to = Math.min(from + count - 1, newest);
    this.#o = options;
    this.#count = count;
    this.#next = from;
    this.#heardAt = options.clock();
  }

  /** Height of the block that the peer sends next. */
  get next(): number {
    return this.#next;
  }

  /** When its last block came, or it was asked, by the clock of the options. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Its answer is not wanted any more, and its end says nothing about the peer. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  isAbout(height: number): boolean {
    return this.#next <= height && height <= this.to;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#controller.abort();
  }

  /**
   * Ends early where the peer has no more, or its answer is full.
   * @param take is given the blocks as they come; `next` is past each when it returns, so that none is missed in between
   * @throws {SyncError} as receivedBlocks; {Error} when it fails, takes too long or is cancelled
   */
  async run(take: (block: ReceivedBlock) => void): Promise<void> {
    const { requestBlocks, bodyMatches, clock } = this.#o;
    const { peer, from } = this;
    const { signal } = this.#controller;
    const release = this.#limit();
    try {
      const answer = requestBlocks(peer, { selector: 0, value: { from, count: this.#count } }, signal);
      for await (const block of receivedBlocks(answer, { peer, from, bodyMatches })) {
        signal.throwIfAborted();
        take(block);
        this.#next += 1;
        this.#heardAt = clock();
        if (this.#next === from + this.#count) break;
      }
      signal.throwIfAborted();
    } finally {
      release();
    }
  }

  /** Ends it when it takes too long. @returns what releases the timer */
  #limit(): () => void {
    const { clock } = this.#o;
    const end = clock() + TIMEOUT_MS;
    const look = () => {
      const left = end - clock();
      if (left > 0) timer = setTimeout(look, left);
      else this.#controller.abort(new Error(`no whole answer in ${TIMEOUT_MS} ms`));
    };
    let timer = setTimeout(look, TIMEOUT_MS);
    return () => clearTimeout(timer);
  }
}
