// Fetches the chunks of one snapshot from several peers side by side, each from another part of the state, and hands on
// those that are true. Who sends another one is not asked again; who is silent or the slowest makes room for the next.

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
/** After an answer that did not come (ms). */
const FAILURE_PAUSE_MS = 500;
/** A part that somebody has not sent for so long is asked of another peer as well (ms). */
const PATIENCE_MS = 2000;
/** Failures in a row after which a peer is left out. */
const MAX_FAILURES = 3;
/** After so much time of waiting for a peer (ms) it goes to the end of the queue if nobody who is asked is slower. */
const TURN_MS = 10_000;

export interface ChunkFetchOptions {
  readonly client: Pick<SnapshotClient, 'chunk'>;
  /** of the snapshot's block */
  readonly hash: Hash;
  readonly stateRoot: Hash;
  /** What is still to come; each range is covered from its beginning on. */
  readonly missing: () => readonly PathRange[];
  /** Stores a true chunk. */
  readonly add: (chunk: CheckedChunk, peer: string) => Promise<void>;
  /** A peer did not answer, or with what is not so, which is a SyncError. */
  readonly onFailure: (peer: string, error: unknown) => void;
  /** ms of a clock that is never set back */
  readonly now: () => number;
  /** when nothing more is asked for, ms of `now` */
  readonly until: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves when nothing is missing any more, its time is up, or no peer is left.
 * @param peers who say to have the snapshot, in the order in which to ask them
 * @throws what `add` and `onFailure` throw, and the signal's reason
 */
export async function fetchChunks(peers: readonly string[], options: ChunkFetchOptions): Promise<void> {
  options.signal.throwIfAborted();
  const over = new AbortController();
  const end = () => over.abort();
  options.signal.addEventListener('abort', end, { once: true });
  try {
    const fetch = new ChunkFetch(peers, options, over);
    const lanes = Array.from({ length: MAX_FETCHERS }, () => fetch.lane());
    for (const lane of lanes) lane.catch(end);
    const results = await Promise.allSettled(lanes);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  } finally {
    options.signal.removeEventListener('abort', end);
  }
}

class ChunkFetch {
  readonly #o: ChunkFetchOptions;
  /** fires when nothing is missing, or a lane fails: who has not answered by then is not waited for */
  readonly #over: AbortController;
  /** who waits for a lane */
  readonly #queue: string[];
  /** ranges being fetched and since when, by their end: that does not move */
  readonly #busy = new Map<string, number>();
  /** failures in a row */
  readonly #failures = new Map<string, number>();
  /** of those who are asked: bytes a ms in their last turn, unknown in the first */
  readonly #rates = new Map<string, number>();

  constructor(peers: readonly string[], options: ChunkFetchOptions, over: AbortController) {
    this.#queue = [...peers];
    this.#o = options;
    this.#over = over;
  }

  /** Asks one peer after the other, until nobody waits any more. */
  async lane(): Promise<void> {
    for (let peer = this.#queue.shift(); peer !== undefined; peer = this.#queue.shift()) {
      this.#rates.set(peer, Number.POSITIVE_INFINITY);
      const outcome = await this.#from(peer);
      this.#rates.delete(peer);
      if (outcome === 'later') this.#queue.push(peer);
      if (this.#isOver) return;
    }
  }

  get #isDone(): boolean {
    return this.#o.missing().length === 0;
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted || this.#isDone || this.#o.now() >= this.#o.until;
  }

  /** Takes chunks from a peer until there is no more to do, it fails, or it is somebody else's turn. */
  async #from(peer: string): Promise<'later' | 'never'> {
    const { add, now } = this.#o;
    for (let ms = 0, bytes = 0; !this.#isOver; ) {
      const range = this.#take();
      if (range === undefined) {
        // What is left is on its way from others, who may yet fail.
        await this.#pause(REQUEST_INTERVAL_MS);
        continue;
      }
      try {
        const since = now();
        const chunk = await this.#fetch(peer, range);
        if (typeof chunk === 'string') return chunk;
        ms += now() - since + REQUEST_INTERVAL_MS;
        bytes += chunk.entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
        await add(chunk, peer);
      } finally {
        this.#busy.delete(nameOf(range));
      }
      if (this.#isDone) this.#over.abort();
      if (ms >= TURN_MS) {
        this.#rates.set(peer, bytes / ms);
        if (this.#isSlowest(bytes / ms)) return 'later';
        ms = 0;
        bytes = 0;
      }
      await this.#pause(REQUEST_INTERVAL_MS);
    }
    return 'never';
  }

  async #fetch(peer: string, { from }: PathRange): Promise<CheckedChunk | 'later' | 'never'> {
    const { client, hash, stateRoot, signal, onFailure } = this.#o;
    try {
      const chunk = await client.chunk(peer, hash, from, this.#over.signal);
      if (chunk === undefined) throw new Error('it has the snapshot no more');
      const checked = checkChunk(stateRoot, from, chunk);
      if (typeof checked === 'string') throw new SyncError('WRONG_CHUNK', checked);
      this.#failures.delete(peer);
      return checked;
    } catch (error) {
      signal.throwIfAborted();
      if (this.#over.signal.aborted) return 'never';
      onFailure(peer, error);
      const failures = (this.#failures.get(peer) ?? 0) + 1;
      this.#failures.set(peer, failures);
      if (error instanceof SyncError || failures === MAX_FAILURES) return 'never';
    }
    await this.#pause(FAILURE_PAUSE_MS);
    return 'later';
  }

  #isSlowest(rate: number): boolean {
    return this.#queue.length > 0 && [...this.#rates.values()].every((other) => other >= rate);
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
