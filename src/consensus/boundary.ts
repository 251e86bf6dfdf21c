// The boundary of an epoch: the first block at or after its end. It is the epoch's last one.

import type { Header } from '../primitives/block.ts';
import type { InstanceStart } from './types.ts';

/** Whether a block of the chain is the last one of the instance's epoch. */
export function isBoundary(header: Header, { epoch, epochEnd }: Pick<InstanceStart, 'epoch' | 'epochEnd'>): boolean {
  return header.epoch === epoch && header.timestamp >= epochEnd;
}
