// Where consensus goes on after a start, a boundary or a catch-up: the present epoch's instance, as the store knows it.

import type { Anchor, InstanceStart } from '../consensus/types.ts';
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
    const stored = await store.blockByHeight(height);
    if (stored?.certificate?.kind === FINAL) {
      const { hash, block, certificate } = stored;
      return { slot: certificate.slot, hash, header: block.header, certificate };
    }
  }
  const first = await store.blockByHeight(startHeight);
  if (first === undefined) throw new Error('an open chain has the block that its epoch builds on');
  return { slot: 0, hash: first.hash, header: first.block.header, certificate: first.certificate };
}
