// Brings a node that was away back to the head of its peers, range by range, until consensus can go on from there.
// Peers are asked one at a time; one that answers wrongly is left aside for a while.

import type { Anchor } from '../consensus/types.ts';
import type { Block, Header } from '../primitives/block.ts';
import type { Certificate } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { BlocksRequest } from '../primitives/wire.ts';
import type { Logger } from '../telemetry/logger.ts';
import { vouchedRuns } from './range.ts';

/** Consensus fetches fewer blocks than this one by one; more of them come cheaper in ranges. */
export const CATCH_UP_DISTANCE = 16;
const BLOCKS_PER_REQUEST = 64;
/** A range of full blocks on a slow line. */
const REQUEST_TIMEOUT_MS = 30_000;
/** A peer that answered wrongly or not at all is asked again after this (ms). */
const BAD_PEER_PAUSE_MS = 5000;
/** The rate for the ETA is measured over about this long (ms). */
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
  };
  readonly chain: {
    readonly head: { readonly hash: Hash; readonly header: Header };
    /** Executes and commits; a block that is already final is left as it is. */
    applySynced(block: Block, certificate: Certificate | undefined): Promise<void>;
  };
  /** Whether a body is the one its header commits to. */
  readonly bodyMatches: (block: Block) => boolean;
  readonly holds: (certificate: Certificate) => Promise<boolean>;
  /** The chain has come to this block; consensus goes on from there. */
  readonly onSynced: (anchor: Anchor) => void;
  /** A block that a valid Final vouches for does not execute, or can't be stored: the node must not go on. */
  readonly onFatal: (error: Error) => void;
  readonly logger: Logger;
}

export interface CatchUpStatus {
  readonly target: number;
  readonly syncing: boolean;
  readonly blocksPerSecond: number;
}

export class CatchUp {
  readonly #o: CatchUpOptions;
  readonly #stop = new AbortController();
  readonly #badUntil = new Map<string, number>();
  #running: Promise<void> | undefined;
  #rate = { since: 0, from: 0, blocksPerSecond: 0 };

  constructor(options: CatchUpOptions) {
    this.#o = options;
  }

  get status(): CatchUpStatus {
    const { height } = this.#o.chain.head.header;
    const target = Math.max(height, ...this.#usable().map((peer) => peer.height));
    return { target, syncing: this.#running !== undefined, blocksPerSecond: this.#rate.blocksPerSecond };
  }

  /** Looks whether a peer is far ahead, and if so begins to catch up. Called with every news from a peer. */
  consider(): void {
    const { height } = this.#o.chain.head.header;
    if (this.#usable().some((peer) => peer.height >= height + CATCH_UP_DISTANCE)) this.begin();
  }

  /** Consensus has learnt that it is behind. */
  begin(): void {
    if (this.#running !== undefined || this.#stop.signal.aborted) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { logger, chain } = this.#o;
    const start = chain.head.header.height;
    this.#rate = { since: Date.now(), from: start, blocksPerSecond: 0 };
    for (let peer = this.#best(); peer !== undefined && !this.#stop.signal.aborted; peer = this.#best()) {
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
      logger.info({ height: chain.head.header.height, target: this.status.target }, 'catching up');
    }
    const caughtUp = chain.head.header.height - start;
    if (caughtUp > 0) logger.info({ height: chain.head.header.height, blocks: caughtUp }, 'caught up');
  }

  async #from(peer: CatchUpPeer): Promise<void> {
    const { network, chain, bodyMatches, holds } = this.#o;
    const { hash, header } = chain.head;
    const request: BlocksRequest = { selector: 0, value: { from: header.height + 1, count: BLOCKS_PER_REQUEST } };
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), REQUEST_TIMEOUT_MS);
    const abort = () => timeout.abort();
    this.#stop.signal.addEventListener('abort', abort);
    try {
      const answer = network.requestBlocks(peer.id, request, timeout.signal);
      for await (const run of vouchedRuns(answer, { head: { height: header.height, hash }, bodyMatches, holds })) {
        if (this.#stop.signal.aborted) return;
        await this.#apply(run);
      }
    } finally {
      clearTimeout(timer);
      this.#stop.signal.removeEventListener('abort', abort);
    }
  }

  async #apply(run: readonly { hash: Hash; block: Block; certificate: Certificate | undefined }[]): Promise<void> {
    for (const { hash, block, certificate } of run) {
      try {
        await this.#o.chain.applySynced(block, certificate);
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#o.onFatal(error instanceof Error ? error : new Error(String(error)));
        this.#stop.abort();
        return;
      }
      if (certificate !== undefined) {
        this.#o.onSynced({ slot: certificate.slot, hash, header: block.header, certificate });
      }
    }
    this.#measure();
  }

  #measure(): void {
    const elapsed = Date.now() - this.#rate.since;
    const { height } = this.#o.chain.head.header;
    const blocksPerSecond = ((height - this.#rate.from) * 1000) / Math.max(elapsed, 1);
    const stale = elapsed > RATE_WINDOW_MS;
    this.#rate = stale ? { since: Date.now(), from: height, blocksPerSecond } : { ...this.#rate, blocksPerSecond };
  }

  /** The peer with the most to give; undefined when nobody has more than we. */
  #best(): CatchUpPeer | undefined {
    const { height } = this.#o.chain.head.header;
    const ahead = this.#usable().filter((peer) => peer.height > height);
    return ahead.sort((a, b) => b.height - a.height)[0];
  }

  #usable(): CatchUpPeer[] {
    const now = Date.now();
    for (const [id, until] of this.#badUntil) if (until <= now) this.#badUntil.delete(id);
    return this.#o.network.peers().filter(({ id }) => !this.#badUntil.has(id));
  }

  #setAside(peer: CatchUpPeer): void {
    this.#badUntil.set(peer.id, Date.now() + BAD_PEER_PAUSE_MS);
  }
}
