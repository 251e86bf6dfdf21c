// What members that tell different peers different things share: who gets to see which of two blocks of one slot, so
// that several of them tell the same story to the same listener.

import { type Block, headerHash } from '../../../src/primitives/block.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import { sha256 } from '../../../src/primitives/hash.ts';
import type { FaultyNode } from '../behaviour.ts';

/** Whether a peer is among those that get the second block. */
export function isOnOtherSide(peer: number, node: FaultyNode): boolean {
  return node.once(`side of ${peer}`, () => node.random.chance(0.5));
}

/** A second block for the slot of the first, the same whoever asks; undefined: its parent is unknown here. */
export function twinOf(block: Block, node: FaultyNode): Block | undefined {
  const twins = node.once('twins', () => new Map<string, Block>());
  const hashHex = toHex(headerHash(block.header));
  const known = twins.get(hashHex);
  const twin = known ?? node.variant(block, { transactionsRoot: sha256(block.header.transactionsRoot) });
  if (twin === undefined) return undefined;
  twins.set(hashHex, twin);
  node.keep(twin);
  return twin;
}
