// The records of finalized blocks: what is written for one, and how it is read back. Which blocks are final, and when
// they may be read, is the chain store's business.

import { Block, Header } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import { Certificate } from '../primitives/consensus.ts';
import { type Hash, sha256 } from '../primitives/hash.ts';
import type { Receipt } from '../primitives/receipt.ts';
import { EpochBoundary } from '../primitives/snapshot.ts';
import { Bytes32, Uint64 } from '../primitives/ssz.ts';
import {
  BlockReceipts,
  HeadRecord,
  RestorationRecord,
  SlotRecord,
  TransactionLocation,
} from '../primitives/storage.ts';
import type { Validator } from '../primitives/validators.ts';
import { BUCKETS, bucketKey, heightId, META } from './buckets.ts';
import type { Batch, Database } from './database.ts';
import { StoreError, toStoreError } from './errors.ts';
import { Repository } from './repository.ts';

/** A finalized block with what became of its transactions. */
export interface BlockRecord {
  /** of the header */
  readonly hash: Hash;
  readonly block: Block;
  /** one for each transaction, in their order */
  readonly receipts: Receipt[];
  /** Final or Notar; none when only a descendant's certificate finalized it */
  readonly certificate: Certificate | undefined;
}

export interface NewBlockRecord extends BlockRecord {
  /** in the order of the body */
  readonly transactionIds: readonly Hash[];
  /** where the block is the last of its epoch: the set of that epoch */
  readonly endsEpochOf?: readonly Validator[];
}

export class Records {
  readonly head: Repository<HeadRecord>;
  readonly genesis: Repository<Hash>;
  readonly headers: Repository<Header>;
  readonly blocks: Repository<Block>;
  readonly receipts: Repository<Receipt[]>;
  readonly certificates: Repository<Certificate>;
  readonly heights: Repository<number>;
  readonly transactions: Repository<TransactionLocation>;
  readonly boundaries: Repository<EpochBoundary>;
  readonly slot: Repository<number>;
  readonly restoration: Repository<RestorationRecord>;
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
    this.head = new Repository(db, BUCKETS.meta, HeadRecord);
    this.genesis = new Repository(db, BUCKETS.meta, Bytes32);
    this.headers = new Repository(db, BUCKETS.header, Header);
    this.blocks = new Repository(db, BUCKETS.block, Block);
    this.receipts = new Repository(db, BUCKETS.receipts, BlockReceipts);
    this.certificates = new Repository(db, BUCKETS.certificate, Certificate);
    this.heights = new Repository(db, BUCKETS.heightByHash, Uint64);
    this.transactions = new Repository(db, BUCKETS.transaction, TransactionLocation);
    this.boundaries = new Repository(db, BUCKETS.boundary, EpochBoundary);
    this.slot = new Repository(db, BUCKETS.meta, SlotRecord);
    this.restoration = new Repository(db, BUCKETS.meta, RestorationRecord);
  }

  /** Everything but the state that makes `record` the head. */
  put(batch: Batch, { hash, block, receipts, certificate, transactionIds, endsEpochOf }: NewBlockRecord): void {
    const height = block.header.height;
    const id = heightId(height);
    this.headers.put(batch, id, block.header);
    this.blocks.put(batch, id, block);
    this.receipts.put(batch, id, receipts);
    if (certificate !== undefined) this.certificates.put(batch, id, certificate);
    if (certificate !== undefined && endsEpochOf !== undefined) {
      this.putBoundary(batch, { header: block.header, certificate, validators: [...endsEpochOf] });
    }
    this.heights.put(batch, hash, height);
    transactionIds.forEach((transaction, index) => {
      this.transactions.put(batch, transaction, { height, index });
    });
    this.head.put(batch, META.head, { height, hash });
  }

  /** What makes the block of a restored snapshot the head and its slot that of the state. */
  putRestored(batch: Batch, head: HeadRecord, boundary: EpochBoundary, slot: number): void {
    const id = heightId(head.height);
    this.headers.put(batch, id, boundary.header);
    this.certificates.put(batch, id, boundary.certificate);
    this.heights.put(batch, head.hash, head.height);
    this.putBoundary(batch, boundary);
    this.head.put(batch, META.head, head);
    this.head.put(batch, META.base, head);
    this.slot.put(batch, META.slot, slot);
    batch.del(this.restoration.key(META.restoration));
  }

  putBoundary(batch: Batch, boundary: EpochBoundary): void {
    this.boundaries.put(batch, heightId(boundary.header.epoch), boundary);
  }

  /** @throws {StoreError} IO or CORRUPT */
  async block(height: number): Promise<BlockRecord | undefined> {
    const [bytes, receiptBytes, certificate] = await this.#together(height);
    const block = this.blocks.decode(bytes);
    if (block === undefined) return undefined;
    const receipts = this.receipts.decode(receiptBytes);
    if (receipts === undefined) throw new StoreError('CORRUPT', `the receipts of block ${height} are missing`);
    const hash = sha256(Header.serialize(block.header));
    return { hash, block, receipts, certificate: this.certificates.decode(certificate) };
  }

  async hash(height: number): Promise<Hash | undefined> {
    const header = await this.headers.bytes(heightId(height));
    return header && sha256(header);
  }

  /**
   * Walks the headers `from … to`, oldest first, and checks that each is there and names the one before it.
   * @throws {StoreError} CORRUPT, naming the height
   */
  async checkLinks(from: number, to: number): Promise<void> {
    const range = {
      gte: bucketKey(BUCKETS.header, heightId(from)),
      lte: bucketKey(BUCKETS.header, heightId(to)),
    };
    let height = from;
    let parent: Hash | undefined;
    try {
      for await (const bytes of this.#db.values(range)) {
        const header = this.headers.decode(bytes);
        if (header?.height !== height) break;
        if (parent !== undefined && toHex(parent) !== toHex(header.parent)) {
          throw new StoreError('CORRUPT', `block ${height} does not follow the stored block ${height - 1}`);
        }
        parent = sha256(bytes);
        height += 1;
      }
    } catch (error) {
      throw toStoreError(error, 'read the headers');
    }
    if (height !== to + 1) throw new StoreError('CORRUPT', `block ${height} is missing or misplaced`);
  }

  /** One round to the thread pool instead of three. */
  async #together(height: number): Promise<(Uint8Array | undefined)[]> {
    const id = heightId(height);
    try {
      return await this.#db.getMany([this.blocks.key(id), this.receipts.key(id), this.certificates.key(id)]);
    } catch (error) {
      throw toStoreError(error, `read block ${height}`);
    }
  }
}
