// Executes one block on the state of its parent: what comes before its transactions, they themselves, and what comes
// after. The same step builds blocks and verifies them, so that what a leader builds is what everybody else computes.

import { type BlockFrame, beginBlock, endBlock } from '../ledger/block.ts';
import { executeTransaction } from '../ledger/execute.ts';
import { checkTransaction, type InvalidReason } from '../ledger/rules.ts';
import type { Receipt } from '../primitives/receipt.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';
import { Overlay } from '../state/overlay.ts';
import type { TreeSource } from '../state/view.ts';

/** What a block does to its parent's state. */
export interface Execution {
  /** those executed, in order */
  readonly envelopes: readonly TransactionEnvelope[];
  /** one for each of them */
  readonly receipts: Receipt[];
  /** sealed: its root is the state root after the block */
  readonly overlay: Overlay;
}

/** The first transaction that the block may not hold at its position. */
export interface InvalidTransaction {
  readonly index: number;
  readonly invalid: InvalidReason;
}

/**
 * For a block being built: what is not valid at its turn is left out.
 * @param frame without a fault
 */
export function executeValid(
  parent: TreeSource,
  envelopes: readonly TransactionEnvelope[],
  frame: BlockFrame,
): Execution {
  const overlay = new Overlay(parent);
  const context = beginBlock(overlay, frame);
  const receipts: Receipt[] = [];
  const executed: TransactionEnvelope[] = [];
  for (const envelope of envelopes) {
    if (checkTransaction(overlay, envelope, context) !== undefined) continue;
    receipts.push(executeTransaction(overlay, envelope, context));
    executed.push(envelope);
  }
  endBlock(overlay, context);
  overlay.seal();
  return { envelopes: executed, receipts, overlay };
}

/**
 * For a block that somebody built: all of its transactions, or the first that is not valid.
 * @param frame without a fault
 */
export function executeAll(
  parent: TreeSource,
  envelopes: readonly TransactionEnvelope[],
  frame: BlockFrame,
): Execution | InvalidTransaction {
  const overlay = new Overlay(parent);
  const context = beginBlock(overlay, frame);
  const receipts: Receipt[] = [];
  for (const [index, envelope] of envelopes.entries()) {
    const invalid = checkTransaction(overlay, envelope, context);
    if (invalid !== undefined) return { index, invalid };
    receipts.push(executeTransaction(overlay, envelope, context));
  }
  endBlock(overlay, context);
  overlay.seal();
  return { envelopes, receipts, overlay };
}
