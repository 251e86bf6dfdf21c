// Ranges of blocks from several peers into the chain: what a peer sends is applied when a Final vouches for it, and
// whoever sent what is not so is told from those who did not.

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
import type { Sources, SyncPeer } from './sources.ts';
import type { Trust } from './trust.ts';

/** What it takes to turn what peers send into blocks of the chain. */
export interface BlockSyncDependencies {
  readonly network: {
    requestBlocks(peer: string, request: BlocksRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
    /** Counts against a peer what it answered. */
    report(peer: string, kind: OffenceKind, reason: string): void;
  };
  readonly chain: ApplierChain & {
    readonly head: { readonly hash: Hash; readonly header: Header };
    /** of the next block */
    readonly epoch: Pick<EpochRecord, 'epoch' | 'start' | 'parameters'>;
  };
  readonly trust: Pick<Trust, 'checkpoint'>;
  /** Whether a body is the one its header commits to. */
  readonly bodyMatches: (block: Block) => boolean;
  /** Whether it is a certificate of its epoch's members, as far as the chain has come: of an unknown epoch none is. */
  readonly holds: (certificate: Certificate) => Promise<boolean>;
  /** The chain has come to this block; consensus goes on from there. */
  readonly onSynced: (anchor: Anchor) => void;
  /** ms of a clock that is never set back */
  readonly now: () => number;
  readonly logger: Logger;
}

export interface BlockSyncOptions extends BlockSyncDependencies {
  readonly sources: Sources;
  /** No blocks are asked for meanwhile. */
  readonly isSuspended: () => boolean;
  /** Whether the members who signed what comes next can be believed. */
  readonly trusts: () => boolean;
  /** Another block is durable. */
  readonly onApplied: () => void;
  /** A block that a valid Final vouches for does not execute, or can't be stored. */
  readonly onFailed: (error: unknown) => void;
  readonly signal: AbortSignal;
}

export class BlockSync {
  readonly #o: BlockSyncOptions;
  readonly #applier: Applier;
  #window: BlockWindow | undefined;
  #dispute: Dispute | undefined;

  constructor(options: BlockSyncOptions) {
    const { chain, onFailed, now, signal } = options;
    this.#o = options;
    this.#applier = new Applier({
      chain,
      onApplied: (block) => this.#onApplied(block),
      onFailed,
      now,
      signal,
    });
  }

  /** Applies blocks until nobody has the next one, the head can't be trusted, or it is interrupted. */
  async run(): Promise<void> {
    const { chain, network, sources, bodyMatches, signal, logger } = this.#o;
    const window = new BlockWindow(chain.head.header.height, {
      requestBlocks: (peer, request, signal) => network.requestBlocks(peer, request, signal),
      sources,
      serving: (height) => this.#serving(height),
      bodyMatches,
      onLie: (peer, error) => this.#blame(peer, error),
      clock: () => this.#clock(),
      logger,
    });
    this.#window = window;
    const interrupt = () => this.interrupt();
    signal.addEventListener('abort', interrupt);
    try {
      while (!window.isClosed && (await this.#follow(window))) {
        // somebody else is asked for what was not good
      }
    } finally {
      signal.removeEventListener('abort', interrupt);
      await window.close();
      await this.#applier.drained();
    }
  }

  /** What is under way is of no use: the chain goes on from elsewhere, or not at all. */
  interrupt(): void {
    void this.#window?.close();
  }

  /** Time in which this node is busy does not count for peers. */
  #clock(): number {
    return this.#o.now() - this.#applier.busyMs;
  }

  /** In a dispute all blocks come from one peer, as long as it leads on: so it is clear whose they are. */
  #serving(height: number): SyncPeer[] {
    const { sources, chain, isSuspended } = this.#o;
    if (isSuspended()) return [];
    const peers = sources.serving(height);
    const dispute = this.#dispute;
    const head = chain.head.header.height;
    if (dispute === undefined || dispute.height <= head) return peers;
    const witness = dispute.witness(sources.serving(head), height);
    return peers.filter(({ id }) => id === witness);
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
    if (window.isClosed || this.#o.isSuspended()) return false;
    const unvouched = new Set(window.unreleased().map(({ peer }) => peer));
    for (const peer of unvouched) {
      this.#o.sources.setAside(peer);
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
      this.#dispute = new Dispute(blocks, { witness: peer, clock: () => this.#clock() });
      window.clear();
      return;
    }
    // What an honest peer sent may be of an epoch that is over.
    if (hasMovedOn && (error.code === 'BAD_CERTIFICATE' || error.code === 'WRONG_EPOCH'))
      this.#o.sources.setAside(peer);
    else this.#blame(peer, error);
    window.forget(peer);
  }

  #blame(peer: string, { code, message }: SyncError): void {
    this.#o.logger.warn({ peer, reason: message }, 'a peer did not help to catch up');
    this.#o.network.report(peer, OFFENCES[code], `its answer to a blocks request: ${message}`);
    this.#o.sources.setAside(peer);
  }

  /** @returns whether to go on */
  async #apply(run: readonly VouchedBlock[]): Promise<boolean> {
    const { chain, trust, trusts, signal } = this.#o;
    for (const block of run) await this.#applier.add(block);
    // Who can vouch for the next block is known when an epoch's last one is done. The way to a checkpoint is free, but
    // it may be an old one.
    const { header } = (run.at(-1) as VouchedBlock).block;
    const { checkpoint } = trust;
    const isThere = checkpoint !== undefined && header.height >= checkpoint.height;
    if (header.timestamp >= epochEnd(chain.epoch) || isThere) await this.#applier.drained();
    return !signal.aborted && trusts();
  }

  #onApplied({ hash, block, certificate, peer }: VouchedBlock): void {
    if (certificate !== undefined) {
      this.#o.onSynced({ slot: certificate.slot, hash, header: block.header, certificate });
    }
    this.#o.sources.helped(peer);
    this.#settle(block.header.height, hash);
    this.#o.onApplied();
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
}

function heightOf(run: readonly VouchedBlock[]): number {
  return run.at(-1)?.block.header.height ?? 0;
}
