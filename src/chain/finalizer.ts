// Makes executed blocks final: one durable commit each, one after another, the oldest first. Going on from the state of a
// snapshot takes its turn among them. After a write that failed, or a stop, nothing is written any more.

import { headerHash } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import { type Certificate, FINAL } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { Validator } from '../primitives/validators.ts';
import type { ChainStore } from '../store/chain-store.ts';
import type { Restoration } from '../store/restoration.ts';
import { assertCheckpoint, type Checkpoint } from './checkpoint.ts';
import { ChainError } from './errors.ts';
import type { BlockTree, ExecutedBlock } from './tree.ts';
import type { FinalizedEvent } from './types.ts';

export interface BlockFinalizerOptions {
  readonly store: ChainStore;
  readonly tree: BlockTree;
  readonly checkpoint: Checkpoint | undefined;
  /** of the epoch at the head */
  readonly validators: () => readonly Validator[];
  /** The block and its state are durable. */
  readonly onFinalized: (event: FinalizedEvent) => void;
  /** The state of a snapshot is, and the chain goes on from its block. */
  readonly onRestored: () => void;
}

export class BlockFinalizer {
  readonly #o: BlockFinalizerOptions;
  /** One after another; never rejects. */
  #queue: Promise<void> = Promise.resolve();
  /** The chain does not outlive a failed commit: its tree has gone on, the store has not. */
  #failure: { readonly error: unknown } | undefined;
  #stopped = false;

  constructor(options: BlockFinalizerOptions) {
    this.#o = options;
  }

  /** As `Chain.finalize` says. */
  finalize(hash: Hash, certificate: Certificate | undefined): Promise<void> {
    const result = this.#queue.then(() => this.#finalize(hash, certificate));
    // Whoever asked hears of a failure; the next in the queue only waits for the end.
    this.#queue = result.catch(nothing);
    return result;
  }

  /** As `Chain.restore` says. */
  restore(restoration: Restoration): Promise<boolean> {
    const result = this.#queue.then(() => this.#restore(restoration));
    this.#queue = result.then(nothing, nothing);
    return result;
  }

  /** Waits for what is under way; what comes later is refused. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#queue;
  }

  async #restore(restoration: Restoration): Promise<boolean> {
    this.#assertOpen();
    const { store, tree, checkpoint, onRestored } = this.#o;
    const { header: boundary } = restoration.boundary;
    if (store.head !== undefined && store.head.height >= boundary.height) return false;
    assertCheckpoint(checkpoint, boundary.height, headerHash(boundary));
    await this.#written(store.adopt(restoration, ({ hash, header }) => tree.restart({ hash, header, state: store })));
    onRestored();
    return true;
  }

  async #finalize(hash: Hash, certificate: Certificate | undefined): Promise<void> {
    this.#assertOpen();
    if (certificate !== undefined && !equalBytes(certificate.hash, hash)) {
      throw new ChainError('WRONG_CERTIFICATE', `a certificate of ${toHex(certificate.hash)} for ${toHex(hash)}`);
    }
    const path = this.#o.tree.path(hash);
    if (path === undefined) await this.#assertFinal(hash);
    if (path === undefined || path.length === 0) return this.#keepFinal(hash, certificate);
    assertCertifies(certificate, path.at(-1));
    for (const [index, executed] of path.entries()) {
      this.#assertOpen();
      const child = path[index + 1];
      const known = child === undefined ? certificate : child.block.body.justification.parentCertificate;
      await this.#commit(executed, known ?? undefined);
    }
  }

  #assertOpen(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#stopped) throw new ChainError('STOPPED', 'the chain has been stopped');
  }

  async #commit(executed: ExecutedBlock, certificate: Certificate | undefined): Promise<void> {
    const { store, tree, checkpoint, validators, onFinalized } = this.#o;
    const { hash, block, receipts, envelopes, overlay, nextEpoch } = executed;
    assertCheckpoint(checkpoint, block.header.height, hash);
    const transactionIds = envelopes.map(({ id }) => id);
    const ends = nextEpoch === undefined ? {} : { endsEpochOf: validators() };
    // Before the commit, so that nothing is built on a losing branch while the store goes from one state to the next.
    tree.advance(executed);
    const start = performance.now();
    const state = overlay.changes;
    await this.#written(store.commit({ hash, block, receipts, transactionIds, certificate, ...ends, state }));
    tree.settle(store);
    const commitSeconds = (performance.now() - start) / 1000;
    onFinalized({ hash, block, receipts, envelopes, transactionIds, certificate, nextEpoch, commitSeconds });
  }

  /** For a block that is not in the tree. */
  async #assertFinal(hash: Hash): Promise<void> {
    const { store, tree } = this.#o;
    if (tree.hasLost(hash)) {
      throw new ChainError('CONFLICT', `block ${toHex(hash)} lost against a final block and is now said to be final`);
    }
    // Executed, and then a snapshot was taken in above it. Whether it is an ancestor of the snapshot's block can't be told
    // here: there are no headers in between, so that a Final of it contradicts nothing that this node knows. Nothing of it is
    // stored or built on. At the snapshot's own height and above, another block has lost.
    if (tree.isPassed(hash) || (await store.heightOf(hash)) !== undefined) return;
    throw new ChainError('UNKNOWN_BLOCK', `no executed block ${toHex(hash)}`);
  }

  /**
   * Catch-up may have committed the block first, under a descendant's Final. Consensus forgets what lies below a Final
   * that it has had committed: then the store must know it, and start there.
   */
  async #keepFinal(hash: Hash, certificate: Certificate | undefined): Promise<void> {
    const { store } = this.#o;
    const height = await store.heightOf(hash);
    if (height === undefined || certificate?.kind !== FINAL) return;
    if ((await store.certificateByHeight(height))?.kind === FINAL) return;
    await this.#written(store.setCertificate(height, certificate));
  }

  async #written(write: Promise<void>): Promise<void> {
    try {
      await write;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}

function nothing(): void {
  // what a queue waits for is the end, however it comes
}

/** Ancestors are certified by the blocks on them; only the newest of those to be final comes with one from elsewhere. */
function assertCertifies(certificate: Certificate | undefined, newest: ExecutedBlock | undefined): void {
  if (newest === undefined) return;
  const { hash, block, nextEpoch } = newest;
  if (certificate !== undefined && certificate.epoch !== block.header.epoch) {
    throw new ChainError('WRONG_CERTIFICATE', `a certificate of epoch ${certificate.epoch} for ${toHex(hash)}`);
  }
  if (nextEpoch !== undefined && certificate?.kind !== FINAL) {
    throw new ChainError('WRONG_CERTIFICATE', `${toHex(hash)} is the last of its epoch: it needs a Final`);
  }
}
