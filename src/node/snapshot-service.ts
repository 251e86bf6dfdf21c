// What this node answers those who want to begin from a snapshot: what it has, the boundaries that lead there, and chunks.

import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import {
  EpochBoundary,
  MAX_BOUNDARIES_PER_REQUEST,
  SnapshotOffers,
  type SnapshotRequest,
} from '../primitives/snapshot.ts';
import type { ChainStore } from '../store/chain-store.ts';
import type { Snapshots } from '../store/snapshots.ts';

export interface SnapshotServiceOptions {
  readonly store: Pick<ChainStore, 'boundary'>;
  readonly snapshots: Pick<Snapshots, 'offers' | 'chunk'>;
}

export async function* snapshotService(
  { store, snapshots }: SnapshotServiceOptions,
  request: SnapshotRequest,
): AsyncGenerator<Uint8Array> {
  switch (request.selector) {
    case 0: {
      const offers = snapshots.offers.filter(({ height }) => height > request.value.above);
      yield SnapshotOffers.serialize([...offers]);
      return;
    }
    case 1:
      yield* boundaries(store, request.value);
      return;
    case 2: {
      const chunk = await snapshots.chunk(request.value.hash, request.value.position);
      if (chunk !== undefined) yield chunk;
    }
  }
}

async function* boundaries(
  store: SnapshotServiceOptions['store'],
  { from, count }: { readonly from: number; readonly count: number },
): AsyncGenerator<Uint8Array> {
  let sent: Hash | undefined;
  for (let epoch = from; epoch < from + Math.min(count, MAX_BOUNDARIES_PER_REQUEST); epoch++) {
    const boundary = await store.boundary(epoch);
    if (boundary === undefined) return;
    const root = boundary.header.validatorsRoot;
    const isKnown = sent !== undefined && equalBytes(sent, root);
    yield EpochBoundary.serialize(isKnown ? { ...boundary, validators: null } : boundary);
    sent = root;
  }
}
