// The boundary of a sample chain at its head, as if its block were the last of an epoch, and the walk over a snapshot's
// chunks.

import type { Hash } from '../../src/primitives/hash.ts';
import { type EpochBoundary, SnapshotChunk } from '../../src/primitives/snapshot.ts';
import { type CheckedChunk, checkChunk, subtreeEnd } from '../../src/state/chunk.ts';
import type { ChainStore } from '../../src/store/chain-store.ts';
import type { Snapshots } from '../../src/store/snapshots.ts';
import { certificateOf } from './sample-chain.ts';

export function boundaryAtHead(store: ChainStore): EpochBoundary {
  if (store.head === undefined) throw new Error('the chain has no block');
  const { hash, height, header } = store.head;
  return { header, certificate: certificateOf(hash, Math.max(1, height)), validators: [] };
}

/** All chunks of a snapshot in tree order, each checked. */
export async function chunksOf(snapshots: Snapshots, hash: Hash, root: Hash): Promise<CheckedChunk[]> {
  const chunks: CheckedChunk[] = [];
  for (let position: Hash | undefined = new Uint8Array(32); position !== undefined; ) {
    const bytes = await snapshots.chunk(hash, position);
    if (bytes === undefined) throw new Error('the snapshot is gone');
    const checked = checkChunk(root, position, SnapshotChunk.deserialize(bytes));
    if (typeof checked === 'string') throw new Error(checked);
    chunks.push(checked);
    position = subtreeEnd(checked);
  }
  return chunks;
}
