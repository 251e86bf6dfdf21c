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
import { type Bucket, bucketRange, heightId, META } from './buckets.ts';
import type { Snapshot } from './cached-bucket.ts';
import { type Batch, type Database, type HeldDatabase, openDatabase } from './database.ts';
import { StoreError, toStoreError } from './errors.ts';
import { EvidenceStore } from './evidence.ts';
import { assertFollows, type FinalizedBlock, readHead, type StoredHead } from './head.ts';
import { type BlockRecord, Records } from './records.ts';
import { plainBytes } from './repository.ts';
import { clearSlot, holdsAny, Restoration } from './restoration.ts';
import { bucketsOf, StateSlots } from './state-slots.ts';
import { type Entry, type Verification, type VerifyOptions, verifyState } from './verify.ts';

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

/** The state after one block, however the chain goes on; it holds space on the disk until it is closed. */
export interface FrozenState {
  readonly head: StoredHead;
  /** in the order of their keys */
  entries(): AsyncIterable<Entry>;
  close(): Promise<void>;
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
  #head: StoredHead | undefined;
  #base: HeadRecord | undefined;
  /** removes what a slot held that is not in use any more; never rejects */
  #clearing: Promise<void> = Promise.resolve();
  #committing: Promise<void> | undefined;
  #failure: StoreError | undefined;

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
      store.#clearing = store.#sweep();
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
    this.#assertWritable();
    if (this.#committing !== undefined) throw new RangeError('a commit is under way');
    assertFollows(this.#head, finalized);
    this.#committing = this.#write(finalized);
    try {
      await this.#committing;
    } finally {
      this.#committing = undefined;
    }
  }

  async #write(finalized: FinalizedBlock): Promise<void> {
    const { hash, block, state } = finalized;
    const batch = await this.#fill((writes) => {
      this.#records.put(writes, finalized);
      if (this.#head === undefined) this.#records.genesis.put(writes, META.genesis, this.#genesisHash);
      this.#state.put(writes, state);
    });
    const before = this.#db.snapshot();
    this.#state.hold(before);
    try {
      await batch.write({ sync: true });
      // One synchronous turn: nobody reads between these lines.
      this.#state.release(state);
      this.#head = { height: block.header.height, hash, header: block.header };
    } catch (error) {
      this.#state.release({ values: [], nodes: [] });
      throw this.#fail(error, `write block ${block.header.height}`);
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
    this.#assertWritable();
    const known = await Promise.all(boundaries.map(({ header }) => this.boundary(header.epoch)));
    const unknown = boundaries.filter((_, index) => known[index] === undefined);
    if (unknown.length === 0) return;
    await this.#put('write the boundaries of epochs', (writes) => {
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
    this.#assertWritable();
    const hash = await this.hashByHeight(height);
    if (hash === undefined || certificate.kind !== FINAL || !equalBytes(hash, certificate.hash)) {
      throw new RangeError(`not a Final of the block at height ${height}`);
    }
    await this.#put(`write the certificate of block ${height}`, (writes) => {
      this.#records.certificates.put(writes, heightId(height), certificate);
    });
  }

  /** The state at the head. @throws {RangeError} without a head, or while a commit is under way */
  freeze(): FrozenState {
    const head = this.#head;
    if (head === undefined || this.#committing !== undefined) throw new RangeError('no head, or a commit is under way');
    const snapshot = this.#db.snapshot();
    const { values } = bucketsOf(this.#state.slot);
    return { head, entries: () => this.#bucket(values, snapshot), close: () => snapshot.close() };
  }

  /** The snapshot that was begun and not finished. @throws {StoreError} IO or CORRUPT */
  async unfinishedRestoration(): Promise<Restoration | undefined> {
    await this.#clearing;
    return Restoration.resume(this.#restorationOptions());
  }

  /** Begins to take a snapshot in, beside the state. @throws {StoreError} IO */
  async restore(boundary: EpochBoundary): Promise<Restoration> {
    this.#assertWritable();
    await this.#clearing;
    return Restoration.begin(this.#restorationOptions(), boundary);
  }

  /**
   * Makes the block of a whole restoration the head and what was restored the state: in one durable batch, or not at
   * all. What was the state before is removed afterwards.
   * @param onSwitched called in the turn in which head and state change: whoever builds on them changes with them
   * @throws {RangeError} when it is not whole, not above the head, or a commit is under way
   * @throws {StoreError} IO, as commit
   */
  async adopt(restoration: Restoration, onSwitched?: (head: StoredHead) => void): Promise<void> {
    this.#assertWritable();
    if (this.#committing !== undefined) throw new RangeError('a commit is under way');
    const { header } = restoration.boundary;
    if (!restoration.isWhole) throw new RangeError('a snapshot is not whole');
    if (restoration.slot === this.#state.slot || header.height <= (this.#head?.height ?? -1)) {
      throw new RangeError(`a snapshot of block ${header.height} is of no use any more`);
    }
    this.#committing = this.#switchTo(restoration, onSwitched);
    try {
      await this.#committing;
    } finally {
      this.#committing = undefined;
    }
  }

  async #switchTo(
    { boundary, slot, buckets }: Restoration,
    onSwitched: (head: StoredHead) => void = () => undefined,
  ): Promise<void> {
    const { header, certificate } = boundary;
    const { height } = header;
    const head = { height, hash: headerHash(header), header };
    const records = this.#records;
    await this.#put(`make the snapshot of block ${height} the state`, (writes) => {
      records.headers.put(writes, heightId(height), header);
      records.certificates.put(writes, heightId(height), certificate);
      records.heights.put(writes, head.hash, height);
      records.putBoundary(writes, boundary);
      records.head.put(writes, META.head, head);
      records.head.put(writes, META.base, head);
      records.slot.put(writes, META.slot, slot);
      if (this.#head === undefined) records.genesis.put(writes, META.genesis, this.#genesisHash);
      writes.del(records.restoration.key(META.restoration));
    });
    // One synchronous turn, as in #write.
    this.#state.switchTo(slot, buckets);
    this.#head = head;
    this.#base = head;
    onSwitched(head);
    // What is left when this fails, or the process dies on the way, goes when the slot is needed again.
    this.#clearing = clearSlot(this.#db, records, this.#state.other).catch(() => undefined);
  }

  /** Of a restoration that was overtaken by blocks, or whose slot was being cleared when the process ended. */
  async #sweep(): Promise<void> {
    try {
      const unfinished = await this.#records.restoration.get(META.restoration);
      const isOver = unfinished === undefined || this.#isFinal(unfinished.boundary.header.height);
      if (isOver && (await holdsAny(this.#db, this.#state.other))) {
        await clearSlot(this.#db, this.#records, this.#state.other);
      }
    } catch {
      // Nothing depends on it: what is left goes when the slot is needed.
    }
  }

  #restorationOptions() {
    const slot = this.#state.other;
    return { db: this.#db, records: this.#records, slot, buckets: this.#state.open(slot) };
  }

  /** The whole state at one finalized block, in the order of its keys. */
  async *entries(): AsyncGenerator<Entry> {
    const { snapshot, slot } = await this.#atHead();
    try {
      yield* this.#bucket(bucketsOf(slot).values, snapshot);
    } finally {
      await snapshot.close();
    }
  }

  /**
   * Checks the database against itself: state, tree, supply and the chain of headers. Blocks may be committed meanwhile.
   * @throws {StoreError} CORRUPT, saying what contradicts what, or IO
   */
  async verify(options: VerifyOptions = {}): Promise<Verification> {
    const { snapshot, head, base, slot } = await this.#atHead();
    try {
      if (head === undefined) throw new StoreError('CORRUPT', 'the database holds no block');
      const { height, header } = head;
      const linked = height + 1 - (base?.height ?? 0);
      const headers = Math.min(options.headers ?? linked, linked);
      await this.#records.checkLinks(height + 1 - headers, height);
      const values = this.#bucket(bucketsOf(slot).values, snapshot);
      const nodes = this.#bucket(bucketsOf(slot).nodes, snapshot);
      const { entries, supply, initial } = await verifyState(header.stateRoot, values, nodes);
      if (options.supply !== undefined && initial !== options.supply) {
        throw new StoreError('CORRUPT', `the state began with ${initial} units, genesis has ${options.supply}`);
      }
      return { height, stateRoot: header.stateRoot, entries, supply, headers };
    } finally {
      await snapshot.close();
    }
  }

  /** Waits for a commit under way, then lets others open the database. */
  async close(): Promise<void> {
    while (this.#committing !== undefined) await this.#settled();
    await this.#clearing;
    await this.#held.close();
  }

  /** In one durable batch, or not at all. */
  async #put(doing: string, fill: (batch: Batch) => void): Promise<void> {
    const batch = await this.#fill(fill);
    try {
      await batch.write({ sync: true });
    } catch (error) {
      throw this.#fail(error, doing);
    }
  }

  /** A batch holds memory of the database until it is written or closed, also when a value does not encode. */
  async #fill(fill: (batch: Batch) => void): Promise<Batch> {
    const batch = this.#db.batch();
    try {
      fill(batch);
    } catch (error) {
      await batch.close();
      throw error;
    }
    return batch;
  }

  async *#bucket(bucket: Bucket, snapshot: Snapshot): AsyncGenerator<Entry> {
    try {
      for await (const [key, value] of this.#db.iterator({ ...bucketRange(bucket), snapshot })) {
        yield [key.slice(1), plainBytes(value)];
      }
    } catch (error) {
      throw toStoreError(error, 'read the state');
    }
  }

  /** The database at the head, whatever is committed meanwhile. */
  async #atHead(): Promise<{ snapshot: Snapshot; slot: number } & Pick<Opened, 'head' | 'base'>> {
    while (this.#committing !== undefined) await this.#settled();
    return { snapshot: this.#db.snapshot(), head: this.#head, base: this.#base, slot: this.#state.slot };
  }

  /** Who asked for the commit hears of its failure; here only its end matters. */
  async #settled(): Promise<void> {
    await this.#committing?.catch(() => undefined);
  }

  #isFinal(height: number): boolean {
    return this.#head !== undefined && height <= this.#head.height;
  }

  #assertWritable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #fail(error: unknown, doing: string): StoreError {
    this.#failure = toStoreError(error, `${doing}; nothing more is written until the database is opened again`);
    return this.#failure;
  }
}
