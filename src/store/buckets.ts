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
} as const;

export type Bucket = (typeof BUCKETS)[keyof typeof BUCKETS];

/** Names in the meta bucket; append only as well. */
export const META = {
  /** sha256(ssz(Genesis)) of the chain */
  genesis: Uint8Array.of(1),
  /** ssz(HeadRecord) */
  head: Uint8Array.of(2),
} as const;

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
