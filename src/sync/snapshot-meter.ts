// How far a snapshot has come in and how fast, for the log and for whoever asks.

import type { Logger } from '../telemetry/logger.ts';

/** Progress is logged every so often (ms), and the rate is that of the last time. */
const INTERVAL_MS = 5000;

export interface SnapshotProgress {
  /** of the snapshot's block */
  readonly height: number;
  readonly bytes: number;
  /** as peers say */
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
}

export interface SnapshotMeterOptions {
  readonly height: number;
  /** that are there */
  readonly bytes: number;
  readonly totalBytes: number;
  /** ms of a clock that is never set back */
  readonly now: () => number;
  readonly logger: Logger;
}

export class SnapshotMeter {
  readonly #o: SnapshotMeterOptions;
  /** where it was when the rate was measured anew */
  #mark: { readonly at: number; readonly bytes: number };
  #progress: SnapshotProgress;

  constructor(options: SnapshotMeterOptions) {
    const { height, bytes, totalBytes, now } = options;
    this.#o = options;
    this.#mark = { at: now(), bytes };
    this.#progress = { height, bytes, totalBytes, bytesPerSecond: 0 };
  }

  get progress(): SnapshotProgress {
    return this.#progress;
  }

  /** @param bytes that are there now */
  measure(bytes: number): void {
    const { now, logger } = this.#o;
    const { totalBytes } = this.#progress;
    const bytesPerSecond = ((bytes - this.#mark.bytes) * 1000) / Math.max(now() - this.#mark.at, 1);
    this.#progress = { ...this.#progress, bytes, bytesPerSecond };
    if (now() - this.#mark.at < INTERVAL_MS) return;
    this.#mark = { at: now(), bytes };
    const etaSeconds = Math.ceil(Math.max(0, totalBytes - bytes) / Math.max(bytesPerSecond, 1));
    logger.info({ ...this.#progress, bytesPerSecond: Math.round(bytesPerSecond), etaSeconds }, 'snapshot');
  }
}
