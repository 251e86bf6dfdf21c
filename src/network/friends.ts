// Behind which IP addresses the configured peers are. A connection says whose it is only when it stands; by its address
// alone a friend can be let in where strangers wait.

import type { Multiaddr } from '@multiformats/multiaddr';
import { LRUCache } from 'lru-cache';
import { hostOf } from './addresses.ts';
import { ipKey } from './ip.ts';
import type { Lookup } from './names.ts';

export interface FriendsContext {
  /** of the configured peers, as they are now; of relayed ones the relay's place counts */
  readonly addresses: () => readonly Multiaddr[];
  readonly lookup: Lookup;
}

/** A host that moves keeps its name, and the record of it is seldom older. */
const REFRESH_MS = 60_000;
/** Of one name. */
const MAX_ADDRESSES = 8;
/** Places in which configured peers were met that they are not named with. */
const MAX_MET = 256;

export class Friends {
  readonly #c: FriendsContext;
  /** by the host that an address names; what was found last, while a name can not be looked up */
  #named = new Map<string, readonly string[]>();
  #ips: ReadonlySet<string> = new Set();
  readonly #met = new LRUCache<string, true>({ max: MAX_MET });
  #timer: NodeJS.Timeout | undefined;

  constructor(context: FriendsContext) {
    this.#c = context;
  }

  start(): void {
    void this.refresh();
    this.#timer = setInterval(() => void this.refresh(), REFRESH_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** @param ip as `ipKey` gives it */
  has(ip: string): boolean {
    return this.#ips.has(ip) || this.#met.has(ip);
  }

  /** A configured peer was here: behind an address translation it comes from elsewhere than it listens. */
  met(ip: string): void {
    this.#met.set(ip, true);
  }

  /** Never rejects: a name that leads nowhere now may do so later. */
  async refresh(): Promise<void> {
    const hosts = new Set(this.#c.addresses().flatMap((address) => hostOf(address) ?? []));
    const found = [...hosts].map(async (host) => [host, await this.#find(host)] as const);
    this.#named = new Map(await Promise.all(found));
    this.#ips = new Set([...this.#named.values()].flat());
  }

  async #find(host: string): Promise<readonly string[]> {
    const ip = ipKey(host);
    if (ip !== undefined) return [ip];
    const answers = await Promise.allSettled([this.#c.lookup(host, 4), this.#c.lookup(host, 6)]);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length === 0) return this.#named.get(host) ?? [];
    return found.slice(0, MAX_ADDRESSES).flatMap((address) => ipKey(address) ?? []);
  }
}
