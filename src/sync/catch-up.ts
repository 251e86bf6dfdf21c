// Brings a node that was away back to the head of its peers, range by range, until consensus can go on from there.
// Peers are asked one at a time; one that answers wrongly is left aside for a while.

import type { Anchor } from '../consensus/types.ts';
import type { OffenceKind } from '../network/offences.ts';
import type { Block, Header } from '../primitives/block.ts';
import type { Certificate } from '../primitives/consensus.ts';
import { type EpochRecord, epochEnd } from '../primitives/epoch.ts';
import type { Hash } from '../primitives/hash.ts';
import type { BlocksRequest } from '../primitives/wire.ts';
import type { Logger } from '../telemetry/logger.ts';
import { OFFENCES, SyncError } from './errors.ts';
import { vouchedRuns } from './range.ts';
import type { SnapshotProgress, SnapshotReason } from './snapshot-sync.ts';

/** A peer this far ahead is asked for ranges, whatever consensus knows of it. */
export const CATCH_UP_DISTANCE = 16;
const BLOCKS_PER_REQUEST = 64;
/** A range of full blocks on a slow line; what this node does with them meanwhile does not count. */
const REQUEST_TIMEOUT_MS = 30_000;
/** A peer that answered wrongly or not at all is asked again after this (ms), and after twice as long each time … */
const FIRST_PAUSE_MS = 5000;
/** … up to this: a liar should not stop others from being believed, an honest peer should be heard again. */
const LONGEST_PAUSE_MS = 60_000;
/** The rate for the ETA is measured over the last one or two of these (ms). */
const RATE_WINDOW_MS = 10_000;

export interface CatchUpPeer {
  readonly id: string;
  /** finalized height, as the peer says */
  readonly height: number;
}

export interface CatchUpOptions {
  readonly network: {
    peers(): readonly CatchUpPeer[];
    requestBlocks(peer: string, request: BlocksRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
    /** Counts against a peer what it answered. */
    report(peer: string, kind: OffenceKind, reason: string): void;
  };
  readonly chain: {
    readonly head: { readonly hash: Hash; readonly header: Header };
    /** of the next block */
    readonly epoch: Pick<EpochRecord, 'epoch' | 'start' | 'parameters'>;
    /** Executes and commits; a block that is already final is left as it is. */
    applySynced(block: Block, certificate: Certificate | undefined): Promise<void>;
  };
  /** Comes further by a snapshot, where that is worth while; does nothing where it is not. */
  readonly snapshot?: {
    readonly progress: SnapshotProgress | undefined;
    run(signal: AbortSignal, reason: SnapshotReason): Promise<void>;
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
  readonly blocksPerSecond: number;
  /** while one is being fetched */
  readonly snapshot: SnapshotProgress | undefined;
}

interface Mark {
  /** ms of `now` */
  readonly at: number;
  readonly height: number;
}

const NEVER: Mark = { at: 0, height: 0 };

export class CatchUp {
  readonly #o: CatchUpOptions;
  readonly #stop = new AbortController();
  /** peers that did not help; forgotten when they could have been asked again for as long as they were set aside */
  readonly #aside = new Map<string, { readonly until: number; readonly pause: number }>();
  /** peers that had no block after a head, and the height of that */
  readonly #without = new Map<string, number>();
  /** when each peer's turn comes: in the order in which they were met or last did not help */
  readonly #turns = new Map<string, number>();
  #nextTurn = 0;
  #running: Promise<void> | undefined;
  /** where the chain was when the present window began, and the one before it */
  #marks: readonly [before: Mark, present: Mark] = [NEVER, NEVER];
  #blocksPerSecond = 0;

  constructor(options: CatchUpOptions) {
    this.#o = options;
  }

  get status(): CatchUpStatus {
    const { height } = this.#o.chain.head.header;
    const target = Math.max(height, ...this.#usable().map((peer) => peer.height));
    const { snapshot } = this.#o;
    return {
      target,
      syncing: this.#running !== undefined,
      blocksPerSecond: this.#blocksPerSecond,
      snapshot: snapshot?.progress,
    };
  }

  /** Looks whether a peer is far ahead, and if so begins to catch up. Called with every news from a peer. */
  consider(): void {
    const { height } = this.#o.chain.head.header;
    if (this.#usable().some((peer) => peer.height >= height + CATCH_UP_DISTANCE)) this.begin();
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
    const { logger, chain } = this.#o;
    this.#measureAnew();
    let start = chain.head.header.height;
    while (!this.#stop.signal.aborted) {
      if (await this.#takesSnapshot()) start = chain.head.header.height;
      const peer = this.#best();
      if (peer === undefined || this.#stop.signal.aborted) break;
      const before = chain.head.header.height;
      try {
        await this.#from(peer);
      } catch (error) {
        if (this.#stop.signal.aborted) break;
        logger.warn({ peer: peer.id, reason: String(error) }, 'a peer did not help to catch up');
        this.#setAside(peer);
        continue;
      }
      if (chain.head.header.height === before) this.#setAside(peer);
      else this.#aside.delete(peer.id);
      logger.info({ height: chain.head.header.height, target: this.status.target }, 'catching up');
    }
    const caughtUp = chain.head.header.height - start;
    if (caughtUp > 0) logger.info({ height: chain.head.header.height, blocks: caughtUp }, 'caught up');
  }

  /** @returns whether the chain has come further by one */
  async #takesSnapshot(): Promise<boolean> {
    const { chain, snapshot } = this.#o;
    const before = chain.head.header.height;
    try {
      await snapshot?.run(this.#stop.signal, this.#areBlocksGone() ? 'no blocks' : 'distance');
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
    if (chain.head.header.height === before) return false;
    // Above it they may have blocks.
    for (const id of this.#without.keys()) this.#aside.delete(id);
    this.#without.clear();
    this.#measureAnew();
    return true;
  }

  /** Whether every peer ahead was asked for the next block, and answered that it has none. */
  #areBlocksGone(): boolean {
    const { height } = this.#o.chain.head.header;
    const ahead = this.#o.network.peers().filter((peer) => peer.height > height);
    return ahead.length > 0 && ahead.every(({ id }) => this.#without.get(id) === height);
  }

  async #from(peer: CatchUpPeer): Promise<void> {
    const { chain, bodyMatches, holds } = this.#o;
    const { hash, header } = chain.head;
    const head = { height: header.height, hash };
    const due = () => ({
      height: chain.head.header.height + 1,
      epoch: chain.epoch.epoch,
      end: epochEnd(chain.epoch),
    });
    let { height } = head;
    try {
      for await (const run of vouchedRuns(this.#answers(peer, height), { head, due, bodyMatches, holds })) {
        await this.#apply(run);
        height = chain.head.header.height;
        if (this.#stop.signal.aborted) return;
      }
    } catch (error) {
      if (error instanceof SyncError) this.#report(peer, error, chain.head.header.height !== height);
      throw error;
    }
  }

  /** If consensus has moved the chain on meanwhile, what an honest peer sends may be of an epoch that is over. */
  #report({ id }: CatchUpPeer, { code, message }: SyncError, hasMovedOn: boolean): void {
    if (hasMovedOn && (code === 'BAD_CERTIFICATE' || code === 'WRONG_EPOCH')) return;
    this.#o.network.report(id, OFFENCES[code], `its answer to a blocks request: ${message}`);
  }

  /** The blocks above `height`. An answer may be full before there is a Final in it: then the peer is asked for more. */
  async *#answers(peer: CatchUpPeer, height: number): AsyncGenerator<Uint8Array> {
    let next = height + 1;
    while (next <= peer.height && this.#o.chain.head.header.height === height) {
      const from = next;
      for await (const bytes of this.#answer(peer, from)) {
        next++;
        yield bytes;
      }
      if (next > from) continue;
      if (from === height + 1) this.#without.set(peer.id, height);
      return;
    }
  }

  async *#answer(peer: CatchUpPeer, from: number): AsyncGenerator<Uint8Array> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    this.#stop.signal.addEventListener('abort', abort);
    let left = REQUEST_TIMEOUT_MS;
    let since = this.#o.now();
    let timer = setTimeout(abort, left);
    try {
      const request: BlocksRequest = { selector: 0, value: { from, count: BLOCKS_PER_REQUEST } };
      for await (const bytes of this.#o.network.requestBlocks(peer.id, request, controller.signal)) {
        clearTimeout(timer);
        left -= this.#o.now() - since;
        yield bytes;
        since = this.#o.now();
        timer = setTimeout(abort, left);
      }
    } finally {
      clearTimeout(timer);
      this.#stop.signal.removeEventListener('abort', abort);
    }
  }

  async #apply(run: readonly { hash: Hash; block: Block; certificate: Certificate | undefined }[]): Promise<void> {
    for (const { hash, block, certificate } of run) {
      if (this.#stop.signal.aborted) return;
      try {
        await this.#o.chain.applySynced(block, certificate);
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#o.onFatal(asError(error));
        this.#stop.abort();
        return;
      }
      if (certificate !== undefined) {
        this.#o.onSynced({ slot: certificate.slot, hash, header: block.header, certificate });
      }
    }
    this.#measure();
  }

  #measureAnew(): void {
    const mark = { at: this.#o.now(), height: this.#o.chain.head.header.height };
    this.#marks = [mark, mark];
    this.#blocksPerSecond = 0;
  }

  #measure(): void {
    const [before, present] = this.#marks;
    const now = { at: this.#o.now(), height: this.#o.chain.head.header.height };
    this.#blocksPerSecond = ((now.height - before.height) * 1000) / Math.max(now.at - before.at, 1);
    if (now.at - present.at >= RATE_WINDOW_MS) this.#marks = [present, now];
  }

  /**
   * Whom to ask next; undefined when nobody has more than we. Of peers met together the one with the most to give, but
   * everyone gets a turn: claims cost nothing, and neither do new peers that make them.
   */
  #best(): CatchUpPeer | undefined {
    const { height } = this.#o.chain.head.header;
    const connected = new Set(this.#o.network.peers().map(({ id }) => id));
    for (const known of [this.#turns, this.#without]) {
      for (const id of known.keys()) if (!connected.has(id)) known.delete(id);
    }
    const ahead = this.#usable().filter((peer) => peer.height > height);
    ahead.sort((a, b) => b.height - a.height);
    for (const { id } of ahead) if (!this.#turns.has(id)) this.#turns.set(id, this.#nextTurn++);
    const turn = ({ id }: CatchUpPeer) => this.#turns.get(id) ?? 0;
    return ahead.sort((a, b) => turn(a) - turn(b))[0];
  }

  #usable(): CatchUpPeer[] {
    const now = this.#o.now();
    for (const [id, { until, pause }] of this.#aside) if (until + pause <= now) this.#aside.delete(id);
    return this.#o.network.peers().filter(({ id }) => (this.#aside.get(id)?.until ?? 0) <= now);
  }

  #setAside({ id }: CatchUpPeer): void {
    const last = this.#aside.get(id)?.pause;
    const pause = last === undefined ? FIRST_PAUSE_MS : Math.min(2 * last, LONGEST_PAUSE_MS);
    this.#aside.set(id, { until: this.#o.now() + pause, pause });
    this.#turns.set(id, this.#nextTurn++);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
