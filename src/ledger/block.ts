// What happens in a block before and after its transactions (docs/protocol.md §5, §6): who took part is recorded, offences
// are settled, what is due is paid out, and at an epoch's boundary the next one is prepared. Reads only the state, the
// header and the body.

import type { Header, Justification } from '../primitives/block.ts';
import { type EpochRecord, epochEnd } from '../primitives/epoch.ts';
import type { LedgerState } from './accounts.ts';
import { recordActivity } from './activity.ts';
import { closeEpoch } from './boundary.ts';
import { closeOffences } from './equivocation.ts';
import { currentEpoch } from './records.ts';
import type { TransactionContext } from './rules.ts';
import { payDue } from './unbonding.ts';

/** What of a block is known before it is executed. */
export interface BlockFrame {
  readonly header: Pick<Header, 'height' | 'timestamp' | 'parent' | 'proposer'>;
  readonly justification: Justification;
}

/** What a block says about itself to the transactions in it. */
export interface BlockContext extends TransactionContext {
  /** the block's own */
  readonly epoch: EpochRecord;
  readonly height: number;
}

/** Before the transactions. */
export function beginBlock(state: LedgerState, { header, justification }: BlockFrame): BlockContext {
  const epoch = currentEpoch(state);
  recordActivity(state, epoch, header, justification);
  // Offenders pay what they owe before anyone is paid.
  closeOffences(state, epoch, header.timestamp);
  payDue(state, epoch, header.timestamp);
  return { epoch, parameters: epoch.parameters, timestamp: header.timestamp, height: header.height };
}

/** After the transactions. @returns the epoch of the next block: another one after a boundary */
export function endBlock(state: LedgerState, context: BlockContext): EpochRecord {
  return context.timestamp < epochEnd(context.epoch) ? context.epoch : closeEpoch(state, context);
}
