// SSZ types of what only the node's own database holds: never sent, hashed or signed.

import { ContainerType, ListCompositeType, OptionalType, type ValueOf } from '@chainsafe/ssz';
import { MAX_BLOCK_TRANSACTIONS } from './block.ts';
import { Receipt } from './receipt.ts';
import { EpochBoundary } from './snapshot.ts';
import { Bytes32, Uint8, Uint16, Uint32, Uint64 } from './ssz.ts';

/** The receipts of one block, in the order of its transactions. */
export const BlockReceipts = new ListCompositeType(Receipt, MAX_BLOCK_TRANSACTIONS);

/** Where a transaction is: the block's height and the position in its body. */
export const TransactionLocation = new ContainerType(
  { height: Uint64, index: Uint32 },
  { typeName: 'TransactionLocation' },
);

/** The newest finalized block. */
export const HeadRecord = new ContainerType({ height: Uint64, hash: Bytes32 }, { typeName: 'HeadRecord' });

/** Which pair of buckets has the state. */
export const SlotRecord = Uint8;

/** Parts of a snapshot that are fetched side by side. */
export const MAX_MISSING_RANGES = 16;
export const MissingRange = new ContainerType(
  { from: Bytes32, /** the first path after it; absent at the end of the tree */ to: new OptionalType(Bytes32) },
  { typeName: 'MissingRange' },
);
/** A snapshot that is being restored: of which block, and which paths are still to come. */
export const RestorationRecord = new ContainerType(
  {
    boundary: EpochBoundary,
    missing: new ListCompositeType(MissingRange, MAX_MISSING_RANGES),
    entries: Uint64,
    bytes: Uint64,
  },
  { typeName: 'RestorationRecord' },
);

/** Chunks of one snapshot: at 128 KiB or more each, a state of terabytes. */
const MAX_SNAPSHOT_CHUNKS = 1 << 24;
/** What a snapshot's file of chunks holds. */
export const SnapshotIndex = new ContainerType(
  {
    epoch: Uint64,
    height: Uint64,
    /** of the block */
    hash: Bytes32,
    stateRoot: Bytes32,
    entries: Uint64,
    /** in tree order, as in the file */
    chunks: new ListCompositeType(
      new ContainerType(
        {
          depth: Uint16,
          /** of the subtree */
          hash: Bytes32,
          /** ssz(StateEntries) in the file */
          bytes: Uint32,
          /** sha256 of these */
          digest: Bytes32,
        },
        { typeName: 'StoredChunk' },
      ),
      MAX_SNAPSHOT_CHUNKS,
    ),
  },
  { typeName: 'SnapshotIndex' },
);

export type MissingRange = ValueOf<typeof MissingRange>;
export type RestorationRecord = ValueOf<typeof RestorationRecord>;
export type SnapshotIndex = ValueOf<typeof SnapshotIndex>;
export type TransactionLocation = ValueOf<typeof TransactionLocation>;
export type HeadRecord = ValueOf<typeof HeadRecord>;
