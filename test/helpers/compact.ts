// Proposals that carry all their transactions: for tests in which nobody lacks any.

import type { BlockPort } from '../../src/consensus/ports.ts';
import type { Block, CompactBlock, CompactProposal, Proposal } from '../../src/primitives/block.ts';
import { sha256 } from '../../src/primitives/hash.ts';

export function carryingAll({ header, body }: Block): CompactBlock {
  const { justification, transactions } = body;
  return { header, justification, transactionIds: Array.from(transactions, sha256), carried: transactions };
}

export function compactProposal(proposal: Proposal): CompactProposal {
  return { ...proposal, block: carryingAll(proposal.block) };
}

/** Of a block that carries all. */
export function wholeOf({ header, justification, carried }: CompactBlock): Block {
  return { header, body: { justification, transactions: carried } };
}

export function wholeProposal(proposal: CompactProposal): Proposal {
  return { ...proposal, block: wholeOf(proposal.block) };
}

/** The part of a driver's blocks that deals with proposals on their way. */
export const CARRIES_ALL: Pick<BlockPort, 'compact' | 'compactHolds' | 'complete'> = {
  compact: carryingAll,
  compactHolds: () => true,
  complete: (_hash, block) => wholeOf(block),
};
