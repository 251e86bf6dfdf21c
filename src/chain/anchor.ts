// Where consensus goes on after a restart or a catch-up, read from the store.

import type { Anchor } from '../consensus/types.ts';
import { currentEpoch } from '../ledger/records.ts';
import { FINAL } from '../primitives/consensus.ts';
import type { ChainStore } from '../store/chain-store.ts';

/**
 * The newest stored block of the present epoch with a Final: blocks above it were committed by a Final that consensus
 * will meet again. Where the epoch has none yet it is slot 0: the last block of the epoch before, with its Final, or
 * genesis, which needs none.
 */
export async function presentAnchor(store: ChainStore): Promise<Anchor> {
  const { startHeight } = currentEpoch(store);
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
