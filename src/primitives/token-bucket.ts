// Token buckets: what may be had at once, and what comes back with time. Nothing here knows a clock.

/** `burst` at once, then `perSecond`. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Full at first. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filledAt: number;

  /** @param now milliseconds of any clock; that it is set back gives nothing, and costs nothing */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAt = now;
  }

  available(now: number): number {
    const { burst, perSecond } = this.#rate;
    const elapsed = Math.max(0, now - this.#filledAt);
    this.#tokens = Math.min(burst, this.#tokens + (elapsed * perSecond) / 1000);
    this.#filledAt = now;
    return this.#tokens;
  }

  /** May go below zero, for who knows only afterwards how much it was. */
  take(tokens: number, now: number): void {
    this.#tokens = this.available(now) - tokens;
  }
}
