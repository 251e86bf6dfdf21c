// When a node that is far behind takes the state of a recent epoch in place of the blocks in between. It looks for one
// beside the blocks, for as long as one would be of use, and blocks wait only while true parts of the state come in: what
// peers merely say holds up nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import { LEAST_BYTES_PER_SECOND } from '../network/silence.ts';
import type { SnapshotProgress } from './snapshot-meter.ts';
import { SnapshotPeers } from './snapshot-peers.ts';
import { SnapshotTaking, type SnapshotTakingOptions } from './snapshot-taking.ts';
import type { Trust } from './trust.ts';

/**
 * `blocks`: never. `snapshot`: a new node always, another one that is some thousand blocks behind. `auto`: when fetching
 * and executing the blocks would take hours, for what it costs is their history; or when nobody has them any more.
 */
export type SyncMode = 'auto' | 'blocks' | 'snapshot';

/** `no blocks`: no peer ahead has the next block, as far as that can be told. */
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
/**
 * Blocks wait so long (ms) for the next part of a snapshot at the most; for the first part only where the operator wants
 * a new node to begin from one, and that once. A part counts for as long as it takes to come at LEAST_BYTES_PER_SECOND:
 * state that only drips in does not stop the blocks.
 */
const PATIENCE_MS = 15_000;
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
  #isLooking = false;
  /** The next part is waited for until then … */
  #comingUntil = Number.NEGATIVE_INFINITY;
  /** … and the first one until then, where it is waited for (ms of `now`). */
  #expectedUntil: number | undefined;

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
    const now = this.#o.now();
    const isExpected = this.#isToBegin && this.#expectedUntil !== undefined && now < this.#expectedUntil;
    return this.#isLooking && (isExpected || now < this.#comingUntil);
  }

  /**
   * Looks for a snapshot, as long as that is worth while, and takes it in; one call at a time. Where nobody has one it
   * asks again ever more rarely.
   * @param reason at the moment when it is asked
   * @returns whether the chain has come further; false at once where it is not worth while
   * @throws {StoreError} when it can't be written; the signal's reason, after which what was fetched stays for the next time
   */
  async run(signal: AbortSignal, reason: () => SnapshotReason): Promise<boolean> {
    this.#reason = reason;
    if (!this.#isDue) return false;
    this.#isLooking = true;
    this.#peers.forgive();
    // What came in belonged to the one before.
    this.#comingUntil = Number.NEGATIVE_INFINITY;
    this.#expectedUntil ??= this.#o.now() + PATIENCE_MS;
    try {
      return await this.#look(signal);
    } finally {
      this.#isLooking = false;
    }
  }

  /** The operator wants it instead of all blocks. */
  get #isToBegin(): boolean {
    const { mode, chain } = this.#o;
    return mode === 'snapshot' && chain.head.height === 0;
  }

  get #leastBehind(): number {
    const { mode } = this.#o;
    const isOnlyWay = mode !== 'blocks' && this.#reason() === 'no blocks';
    return isOnlyWay || this.#isToBegin ? LEAST_BEHIND : FAR_BEHIND[mode];
  }

  /** As peers say; that makes it worth a look, no more. */
  get #isDue(): boolean {
    const { trust, chain } = this.#o;
    return this.#peers.height - chain.head.height >= this.#leastBehind && trust.refusal() === undefined;
  }

  async #look(signal: AbortSignal): Promise<boolean> {
    const { now, logger } = this.#o;
    for (let pause = FIRST_PAUSE_MS; this.#isDue; ) {
      const coming = this.#comingUntil;
      if (await this.#taking.attempt(signal)) return true;
      const last = pause;
      pause = this.#comingUntil > coming ? FIRST_PAUSE_MS : Math.min(2 * pause, LONGEST_PAUSE_MS);
      if (pause !== last && now() >= this.#comingUntil)
        logger.info({ seconds: pause / 1000 }, 'no peer has a snapshot of use: looking again later');
      await sleep(pause, undefined, { signal });
    }
    return false;
  }

  #onPart(bytes: number): void {
    const now = this.#o.now();
    const milliseconds = (bytes * 1000) / LEAST_BYTES_PER_SECOND;
    this.#comingUntil = Math.min(Math.max(this.#comingUntil, now) + milliseconds, now + PATIENCE_MS);
  }
}
