// The chain database: every finalized block and the state after the newest of them, in LevelDB. A block arrives in
// one atomic, synced batch, so that after any crash the database is at some finalized block, whole. Nothing that is
// not final is ever written here.

import { type Header, headerHash } from '../primitives/block.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { type Certificate, FINAL } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { EpochBoundary } from '../primitives/snapshot.ts';
import type { HeadRecord, TransactionLocation } from '../primitives/storage.ts';
import type { TreeSource } from '../state/view.ts';
import { heightId, META } from './buckets.ts';
import { type Database, type HeldDatabase, openDatabase } from './database.ts';
import { StoreError, toStoreError } from './errors.ts';
import { EvidenceStore } from './evidence.ts';
import { assertFollows, type FinalizedBlock, readHead, type StoredHead } from './head.ts';
import { type BlockRecord, Records } from './records.ts';
import type { Restoration } from './restoration.ts';
import { SpareSlot } from './spare-slot.ts';
import { StateSlots } from './state-slots.ts';
import { type Verification, type VerifyOptions, verifyAt } from './verify.ts';
import { type Entry, type FrozenState, WholeState } from './whole-state.ts';
import { Writer } from './writer.ts';

export type { FinalizedBlock, StoredHead } from './head.ts';

/** Memory bounds in bytes. */
export interface StoreOptions {
  /** hot state values and tree nodes, half each, ready for synchronous reads */
  readonly cacheBytes?: number;
  /** LevelDB's cache of file blocks */
  readonly blockCacheBytes?: number;
  /** LevelDB's memtable; up to two exist at a time */
  readonly writeBufferBytes?: number;
}

interface Opened {
  readonly head: StoredHead | undefined;
  readonly base: HeadRecord | undefined;
  readonly slot: number;
  readonly evidence: EvidenceStore;
}

const MiB = 1024 * 1024;
const DEFAULTS = { cacheBytes: 64 * MiB, blockCacheBytes: 32 * MiB, writeBufferBytes: 16 * MiB };

export class ChainStore implements TreeSource {
  /** lives beside the blocks and is no part of the state */
  readonly evidence: EvidenceStore;
  readonly #held: HeldDatabase;
  readonly #db: Database;
  readonly #genesisHash: Hash;
  readonly #records: Records;
  readonly #state: StateSlots;
  readonly #spare: SpareSlot;
  readonly #writer: Writer;
  #head: StoredHead | undefined;
  #base: HeadRecord | undefined;
  /** head and state are about to change */
  #committing: Promise<void> | undefined;

  private constructor(
    held: HeldDatabase,
    genesisHash: Hash,
    { head, base, slot, evidence }: Opened,
    cacheBytes: number,
  ) {
    this.evidence = evidence;
    this.#held = held;
    this.#db = held.db;
    this.#genesisHash = genesisHash;
    this.#records = new Records(held.db);
    this.#state = new StateSlots(held.db, slot, cacheBytes);
    this.#spare = new SpareSlot(held.db, this.#records, this.#state);
    this.#writer = new Writer(held.db);
    this.#head = head;
    this.#base = base;
  }

  /**
   * Opens the database in the directory `location`, creating it when missing; its first block ties it to `genesis`.
   * @throws {StoreError} LOCKED, WRONG_GENESIS, CORRUPT or IO
   */
  static async open(
    location: string,
    genesis: { readonly hash: Hash },
    options: StoreOptions = {},
  ): Promise<ChainStore> {
    const { cacheBytes, blockCacheBytes, writeBufferBytes } = { ...DEFAULTS, ...options };
    const held = await openDatabase(location, { cacheSize: blockCacheBytes, writeBufferSize: writeBufferBytes });
    try {
      const records = new Records(held.db);
      const base = await records.head.get(META.base);
      const head = await readHead(records, base, location, genesis.hash);
      const slot = (await records.slot.get(META.slot)) ?? 0;
      const evidence = await EvidenceStore.open(held.db);
      const store = new ChainStore(held, genesis.hash, { head, base, slot, evidence }, cacheBytes);
      store.#spare.sweep((height) => store.#isFinal(height));
      return store;
    } catch (error) {
      await held.close();
      throw toStoreError(error, `open the chain in ${location}`);
    }
  }

  /** The newest finalized block; none before the genesis block is committed. */
  get head(): StoredHead | undefined {
    return this.#head;
  }

  /** The block whose state was taken from a snapshot: blocks up to it may be missing. */
  get base(): HeadRecord | undefined {
    return this.#base;
  }

  /** The blocks from here to the head are here. */
  get oldestHeight(): number {
    return this.#base === undefined ? 0 : this.#base.height + 1;
  }

  /**
   * Makes `finalized`, the head's child, the head: in one durable batch, or not at all. Readers see the old head and
   * state until the batch is on the disk, then the new ones.
   * @throws {StoreError} IO after the first failed write, and from then on always; what is final stays readable
   * @throws {RangeError} when the block does not follow the head, or a commit is under way
   */
  async commit(finalized: FinalizedBlock): Promise<void> {
    await this.#alone(() => {
      assertFollows(this.#head, finalized);
      return this.#write(finalized);
    });
  }

  async #write(finalized: FinalizedBlock): Promise<void> {
    const { hash, block, state } = finalized;
    const batch = await this.#writer.fill((writes) => {
      this.#records.put(writes, finalized);
      if (this.#head === undefined) this.#records.genesis.put(writes, META.genesis, this.#genesisHash);
      this.#state.put(writes, state);
    });
    const before = this.#db.snapshot();
    this.#state.hold(before);
    try {
      await this.#writer.write(`write block ${block.header.height}`, batch);
      // One synchronous turn: nobody reads between these lines.
      this.#state.release(state);
      this.#head = { height: block.header.height, hash, header: block.header };
    } catch (error) {
      this.#state.release({ values: [], nodes: [] });
      throw error;
    } finally {
      await before.close();
    }
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#state.get(key);
  }

  getNode(path: Uint8Array): Uint8Array | undefined {
    return this.#state.getNode(path);
  }

  async blockByHeight(height: number): Promise<BlockRecord | undefined> {
    return this.#isFinal(height) ? this.#records.block(height) : undefined;
  }

  async blockByHash(hash: Hash): Promise<BlockRecord | undefined> {
    const height = await this.#records.heights.get(hash);
    return height === undefined ? undefined : this.blockByHeight(height);
  }

  async headerByHeight(height: number): Promise<Header | undefined> {
    return this.#isFinal(height) ? this.#records.headers.get(heightId(height)) : undefined;
  }

  async hashByHeight(height: number): Promise<Hash | undefined> {
    return this.#isFinal(height) ? this.#records.hash(height) : undefined;
  }

  /** Of the final block with this hash, though its body may not be here. */
  async heightOf(hash: Hash): Promise<number | undefined> {
    const height = await this.#records.heights.get(hash);
    return height !== undefined && this.#isFinal(height) ? height : undefined;
  }

  /** The last block of an epoch, with the epoch's set. */
  boundary(epoch: number): Promise<EpochBoundary | undefined> {
    return this.#records.boundaries.get(heightId(epoch));
  }

  /**
   * Keeps boundaries of blocks that are not here. One that is here stays: this node may have executed its block.
   * @throws {StoreError} IO, as commit
   */
  async putBoundaries(boundaries: readonly EpochBoundary[]): Promise<void> {
    this.#writer.assertUsable();
    const known = await Promise.all(boundaries.map(({ header }) => this.boundary(header.epoch)));
    const unknown = boundaries.filter((_, index) => known[index] === undefined);
    if (unknown.length === 0) return;
    await this.#writer.put('write the boundaries of epochs', (writes) => {
      for (const boundary of unknown) this.#records.putBoundary(writes, boundary);
    });
  }

  /** Of the block; undefined also where the block was finalized by a descendant's. */
  async certificateByHeight(height: number): Promise<Certificate | undefined> {
    return this.#isFinal(height) ? this.#records.certificates.get(heightId(height)) : undefined;
  }

  async transaction(id: Hash): Promise<TransactionLocation | undefined> {
    const location = await this.#records.transactions.get(id);
    return location !== undefined && this.#isFinal(location.height) ? location : undefined;
  }

  /**
   * Stores a Final that was learned after its block was committed, in place of a Notar or of none.
   * @throws {RangeError} when it is no Final of the block at `height`
   * @throws {StoreError} IO, as commit
   */
  async setCertificate(height: number, certificate: Certificate): Promise<void> {
    this.#writer.assertUsable();
    const hash = await this.hashByHeight(height);
    if (hash === undefined || certificate.kind !== FINAL || !equalBytes(hash, certificate.hash)) {
      throw new RangeError(`not a Final of the block at height ${height}`);
    }
    await this.#writer.put(`write the certificate of block ${height}`, (writes) => {
      this.#records.certificates.put(writes, heightId(height), certificate);
    });
  }

  /** The state at the head. @throws {RangeError} without a head, or while a commit is under way */
  freeze(): FrozenState {
    const head = this.#head;
    if (head === undefined || this.#committing !== undefined) throw new RangeError('no head, or a commit is under way');
    const state = new WholeState(this.#db, this.#state.slot);
    return { head, entries: () => state.entries(), close: () => state.close() };
  }

  /** The snapshot that was begun and not finished. @throws {StoreError} IO or CORRUPT */
  unfinishedRestoration(): Promise<Restoration | undefined> {
    return this.#spare.unfinished();
  }

  /** Begins to take a snapshot in, beside the state. @throws {StoreError} IO */
  async restore(boundary: EpochBoundary): Promise<Restoration> {
    this.#writer.assertUsable();
    return this.#spare.begin(boundary);
  }

  /**
   * Makes the block of a whole restoration the head and what was restored the state: in one durable batch, or not at
   * all. What was the state before is removed afterwards.
   * @param onSwitched called in the turn in which head and state change: whoever builds on them changes with them
   * @throws {RangeError} when it is not whole, not above the head, or a commit is under way
   * @throws {StoreError} IO, as commit
   */
  async adopt(restoration: Restoration, onSwitched?: (head: StoredHead) => void): Promise<void> {
    await this.#alone(() => {
      const { header } = restoration.boundary;
      if (!restoration.isWhole) throw new RangeError('a snapshot is not whole');
      if (restoration.slot === this.#state.slot || header.height <= (this.#head?.height ?? -1)) {
        throw new RangeError(`a snapshot of block ${header.height} is of no use any more`);
      }
      return this.#switchTo(restoration, onSwitched);
    });
  }

  async #switchTo(
    { boundary, slot, buckets }: Restoration,
    onSwitched: (head: StoredHead) => void = () => undefined,
  ): Promise<void> {
    const { header } = boundary;
    const head = { height: header.height, hash: headerHash(header), header };
    await this.#writer.put(`make the snapshot of block ${head.height} the state`, (writes) => {
      this.#records.putRestored(writes, head, boundary, slot);
      if (this.#head === undefined) this.#records.genesis.put(writes, META.genesis, this.#genesisHash);
    });
    // One synchronous turn, as in #write.
    this.#state.switchTo(slot, buckets);
    this.#head = head;
    this.#base = head;
    onSwitched(head);
    this.#spare.clear();
  }

  /** The whole state at one finalized block, in the order of its keys. */
  async *entries(): AsyncGenerator<Entry> {
    const { state } = await this.#atHead();
    try {
      yield* state.entries();
    } finally {
      await state.close();
    }
  }

  /**
   * Checks the database against itself: state, tree, supply and the chain of headers. Blocks may be committed meanwhile.
   * @throws {StoreError} CORRUPT, saying what contradicts what, or IO
   */
  async verify(options: VerifyOptions = {}): Promise<Verification> {
    const { state, head, base } = await this.#atHead();
    try {
      if (head === undefined) throw new StoreError('CORRUPT', 'the database holds no block');
      return await verifyAt(head, base?.height ?? 0, this.#records, state, options);
    } finally {
      await state.close();
    }
  }

  /** Waits for a commit under way, then lets others open the database. */
  async close(): Promise<void> {
    while (this.#committing !== undefined) await this.#settled();
    await this.#spare.settled();
    await this.#held.close();
  }

  /** Head and state change one thing after the other. @param change throws what keeps it from being begun */
  async #alone(change: () => Promise<void>): Promise<void> {
    this.#writer.assertUsable();
    if (this.#committing !== undefined) throw new RangeError('a commit is under way');
    this.#committing = change();
    try {
      await this.#committing;
    } finally {
      this.#committing = undefined;
    }
  }

  /** The database at the head, whatever is committed meanwhile. */
  async #atHead(): Promise<{ state: WholeState } & Pick<Opened, 'head' | 'base'>> {
    while (this.#committing !== undefined) await this.#settled();
    return { state: new WholeState(this.#db, this.#state.slot), head: this.#head, base: this.#base };
  }

  /** Who asked for the commit hears of its failure; here only its end matters. */
  async #settled(): Promise<void> {
    await this.#committing?.catch(() => undefined);
  }

  #isFinal(height: number): boolean {
    return this.#head !== undefined && height <= this.#head.height;
  }
}
