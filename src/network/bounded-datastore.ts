// Where libp2p remembers peers: in memory and bounded, since strangers tell of as many as they like. Its own store would
// keep them all, and every record that a stranger asks the DHT to keep.

import { NotFoundError } from '@libp2p/interface';
import type { createLibp2p } from 'libp2p';

type Datastore = NonNullable<NonNullable<Parameters<typeof createLibp2p>[0]>['datastore']>;
type Key = Parameters<Datastore['put']>[0];
type Pair = ReturnType<Datastore['query']> extends AsyncGenerator<infer T> | Generator<infer T> ? T : never;

/** Peers with their addresses: twice as many as are ever connected. */
const MAX_ENTRIES = 2_048;
/** Its identify message has 8 KiB at most; what grows past this is made of addresses that lead nowhere. */
const MAX_VALUE_BYTES = 16 * 1024;
/** Left over when it is full, so that making room is rare. */
const KEPT_ENTRIES = (MAX_ENTRIES * 7) / 8;
const PEERS = '/peers/';

export class BoundedDatastore implements Datastore {
  readonly #pairs = new Map<string, Pair>();
  readonly #kept: () => ReadonlySet<string>;

  /** @param kept text forms of the CIDs of the peers that must not be forgotten now */
  constructor(kept: () => ReadonlySet<string>) {
    this.#kept = kept;
  }

  has(key: Key): boolean {
    return this.#pairs.has(key.toString());
  }

  get(key: Key): Uint8Array {
    const pair = this.#pairs.get(key.toString());
    if (pair === undefined) throw new NotFoundError(`nothing under ${key.toString()}`);
    return pair.value;
  }

  /** What is no peer, or too large, is not kept. */
  put(key: Key, value: Uint8Array): Key {
    const name = key.toString();
    if (!name.startsWith(PEERS) || value.length > MAX_VALUE_BYTES) return key;
    this.#pairs.delete(name);
    this.#pairs.set(name, { key, value });
    if (this.#pairs.size > MAX_ENTRIES) this.#makeRoom();
    return key;
  }

  delete(key: Key): void {
    this.#pairs.delete(key.toString());
  }

  async *putMany(source: Iterable<Pair> | AsyncIterable<Pair>): AsyncGenerator<Key> {
    for await (const { key, value } of source) yield this.put(key, value);
  }

  async *getMany(source: Iterable<Key> | AsyncIterable<Key>): AsyncGenerator<Pair> {
    for await (const key of source) yield { key, value: this.get(key) };
  }

  async *deleteMany(source: Iterable<Key> | AsyncIterable<Key>): AsyncGenerator<Key> {
    for await (const key of source) {
      this.delete(key);
      yield key;
    }
  }

  batch(): ReturnType<Datastore['batch']> {
    const steps: (() => void)[] = [];
    return {
      put: (key, value) => void steps.push(() => this.put(key, value)),
      delete: (key) => void steps.push(() => this.delete(key)),
      commit: () => {
        for (const step of steps.splice(0)) step();
      },
    };
  }

  *query({ prefix = '', filters = [], orders = [], limit, offset = 0 }: Parameters<Datastore['query']>[0]) {
    yield* [...this.#pairs.values()]
      .filter((pair) => pair.key.toString().startsWith(prefix) && filters.every((filter) => filter(pair)))
      .sort((a, b) => first(orders, a, b))
      .slice(offset, limit === undefined ? undefined : offset + limit);
  }

  *queryKeys({ prefix = '', filters = [], orders = [], limit, offset = 0 }: Parameters<Datastore['queryKeys']>[0]) {
    yield* [...this.#pairs.values()]
      .map(({ key }) => key)
      .filter((key) => key.toString().startsWith(prefix) && filters.every((filter) => filter(key)))
      .sort((a, b) => first(orders, a, b))
      .slice(offset, limit === undefined ? undefined : offset + limit);
  }

  /** Those that were written longest ago go, but none that libp2p still needs to say who has disconnected. */
  #makeRoom(): void {
    const kept = this.#kept();
    for (const name of this.#pairs.keys()) {
      if (this.#pairs.size <= KEPT_ENTRIES) return;
      if (!kept.has(name.slice(PEERS.length))) this.#pairs.delete(name);
    }
  }
}

function first<T>(orders: readonly ((a: T, b: T) => number)[], a: T, b: T): number {
  for (const order of orders) {
    const sign = order(a, b);
    if (sign !== 0) return sign;
  }
  return 0;
}
