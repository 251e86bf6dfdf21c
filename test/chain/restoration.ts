// A node's state on its way into the store of another one.

import { join } from 'node:path';
import type { EpochBoundary } from '../../src/primitives/snapshot.ts';
import type { Restoration } from '../../src/store/restoration.ts';
import { Snapshots } from '../../src/store/snapshots.ts';
import { chunksOf } from '../store/boundary.ts';
import type { Node } from './fixture.ts';

/** A whole restoration of the source's state at its head, the last block of an epoch. @param directory for the snapshot */
export async function restorationOf(source: Node, target: Node, directory: string): Promise<Restoration> {
  const snapshots = await Snapshots.open(join(directory, 'snapshots'), { keep: 1, rest: async () => undefined });
  await snapshots.make(source.store.freeze());
  const { hash, header } = source.chain.head;
  const restoration = await target.store.restore((await source.store.boundary(header.epoch)) as EpochBoundary);
  for (const chunk of await chunksOf(snapshots, hash, header.stateRoot)) await restoration.add(chunk);
  return restoration;
}
