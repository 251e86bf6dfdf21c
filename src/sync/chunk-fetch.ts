// Fetches the chunks of one snapshot from several peers side by side, each from another part of the state, and hands on
// those that are true. Who sends another one is not asked again; who is slow or silent is asked less.

import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { entryBytes } from '../primitives/snapshot.ts';
import { type CheckedChunk, checkChunk } from '../state/chunk.ts';
import type { PathRange } from '../state/coverage.ts';
import { SyncError } from './errors.ts';
import type { SnapshotClient } from './snapshot-client.ts';

/** Peers asked at once: what they send together is more than can be stored meanwhile. */
const MAX_FETCHERS = 4;
/** Between two requests to one peer (ms): 20 a second are within what it allows. */
const REQUEST_INTERVAL_MS = 50;
/** After an answer that did not come (ms); doubled each time in a row. */
const FAILURE_PAUSE_MS = 500;
/** A part that somebody has not sent for so long is asked of another peer as well (ms). */
const PATIENCE_MS = 2000;
/** Until the first chunk has come each peer is asked once, and again so many times in all: who is silent holds up nobody. */
const FIRST_TURNS = 3;
/** Failures in a row after which a peer is left out. */
const MAX_FAILURES = 5;

/** A peer that in so much time of waiting for it (ms) … */
const PACE_WINDOW_MS = 10_000;
/** … sends less than this is left out while others are there: chunks are true however small they are cut. */
const LEAST_BYTES_PER_SECOND = 8 * 1024;

export interface ChunkFetchOptions {
  readonly client: Pick<SnapshotClient, 'chunk'>;
  /** of the snapshot's block */
  readonly hash: Hash;
  readonly stateRoot: Hash;
  /** What is still to come; each range is covered from its beginning on. */
  readonly missing: () => readonly PathRange[];
  /** Stores a true chunk. */
  readonly add: (chunk: CheckedChunk) => Promise<void>;
  /** A peer sent what is not so. */
  readonly onLie: (peer: string, error: SyncError) => void;
  /** ms of a clock that is never set back */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/**
 * Resolves when nothing is missing any more, or no peer is left.
 * @param peers who said to have the snapshot
 * @throws what `add` throws, and the signal's reason
 */
export async function fetchChunks(peers: readonly string[], options: ChunkFetchOptions): Promise<void> {
  const over = new AbortController();
  const end = () => over.abort();
  options.signal.addEventListener('abort', end, { once: true });
  try {
    const fetch = new ChunkFetch(peers, options, over);
    // The first alone: a small state is one chunk, which nobody else need send as well.
    for (let turn = 0; turn < FIRST_TURNS * peers.length && !fetch.hasBegun && !fetch.isDone; turn++) {
      await fetch.from(peers[turn % peers.length] as string, 'one');
    }
    if (fetch.hasBegun) await fetch.fromAll([...peers]);
  } finally {
    options.signal.removeEventListener('abort', end);
  }
}

class ChunkFetch {
  readonly #o: ChunkFetchOptions;
  /** fires when nothing is missing: who has not answered by then is not waited for */
  readonly #over: AbortController;
  /** ranges being fetched and since when, by their end: that does not move */
  readonly #busy = new Map<string, number>();
  readonly #peers: readonly string[];
  readonly #out = new Set<string>();
  /** what peers have sent in how long, in the present window */
  readonly #paces = new Map<string, { readonly ms: number; readonly bytes: number }>();
  hasBegun = false;

  constructor(peers: readonly string[], options: ChunkFetchOptions, over: AbortController) {
    this.#peers = peers;
    this.#o = options;
    this.#over = over;
  }

  get isDone(): boolean {
    return this.#o.missing().length === 0;
  }

  /** Some at once; whoever is left out makes room for the next. */
  async fromAll(peers: string[]): Promise<void> {
    const lane = async () => {
      for (let peer = peers.shift(); peer !== undefined && !this.isDone; peer = peers.shift()) {
        if (!this.#out.has(peer)) await this.from(peer, 'all');
      }
    };
    const results = await Promise.allSettled(Array.from({ length: MAX_FETCHERS }, lane));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Takes chunks from a peer until there is no more for it to do, or it is left out. */
  async from(peer: string, howMany: 'one' | 'all'): Promise<void> {
    const most = howMany === 'one' ? 1 : MAX_FAILURES;
    for (let failures = 0; failures < most && !this.#out.has(peer); ) {
      const range = this.#take();
      if (range === undefined) {
        if (this.isDone) return;
        // What is left is on its way from others, who may yet fail.
        await this.#pause(REQUEST_INTERVAL_MS);
        continue;
      }
      try {
        const outcome = await this.#fetch(peer, range);
        if (outcome === 'gone' || (outcome === 'added' && howMany === 'one')) break;
        failures = outcome === 'added' ? 0 : failures + 1;
      } finally {
        this.#busy.delete(nameOf(range));
      }
      await this.#pause(failures === 0 ? REQUEST_INTERVAL_MS : FAILURE_PAUSE_MS * 2 ** failures);
    }
    if (howMany === 'all') this.#out.add(peer);
  }

  async #fetch(peer: string, { from }: PathRange): Promise<'added' | 'failed' | 'gone'> {
    const { client, hash, stateRoot, add, onLie, signal } = this.#o;
    let checked: CheckedChunk | string;
    const since = this.#o.now();
    try {
      const chunk = await client.chunk(peer, hash, from, this.#over.signal);
      if (chunk === undefined) return 'gone';
      checked = checkChunk(stateRoot, from, chunk);
      if (typeof checked === 'string') throw new SyncError('WRONG_CHUNK', checked);
    } catch (error) {
      signal.throwIfAborted();
      if (this.isDone) return 'gone';
      if (!(error instanceof SyncError)) return 'failed';
      this.#out.add(peer);
      onLie(peer, error);
      return 'gone';
    }
    const waited = this.#o.now() - since + REQUEST_INTERVAL_MS;
    await add(checked);
    this.hasBegun = true;
    if (this.isDone) this.#over.abort();
    if (this.#drips(peer, checked, waited) && this.#peers.some((one) => one !== peer && !this.#out.has(one))) {
      this.#out.add(peer);
      return 'gone';
    }
    return 'added';
  }

  /** Asked after each chunk; the rate is that of the window which this one fills. */
  #drips(peer: string, { entries }: CheckedChunk, waited: number): boolean {
    const before = this.#paces.get(peer) ?? { ms: 0, bytes: 0 };
    const ms = before.ms + waited;
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), before.bytes);
    const isFull = ms >= PACE_WINDOW_MS;
    this.#paces.set(peer, isFull ? { ms: 0, bytes: 0 } : { ms, bytes });
    return isFull && (bytes * 1000) / ms < LEAST_BYTES_PER_SECOND;
  }

  /** Ends early when nothing is missing any more. @throws the signal's reason */
  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#over.signal }).catch(() => this.#o.signal.throwIfAborted());
  }

  #take(): PathRange | undefined {
    const now = this.#o.now();
    const isFree = (range: PathRange) =>
      (this.#busy.get(nameOf(range)) ?? Number.NEGATIVE_INFINITY) + PATIENCE_MS <= now;
    const ranges = this.#o.missing();
    const range = ranges.find((one) => !this.#busy.has(nameOf(one))) ?? ranges.find(isFree);
    if (range !== undefined) this.#busy.set(nameOf(range), now);
    return range;
  }
}

function nameOf({ to }: PathRange): string {
  return to === null ? 'the end' : toHex(to);
}
