// How fast the chain comes on: what the ETA is made of.

/** The rate is measured over the last one or two of these (ms). */
const RATE_WINDOW_MS = 10_000;

interface Mark {
  /** ms of `now` */
  readonly at: number;
  readonly height: number;
}

export class SyncRate {
  readonly #now: () => number;
  /** where the chain was when the present window began, and the one before it */
  #marks: readonly [before: Mark, present: Mark];
  #blocksPerSecond = 0;

  /** @param now ms of a clock that is never set back */
  constructor(now: () => number) {
    this.#now = now;
    const mark = { at: now(), height: 0 };
    this.#marks = [mark, mark];
  }

  get blocksPerSecond(): number {
    return this.#blocksPerSecond;
  }

  begin(height: number): void {
    const mark = { at: this.#now(), height };
    this.#marks = [mark, mark];
    this.#blocksPerSecond = 0;
  }

  measure(height: number): void {
    const [before, present] = this.#marks;
    const now = { at: this.#now(), height };
    this.#blocksPerSecond = ((now.height - before.height) * 1000) / Math.max(now.at - before.at, 1);
    if (now.at - present.at >= RATE_WINDOW_MS) this.#marks = [present, now];
  }
}
