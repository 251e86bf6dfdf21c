// Brings a node that was away back to the head of its peers, by ranges of blocks from several of them, until consensus can
// go on from there. What a peer sends is applied when a Final vouches for it; one that answers wrongly is left aside for a
// while.

import type { Anchor } from '../consensus/types.ts';
import type { OffenceKind } from '../network/offences.ts';
import type { Block, Header } from '../primitives/block.ts';
import type { Certificate } from '../primitives/consensus.ts';
import { type EpochRecord, epochEnd } from '../primitives/epoch.ts';
import type { Hash } from '../primitives/hash.ts';
import type { BlocksRequest } from '../primitives/wire.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Applier, type ApplierChain } from './applier.ts';
import { BlockWindow } from './block-window.ts';
import { Dispute } from './dispute.ts';
import { OFFENCES, SyncError } from './errors.ts';
import { type VouchedBlock, vouchedRuns } from './range.ts';
import type { ReceivedBlock } from './received.ts';
import type { SnapshotProgress } from './snapshot-meter.ts';
import type { SnapshotReason } from './snapshot-sync.ts';
import { Sources, type SyncPeer } from './sources.ts';
import { SyncRate } from './sync-rate.ts';
import type { Trust } from './trust.ts';

/** A peer this far ahead is asked for ranges, whatever consensus knows of it. */
export const CATCH_UP_DISTANCE = 16;
/** Between two lines in the log that say how far it has come (ms). */
const PROGRESS_INTERVAL_MS = 5000;

export interface CatchUpOptions {
  readonly network: {
    peers(): readonly SyncPeer[];
    requestBlocks(peer: string, request: BlocksRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
    /** Counts against a peer what it answered. */
    report(peer: string, kind: OffenceKind, reason: string): void;
  };
  readonly chain: ApplierChain & {
    readonly head: { readonly hash: Hash; readonly header: Header };
    /** of the next block */
    readonly epoch: Pick<EpochRecord, 'epoch' | 'start' | 'parameters'>;
  };
  readonly trust: Pick<Trust, 'checkpoint' | 'refusal' | 'contradiction'>;
  /**
   * Comes further by a snapshot, where that is worth while. `run` ends at once unless one is coming in; the search goes on
   * beside until `rest`.
   */
  readonly snapshot?: {
    readonly progress: SnapshotProgress | undefined;
    /** No blocks are asked for meanwhile. */
    readonly isComing: boolean;
    run(signal: AbortSignal, reason: () => SnapshotReason): Promise<void>;
    rest(): Promise<void>;
  };
  /** Whether a body is the one its header commits to. */
  readonly bodyMatches: (block: Block) => boolean;
  /** Whether it is a certificate of its epoch's members, as far as the chain has come: of an unknown epoch none is. */
  readonly holds: (certificate: Certificate) => Promise<boolean>;
  /** The chain has come to this block; consensus goes on from there. */
  readonly onSynced: (anchor: Anchor) => void;
  /** A block that a valid Final vouches for does not execute, or can't be stored: the node must not go on. */
  readonly onFatal: (error: Error) => void;
  /** ms of a clock that is never set back */
  readonly now: () => number;
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
  #dispute: Dispute | undefined;
  #running: Promise<void> | undefined;
  readonly #applier: Applier;
  #refusal: string | undefined;
  /** the head above which nobody had a block, when that was said */
  #goneAt: number | undefined;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: CatchUpOptions) {
    const { network, chain, trust, onFatal, now } = options;
    this.#o = options;
    this.#sources = new Sources({ peers: () => network.peers(), now });
    this.#rate = new SyncRate(now);
    this.#applier = new Applier({
      chain,
      trust,
      onApplied: (block) => this.#onApplied(block),
      onFailed: (error) => {
        onFatal(asError(error));
        this.#stop.abort();
      },
      now,
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
    const { height } = this.#o.chain.head.header;
    if (this.#sources.usable().some((peer) => peer.height >= height + CATCH_UP_DISTANCE)) this.begin();
  }

  /** Consensus has learnt that it is behind. */
  begin(): void {
    if (this.#running !== undefined || this.#stop.signal.aborted) return;
    this.#running = this.#run()
      .catch((error: unknown) => this.#o.onFatal(asError(error)))
      .finally(() => {
        this.#running = undefined;
      });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      await this.#comeFurther();
    } finally {
      await this.#o.snapshot?.rest();
    }
  }

  async #comeFurther(): Promise<void> {
    const { logger, chain } = this.#o;
    this.#rate.begin(chain.head.header.height);
    let start = chain.head.header.height;
    while (!this.#stop.signal.aborted) {
      if (await this.#takesSnapshot()) start = chain.head.header.height;
      if (this.#stop.signal.aborted || this.#sources.serving(chain.head.header.height).length === 0) break;
      if (!this.#trusts()) break;
      await this.#fetchBlocks();
    }
    this.#warnIfGone();
    const caughtUp = chain.head.header.height - start;
    if (caughtUp > 0) logger.info({ height: chain.head.header.height, blocks: caughtUp }, 'caught up');
  }

  /** Whether the members who signed what comes next can be believed; else the operator is told what to do. */
  #trusts(): boolean {
    const before = this.#refusal;
    this.#refusal = this.#o.trust.refusal();
    if (this.#refusal !== undefined && before === undefined) this.#o.logger.error(this.#refusal);
    return this.#refusal === undefined;
  }

  #warnIfGone(): void {
    const { height } = this.#o.chain.head.header;
    if (!this.#sources.areGone(height) || this.#goneAt === height) return;
    this.#goneAt = height;
    const advice = 'let sync be auto or snapshot, or add a peer that has all blocks';
    this.#o.logger.warn({ height: height + 1 }, `no peer has the next block: ${advice}`);
  }

  /** @returns whether the chain has come further by one */
  async #takesSnapshot(): Promise<boolean> {
    const { chain, snapshot } = this.#o;
    const before = chain.head.header.height;
    try {
      const reason = () => (this.#sources.areGone(chain.head.header.height) ? 'no blocks' : 'distance');
      await snapshot?.run(this.#stop.signal, reason);
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
    if (chain.head.header.height === before) return false;
    this.#sources.restored();
    this.#rate.begin(chain.head.header.height);
    return true;
  }

  /** Until nobody has the next block. */
  async #fetchBlocks(): Promise<void> {
    const { chain, network, bodyMatches, now, logger } = this.#o;
    const window = new BlockWindow(chain.head.header.height, {
      requestBlocks: (peer, request, signal) => network.requestBlocks(peer, request, signal),
      sources: this.#sources,
      serving: (height) => this.#serving(height),
      bodyMatches,
      onLie: (peer, error) => this.#blame(peer, error),
      // Time in which this node is busy does not count for peers.
      clock: () => now() - this.#applier.busyMs,
      logger,
    });
    const close = () => void window.close();
    this.#stop.signal.addEventListener('abort', close);
    try {
      while (!this.#stop.signal.aborted && (await this.#follow(window))) {
        // somebody else is asked for what was not good
      }
    } finally {
      this.#stop.signal.removeEventListener('abort', close);
      await window.close();
      await this.#applier.drained();
    }
  }

  /** In a dispute all blocks come from one peer, as long as it helps: so it is clear whose they are. */
  #serving(height: number): SyncPeer[] {
    if (this.#o.snapshot?.isComing) return [];
    const peers = this.#sources.serving(height);
    const dispute = this.#dispute;
    const head = this.#o.chain.head.header.height;
    if (dispute === undefined || dispute.height <= head) return peers;
    const able = this.#sources.serving(head);
    if (!able.some(({ id }) => id === dispute.witness)) dispute.witness = able[0]?.id;
    return peers.filter(({ id }) => id === dispute.witness);
  }

  /** Applies what the window has, up to what is not good. @returns whether there may be more */
  async #follow(window: BlockWindow): Promise<boolean> {
    const { chain, holds } = this.#o;
    await this.#applier.drained();
    const { hash, header } = chain.head;
    let { height } = header;
    window.release(height);
    const due = () => ({
      height: chain.head.header.height + 1,
      epoch: chain.epoch.epoch,
      end: epochEnd(chain.epoch),
    });
    let last: ReceivedBlock | undefined;
    let isOver = false;
    async function* blocks() {
      for await (const block of window.blocks()) {
        last = block;
        yield block;
      }
      isOver = true;
    }
    try {
      for await (const run of vouchedRuns(blocks(), { head: { height, hash }, due, holds })) {
        if (!(await this.#apply(run))) return false;
        height = Math.max(height, heightOf(run));
        window.release(height);
      }
    } catch (error) {
      if (!(error instanceof SyncError) || last === undefined) throw error;
      this.#judge(window, last, error, chain.head.header.height > height);
      return true;
    }
    if (!isOver) return true;
    if (this.#o.snapshot?.isComing) return false;
    const unvouched = new Set(window.unreleased().map(({ peer }) => peer));
    for (const peer of unvouched) {
      this.#sources.setAside(peer);
      window.forget(peer);
    }
    return unvouched.size > 0;
  }

  /**
   * A block is not good. If it does not fit onto one that another peer has sent, and no Final says which of them is
   * right, it takes one peer for all of them to see who lies.
   * @param hasMovedOn whether consensus has moved the chain on meanwhile
   */
  #judge(window: BlockWindow, { peer }: ReceivedBlock, error: SyncError, hasMovedOn: boolean): void {
    const blocks = window.unreleased();
    const senders = new Set(blocks.map((block) => block.peer));
    if (error.code === 'BROKEN_CHAIN' && senders.size > 1) {
      this.#o.logger.info({ peers: [...senders], reason: error.message }, 'peers contradict each other');
      this.#dispute = new Dispute(blocks);
      window.clear();
      return;
    }
    // What an honest peer sent may be of an epoch that is over.
    if (hasMovedOn && (error.code === 'BAD_CERTIFICATE' || error.code === 'WRONG_EPOCH')) this.#sources.setAside(peer);
    else this.#blame(peer, error);
    window.forget(peer);
  }

  #blame(peer: string, { code, message }: SyncError): void {
    this.#o.logger.warn({ peer, reason: message }, 'a peer did not help to catch up');
    this.#o.network.report(peer, OFFENCES[code], `its answer to a blocks request: ${message}`);
    this.#sources.setAside(peer);
  }

  /** @returns whether to go on */
  async #apply(run: readonly VouchedBlock[]): Promise<boolean> {
    const { chain, trust } = this.#o;
    for (const block of run) await this.#applier.add(block);
    // Who can vouch for the next block is known when an epoch's last one is done. The way to a checkpoint is free, but
    // it may be an old one.
    const { header } = (run.at(-1) as VouchedBlock).block;
    const { checkpoint } = trust;
    const isThere = checkpoint !== undefined && header.height >= checkpoint.height;
    if (header.timestamp >= epochEnd(chain.epoch) || isThere) await this.#applier.drained();
    return !this.#stop.signal.aborted && this.#trusts();
  }

  #onApplied({ hash, block, certificate, peer }: VouchedBlock): void {
    if (certificate !== undefined) {
      this.#o.onSynced({ slot: certificate.slot, hash, header: block.header, certificate });
    }
    this.#sources.helped(peer);
    this.#settle(block.header.height, hash);
    this.#measure();
  }

  /** This block is final: whoever sent another one has lied. */
  #settle(height: number, hash: Hash): void {
    const dispute = this.#dispute;
    if (dispute === undefined) return;
    const liar = dispute.liar(height, hash);
    if (liar !== undefined) {
      this.#blame(liar, new SyncError('BROKEN_CHAIN', `block ${height} is another one than the one that is final`));
    }
    if (dispute.height <= height) this.#dispute = undefined;
  }

  #measure(): void {
    const { chain, logger, now } = this.#o;
    const { height } = chain.head.header;
    this.#rate.measure(height);
    if (now() - this.#loggedAt < PROGRESS_INTERVAL_MS) return;
    this.#loggedAt = now();
    const { target } = this.status;
    const { blocksPerSecond } = this.#rate;
    const etaSeconds = blocksPerSecond > 0 ? Math.ceil((target - height) / blocksPerSecond) : undefined;
    logger.info({ height, target, blocksPerSecond: Math.round(blocksPerSecond), etaSeconds }, 'catching up');
  }
}

function heightOf(run: readonly VouchedBlock[]): number {
  return run.at(-1)?.block.header.height ?? 0;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
