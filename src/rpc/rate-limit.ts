// Token buckets by key, as many as memory allows for, and the key under which a client address is counted.

import { type Rate, TokenBucket } from '../primitives/token-bucket.ts';

/** Buckets kept: at most about 10 MB. The one used least recently is forgotten, and would start again full. */
const MAX_BUCKETS = 50_000;

export class RateLimiter {
  readonly #rate: Rate;
  readonly #now: () => number;
  /** In the order of use; grows only with the clients there are. */
  readonly #buckets = new Map<string, TokenBucket>();

  /** @param now milliseconds that never run backwards. */
  constructor(rate: Rate, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#now = now;
  }

  /**
   * Takes `cost` tokens, all or none.
   * @returns 0 when they were there, else the seconds (whole, at least 1) after which they will be.
   */
  take(key: string, cost = 1): number {
    const now = this.#now();
    const bucket = this.#touch(key) ?? new TokenBucket(this.#rate, now);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MAX_BUCKETS) this.#forgetOldest();
    const lacking = cost - bucket.available(now);
    if (lacking > 0) return Math.max(1, Math.ceil(lacking / this.#rate.perSecond));
    bucket.take(cost, now);
    return 0;
  }

  /** Takes the bucket out, so that putting it back makes it the newest. */
  #touch(key: string): TokenBucket | undefined {
    const bucket = this.#buckets.get(key);
    if (bucket !== undefined) this.#buckets.delete(key);
    return bucket;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

export function isLoopback(ip: string): boolean {
  return ip === '::1' || /^(?:::ffff:)?127\./.test(ip);
}

/** Whoever has an IPv6 address has the other 2^64 of its network too: they count as one client. */
export function clientKey(ip: string): string {
  if (!ip.includes(':')) return ip;
  if (ip.startsWith('::ffff:') && ip.includes('.')) return ip.slice('::ffff:'.length);
  const [front = '', back] = ip.split('::', 2);
  const groups = front === '' ? [] : front.split(':');
  if (back !== undefined) {
    const behind = back === '' ? 0 : back.split(':').length;
    while (groups.length + behind < 8) groups.push('0');
  }
  return groups.slice(0, 4).join(':');
}
