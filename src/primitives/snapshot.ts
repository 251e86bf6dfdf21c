// State snapshots (docs/protocol.md §4 and §8): the state after an epoch's last block in chunks, each with the proof that
// it is all of its part of the state, and the boundary headers by which a node comes to trust that block.

import {
  ByteListType,
  type CompositeType,
  ContainerType,
  ListCompositeType,
  OptionalType,
  type ValueOf,
} from '@chainsafe/ssz';
import { Header } from './block.ts';
import { Certificate, MAX_MEMBERS } from './consensus.ts';
import { Bytes32, TaggedUnionType, Uint16, Uint32, Uint64 } from './ssz.ts';
import { MAX_STATE_DEPTH } from './state-proof.ts';
import { Validator } from './validators.ts';

/** A namespace byte and at most two addresses or an address and a number: none comes near. */
export const MAX_STATE_KEY_BYTES = 128;
/** An epoch's record with 512 members has 31 kB, the longest there is. */
export const MAX_STATE_VALUE_BYTES = 128 * 1024;
/**
 * ssz of a chunk's entries, unless it is one alone. Some 5,000 accounts: what checking and storing them takes, about
 * 100 ms, is as long as a node should do nothing else.
 */
export const MAX_CHUNK_ENTRY_BYTES = 256 * 1024;
/** An entry's share of that beside key and value: the offsets of a list and of a container with two lists. */
export const ENTRY_OVERHEAD_BYTES = 12;
/** More entries of no bytes than that would have no room. */
export const MAX_CHUNK_ENTRIES = Math.floor(MAX_CHUNK_ENTRY_BYTES / ENTRY_OVERHEAD_BYTES);
/** Snapshots that one node offers; each is a copy of the state. */
export const MAX_SNAPSHOT_OFFERS = 8;
export const MAX_BOUNDARIES_PER_REQUEST = 128;

export const StateEntry = new ContainerType(
  { key: new ByteListType(MAX_STATE_KEY_BYTES), value: new ByteListType(MAX_STATE_VALUE_BYTES) },
  { typeName: 'StateEntry' },
);

/** In order of their paths. */
export const StateEntries = new ListCompositeType(StateEntry, MAX_CHUNK_ENTRIES, { typeName: 'StateEntries' });

/** All entries of one subtree of the state tree. Which subtree: the one of so many bits around the position asked for. */
export const SnapshotChunk = new ContainerType(
  {
    /** bits of the path that lead to the subtree; 0 is the whole state */
    depth: Uint16,
    /** the hashes beside that path, from the root down; as many as `depth` */
    siblings: new ListCompositeType(Bytes32, MAX_STATE_DEPTH),
    entries: StateEntries,
  },
  { typeName: 'SnapshotChunk' },
);

/** What a node has and what it takes to fetch it; nothing of it is believed but that it is worth trying. */
export const SnapshotOffer = new ContainerType(
  {
    /** that the block ends */
    epoch: Uint64,
    height: Uint64,
    hash: Bytes32,
    entries: Uint64,
    /** of all chunks' entries */
    bytes: Uint64,
  },
  { typeName: 'SnapshotOffer' },
);
/** Newest first. */
export const SnapshotOffers = new ListCompositeType(SnapshotOffer, MAX_SNAPSHOT_OFFERS);

/** The last block of an epoch, which a quorum of the epoch's set vouches for. */
export const EpochBoundary = new ContainerType(
  {
    header: Header,
    /** Final */
    certificate: Certificate,
    /** the set of the header's epoch; absent where it is that of the boundary before in the same answer */
    validators: new OptionalType(new ListCompositeType(Validator, MAX_MEMBERS)),
  },
  { typeName: 'EpochBoundary' },
);

/**
 * `snapshot/1`: selector 0 which snapshots there are of heights above the given one, 1 the boundaries of the epochs
 * `from … from + count − 1`, 2 the chunk that holds a path of the snapshot of the block with this hash.
 */
export const SnapshotRequest = new TaggedUnionType(
  ['OFFERS', 'BOUNDARIES', 'CHUNK'],
  [
    new ContainerType({ above: Uint64 }, { typeName: 'OffersRequest' }),
    new ContainerType({ from: Uint64, count: Uint32 }, { typeName: 'BoundariesRequest' }),
    new ContainerType({ hash: Bytes32, position: Bytes32 }, { typeName: 'ChunkRequest' }),
  ],
) as CompositeType<SnapshotRequest, SnapshotRequest, SnapshotRequest>;
export type SnapshotRequest =
  | { readonly selector: 0; value: { above: number } }
  | { readonly selector: 1; value: { from: number; count: number } }
  | { readonly selector: 2; value: { hash: Uint8Array; position: Uint8Array } };

export type StateEntry = ValueOf<typeof StateEntry>;
export type SnapshotChunk = ValueOf<typeof SnapshotChunk>;
export type SnapshotOffer = ValueOf<typeof SnapshotOffer>;
export type EpochBoundary = ValueOf<typeof EpochBoundary>;

/** Bytes that an entry takes in a chunk. */
export function entryBytes({ key, value }: StateEntry): number {
  return ENTRY_OVERHEAD_BYTES + key.length + value.length;
}
