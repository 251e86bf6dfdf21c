// Brings a node that was away back to the head of its peers, by blocks or by a snapshot, until consensus can go on from
// there: when to begin, when nothing more is to be had, and what to tell people meanwhile.

import { setTimeout as sleep } from 'node:timers/promises';
import { asError } from '../primitives/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { BlockSync, type BlockSyncDependencies } from './block-sync.ts';
import type { SnapshotProgress } from './snapshot-meter.ts';
import type { SnapshotReason } from './snapshot-sync.ts';
import { Sources, type SyncPeer } from './sources.ts';
import { SyncRate } from './sync-rate.ts';
import type { Trust } from './trust.ts';

/** A peer this far ahead is asked for ranges, whatever consensus knows of it. */
export const CATCH_UP_DISTANCE = 16;
/** Between two lines in the log that say how far it has come (ms). */
const PROGRESS_INTERVAL_MS = 5000;
/** While a snapshot comes in (ms). */
const LOOK_INTERVAL_MS = 250;
/** That nothing can be trusted is logged every so often (ms). */
const REFUSAL_INTERVAL_MS = 5 * 60_000;

export interface CatchUpOptions extends BlockSyncDependencies {
  readonly network: BlockSyncDependencies['network'] & { peers(): readonly SyncPeer[] };
  readonly trust: Pick<Trust, 'checkpoint' | 'refusal' | 'doubt'>;
  /** Comes further by a snapshot where that is worth while: looks for one beside the blocks, and when there are none. */
  readonly snapshot?: {
    readonly progress: SnapshotProgress | undefined;
    /** No blocks are asked for meanwhile. */
    readonly isComing: boolean;
    /** @returns whether the chain has come further */
    run(signal: AbortSignal, reason: () => SnapshotReason): Promise<boolean>;
  };
  /** A block that a valid Final vouches for does not execute, or can't be stored: the node must not go on. */
  readonly onFatal: (error: Error) => void;
  readonly logger: Logger;
}

export interface CatchUpStatus {
  readonly target: number;
  readonly syncing: boolean;
  /** why blocks that are there are not fetched, for the operator */
  readonly refusal: string | undefined;
  readonly blocksPerSecond: number;
  /** while one is being fetched */
  readonly snapshot: SnapshotProgress | undefined;
}

export class CatchUp {
  readonly #o: CatchUpOptions;
  readonly #stop = new AbortController();
  readonly #sources: Sources;
  readonly #rate: SyncRate;
  readonly #blocks: BlockSync;
  #running: Promise<void> | undefined;
  /** for a snapshot; it outlives the run in which it began */
  #search: Promise<void> | undefined;
  /** height of the head from which it has come by blocks */
  #start = 0;
  #refusal: string | undefined;
  #refusedAt = Number.NEGATIVE_INFINITY;
  /** the head above which nobody had a block, when that was said */
  #goneAt: number | undefined;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: CatchUpOptions) {
    const { network, now } = options;
    this.#o = options;
    this.#sources = new Sources({ peers: () => network.peers(), now });
    this.#rate = new SyncRate(now);
    this.#blocks = new BlockSync({
      ...options,
      sources: this.#sources,
      isSuspended: () => options.snapshot?.isComing ?? false,
      trusts: () => this.#trusts(),
      onApplied: () => this.#measure(),
      onFailed: (error) => this.#fail(error),
      signal: this.#stop.signal,
    });
  }

  get status(): CatchUpStatus {
    const { chain, trust, snapshot } = this.#o;
    return {
      target: Math.max(chain.head.header.height, ...this.#sources.usable().map((peer) => peer.height)),
      syncing: this.#running !== undefined,
      refusal: this.#refusal && trust.refusal(),
      blocksPerSecond: this.#rate.blocksPerSecond,
      snapshot: snapshot?.progress,
    };
  }

  /** Looks whether a peer is far ahead, and if so begins to catch up. Called with every news from a peer. */
  consider(): void {
    const { chain, trust } = this.#o;
    const { height } = chain.head.header;
    // What consensus does not take in comes from here, however little it is.
    const distance = trust.doubt() === undefined ? CATCH_UP_DISTANCE : 1;
    this.#trusts();
    this.#look();
    if (this.#sources.usable().some((peer) => peer.height >= height + distance)) this.begin();
  }

  /** Consensus has learnt that it is behind. */
  begin(): void {
    if (this.#running !== undefined || this.#stop.signal.aborted) return;
    this.#running = this.#comeFurther()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#running = undefined;
      });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#running, this.#search]);
  }

  #fail(error: unknown): void {
    this.#o.onFatal(asError(error));
    this.#stop.abort();
  }

  async #comeFurther(): Promise<void> {
    const { logger, chain } = this.#o;
    const { signal } = this.#stop;
    this.#startHere();
    while (!signal.aborted) {
      this.#look();
      await this.#whileComing();
      const { height } = chain.head.header;
      if (signal.aborted || this.#sources.serving(height).length === 0 || !this.#trusts()) break;
      this.#sources.wanted(height);
      await this.#blocks.run();
    }
    const { height } = chain.head.header;
    this.#sources.rest(height);
    this.#warnIfGone();
    if (height > this.#start) logger.info({ height, blocks: height - this.#start }, 'caught up');
  }

  /** Looks for a snapshot, unless it does so already: whichever comes first leads on, blocks or that. */
  #look(): void {
    const { snapshot } = this.#o;
    if (snapshot === undefined || this.#search !== undefined || this.#stop.signal.aborted) return;
    this.#search = this.#takeSnapshot(snapshot);
  }

  async #takeSnapshot(snapshot: NonNullable<CatchUpOptions['snapshot']>): Promise<void> {
    const { chain } = this.#o;
    const { signal } = this.#stop;
    const reason = () => (this.#sources.areGone(chain.head.header.height) ? 'no blocks' : 'distance');
    let isTaken = false;
    try {
      isTaken = await snapshot.run(signal, reason);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
    this.#search = undefined;
    if (!isTaken) return;
    this.#startHere();
    this.#sources.restored();
    this.#blocks.interrupt();
    this.begin();
  }

  async #whileComing(): Promise<void> {
    const { signal } = this.#stop;
    while (this.#o.snapshot?.isComing && !signal.aborted) {
      await sleep(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #startHere(): void {
    this.#start = this.#o.chain.head.header.height;
    this.#rate.begin(this.#start);
  }

  /** Whether the members who signed what comes next can be believed; else the operator is told what to do. */
  #trusts(): boolean {
    const { trust, now, logger } = this.#o;
    const before = this.#refusal;
    this.#refusal = trust.refusal();
    if (this.#refusal === undefined) return true;
    if (before === undefined || now() - this.#refusedAt >= REFUSAL_INTERVAL_MS) {
      this.#refusedAt = now();
      logger.error(this.#refusal);
    }
    return false;
  }

  #warnIfGone(): void {
    const { height } = this.#o.chain.head.header;
    if (!this.#sources.areGone(height) || this.#goneAt === height) return;
    this.#goneAt = height;
    const advice = 'unless sync is blocks a snapshot is looked for; else a peer is needed that has all blocks';
    this.#o.logger.warn({ height: height + 1 }, `no peer has the next block: ${advice}`);
  }

  #measure(): void {
    const { chain, logger, now } = this.#o;
    const { height } = chain.head.header;
    this.#rate.measure(height);
    this.#sources.wanted(height);
    if (now() - this.#loggedAt < PROGRESS_INTERVAL_MS) return;
    this.#loggedAt = now();
    const { target } = this.status;
    const { blocksPerSecond } = this.#rate;
    const etaSeconds = blocksPerSecond > 0 ? Math.ceil((target - height) / blocksPerSecond) : undefined;
    logger.info({ height, target, blocksPerSecond: Math.round(blocksPerSecond), etaSeconds }, 'catching up');
  }
}
