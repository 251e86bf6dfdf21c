// The first byte of every key in the chain database says what the record is. Append only: a number once used
// is never given to anything else, or old databases would be misread.

export const BUCKETS = {
  /** name → what there is one of: see META */
  meta: 1,
  /** height → ssz(Header) */
  header: 2,
  /** height → ssz(Block) */
  block: 3,
  /** height → ssz(BlockReceipts) */
  receipts: 4,
  /** height → ssz(Certificate); none when the block was finalized by a descendant's */
  certificate: 5,
  /** header hash → height, 8 bytes */
  heightByHash: 6,
  /** transaction id → ssz(TransactionLocation) */
  transaction: 7,
  /** state key → state value, current version only */
  stateValue: 8,
  /** path in the state tree → encoded node, current version only */
  stateNode: 9,
  /** epoch ‖ validator's public key ‖ slot ‖ kind → ssz(Evidence) */
  evidence: 10,
  /** epoch → ssz(EpochBoundary) of its last block, with the epoch's set */
  boundary: 11,
  /** as stateValue and stateNode: one pair has the state, in the other one a snapshot may be in the making; see META.slot */
  otherStateValue: 12,
  otherStateNode: 13,
} as const;

export type Bucket = (typeof BUCKETS)[keyof typeof BUCKETS];

/** Names in the meta bucket; append only as well. */
export const META = {
  /** sha256(ssz(Genesis)) of the chain */
  genesis: Uint8Array.of(1),
  /** ssz(HeadRecord) */
  head: Uint8Array.of(2),
  /** which of STATE_SLOTS has the state, one byte; the first where there is no record */
  slot: Uint8Array.of(3),
  /** ssz(HeadRecord): the block whose state was taken from a snapshot; blocks up to it may be missing */
  base: Uint8Array.of(4),
  /** ssz(RestorationRecord): what the other slot has of a snapshot; without it what is there is of no use */
  restoration: Uint8Array.of(5),
} as const;

/** Where a state is: a snapshot is put beside the present state, and one byte then says that it is the state. */
export const STATE_SLOTS = [
  { values: BUCKETS.stateValue, nodes: BUCKETS.stateNode },
  { values: BUCKETS.otherStateValue, nodes: BUCKETS.otherStateNode },
] as const;

export function bucketKey(bucket: Bucket, id: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + id.length);
  key[0] = bucket;
  key.set(id, 1);
  return key;
}

/** Every key of a bucket, for iterators. */
export function bucketRange(bucket: Bucket): { gte: Uint8Array; lt: Uint8Array } {
  return { gte: Uint8Array.of(bucket), lt: Uint8Array.of(bucket + 1) };
}

/** Heights as keys are big-endian, so that LevelDB's order is theirs. */
export function heightId(height: number): Uint8Array {
  const id = new Uint8Array(8);
  new DataView(id.buffer).setBigUint64(0, BigInt(height));
  return id;
}
