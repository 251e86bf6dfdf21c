// When a node that is far behind takes the state of a recent epoch in place of the blocks in between. It looks for one
// beside whatever else is done, and blocks wait only while true parts of the state come in: what peers merely say holds up
// nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import type { SnapshotProgress } from './snapshot-meter.ts';
import { SnapshotPeers } from './snapshot-peers.ts';
import { SnapshotTaking, type SnapshotTakingOptions } from './snapshot-taking.ts';
import type { Trust } from './trust.ts';

/**
 * `blocks`: never. `snapshot`: a new node always, another one that is some thousand blocks behind. `auto`: when fetching
 * and executing the blocks would take hours, for what it costs is their history; or when nobody has them any more.
 */
export type SyncMode = 'auto' | 'blocks' | 'snapshot';

/** `no blocks`: every peer ahead was asked for the next block and has none. */
export type SnapshotReason = 'distance' | 'no blocks';

const FAR_BEHIND: Readonly<Record<SyncMode, number>> = {
  auto: 100_000,
  blocks: Number.POSITIVE_INFINITY,
  snapshot: 1000,
};
/**
 * How far behind a node without any block but genesis must be, where it is told to take a snapshot, and one for which
 * nobody has blocks.
 */
const LEAST_BEHIND = 16;
/** Blocks wait so long (ms) for the next part of a snapshot at the most. A part … */
const PATIENCE_MS = 15_000;
/** … counts for as long as it takes to come at this rate: state that only drips in does not stop the blocks. */
const LEAST_BYTES_PER_SECOND = 8 * 1024;
/**
 * For the first part they wait only where the operator wants a new node to begin from a snapshot, or nobody has blocks;
 * so long (ms) they do not after that was in vain.
 */
const GIVEN_UP_MS = 5 * 60_000;
/** While a part is waited for (ms). */
const LOOK_INTERVAL_MS = 250;
/** Peers are asked again after this (ms), doubled each time in a row that nothing comes of it … */
const FIRST_PAUSE_MS = 1000;
/** … up to this. */
const LONGEST_PAUSE_MS = 60_000;

export interface SnapshotSyncOptions extends Omit<SnapshotTakingOptions, 'peers' | 'least' | 'onPart'> {
  readonly mode: SyncMode;
  readonly trust: Pick<Trust, 'refusal' | 'start'>;
}

export class SnapshotSync {
  readonly #o: SnapshotSyncOptions;
  readonly #peers: SnapshotPeers;
  readonly #taking: SnapshotTaking;
  #reason: () => SnapshotReason = () => 'distance';
  #over = new AbortController();
  #search: Promise<void> | undefined;
  #failure: unknown;
  /** The next part is waited for until then, and so is the first one where it is waited for (ms of `now`). */
  #comingUntil = Number.NEGATIVE_INFINITY;
  #wantedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: SnapshotSyncOptions) {
    this.#o = options;
    this.#peers = new SnapshotPeers(options);
    this.#taking = new SnapshotTaking({
      ...options,
      peers: this.#peers,
      least: () => options.chain.head.height + this.#leastBehind,
      onPart: (bytes) => this.#onPart(bytes),
    });
  }

  /** undefined while no snapshot is coming in */
  get progress(): SnapshotProgress | undefined {
    return this.isComing ? this.#taking.progress : undefined;
  }

  /** Whether one is coming in, so that it is a waste to fetch blocks. */
  get isComing(): boolean {
    const until = Math.max(this.#comingUntil, this.#isWanted ? this.#wantedUntil : Number.NEGATIVE_INFINITY);
    return this.#search !== undefined && this.#o.now() < until;
  }

  /**
   * Begins to look for a snapshot if that is worth while; the search goes on until `rest`. Ends at once while none is
   * coming in, else when the chain has gone on from it or it comes no more.
   * @param reason at the moment when it is asked
   * @throws {StoreError} when it can't be written; the signal's reason
   */
  async run(signal: AbortSignal, reason: () => SnapshotReason): Promise<void> {
    const { now, trust } = this.#o;
    this.#reason = reason;
    if (this.#search === undefined && this.#isDue && trust.refusal() === undefined) this.#begin();
    if (this.#isWanted && now() >= this.#wantedUntil + GIVEN_UP_MS) this.#wantedUntil = now() + PATIENCE_MS;
    while (this.isComing) {
      await Promise.race([this.#search, sleep(LOOK_INTERVAL_MS, undefined, { signal })]);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends the search; what was fetched stays for the next one. @throws {StoreError} as `run` */
  async rest(): Promise<void> {
    this.#over.abort();
    await this.#search;
    if (this.#failure !== undefined) throw this.#failure;
  }

  get #leastBehind(): number {
    return this.#isWanted ? LEAST_BEHIND : FAR_BEHIND[this.#o.mode];
  }

  /** However near it is. */
  get #isWanted(): boolean {
    const { mode, chain } = this.#o;
    return (mode === 'snapshot' && chain.head.height === 0) || (mode !== 'blocks' && this.#reason() === 'no blocks');
  }

  /** As peers say; that makes it worth a look, no more. */
  get #isDue(): boolean {
    return this.#peers.height - this.#o.chain.head.height >= this.#leastBehind;
  }

  #begin(): void {
    const over = new AbortController();
    this.#over = over;
    this.#peers.forgive();
    // What came in belonged to the one before.
    this.#comingUntil = Number.NEGATIVE_INFINITY;
    this.#search = this.#look(over.signal)
      .catch((error: unknown) => {
        if (!over.signal.aborted) this.#failure = error;
      })
      .finally(() => {
        this.#search = undefined;
      });
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { now, logger } = this.#o;
    let pause = FIRST_PAUSE_MS;
    do {
      const coming = this.#comingUntil;
      if (await this.#taking.attempt(signal)) return;
      pause = this.#comingUntil > coming ? FIRST_PAUSE_MS : Math.min(2 * pause, LONGEST_PAUSE_MS);
      if (now() >= this.#comingUntil)
        logger.info({ seconds: pause / 1000 }, 'no peer has a snapshot of use: looking again later');
      await sleep(pause, undefined, { signal });
    } while (this.#isDue);
  }

  #onPart(bytes: number): void {
    const now = this.#o.now();
    const milliseconds = (bytes * 1000) / LEAST_BYTES_PER_SECOND;
    this.#comingUntil = Math.min(Math.max(this.#comingUntil, now) + milliseconds, now + PATIENCE_MS);
  }
}
