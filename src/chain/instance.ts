// Where consensus goes on after a start, a boundary or a catch-up: the present epoch's instance, as the store knows it.

import type { Anchor, InstanceStart } from '../consensus/types.ts';
import { headerHash } from '../primitives/block.ts';
import { FINAL } from '../primitives/consensus.ts';
import { epochEnd } from '../primitives/epoch.ts';
import type { ChainStore } from '../store/chain-store.ts';
import { assertSpoken, type Epochs } from './epochs.ts';

/** All but the node's own seat. Of one moment, while the chain may go on. @throws {ChainError} UPGRADE_REQUIRED */
export async function presentInstance(store: ChainStore, epochs: Epochs): Promise<Omit<InstanceStart, 'self'>> {
  const { record, members } = epochs.present(store);
  assertSpoken(record);
  const { epoch, parameters, startHeight } = record;
  const previous = epochs.find(store, epoch - 1)?.members;
  const anchor = await newestFinal(store, startHeight);
  return { epoch, members, previous, parameters, anchor, epochEnd: epochEnd(record) };
}

/**
 * The newest block of the epoch with a Final: blocks above it were committed by a Final that consensus will meet again.
 * Where the epoch has none yet it is slot 0: the last block of the epoch before, with its Final, or genesis, which
 * needs none.
 */
async function newestFinal(store: ChainStore, startHeight: number): Promise<Anchor> {
  for (let height = store.head?.height ?? 0; height > startHeight; height--) {
    const certificate = await store.certificateByHeight(height);
    const header = certificate?.kind === FINAL ? await store.headerByHeight(height) : undefined;
    if (certificate !== undefined && header !== undefined) {
      return { slot: certificate.slot, hash: headerHash(header), header, certificate };
    }
  }
  // Of a block whose state came from a snapshot there is no more than that.
  const header = await store.headerByHeight(startHeight);
  if (header === undefined) throw new Error('an open chain has the header that its epoch builds on');
  return { slot: 0, hash: headerHash(header), header, certificate: await store.certificateByHeight(startHeight) };
}
