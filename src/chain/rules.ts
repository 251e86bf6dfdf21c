// The rules of a header against its parent and the epoch (docs/protocol.md §6), and the names of all the ways in which a
// block is invalid. The signature of the proposal and the clock are for consensus to judge.

import type { InvalidReason } from '../ledger/rules.ts';
import { type Address, addressKey } from '../primitives/address.ts';
import { type Header, type Justification, justificationHash } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { transactionsRoot } from './body.ts';
import type { Lineage } from './epochs.ts';

export type BlockFault =
  /** the header does not commit to this body's transactions: see `isBodyFault` */
  | 'TRANSACTIONS_ROOT'
  /** the header does not commit to this body's justification: see `isBodyFault` */
  | 'JUSTIFICATION_HASH'
  /** not the proposer that was expected, or no member of the epoch */
  | 'PROPOSER'
  /** ssz(Block) is above the parameter `maxBlockBytes` */
  | 'TOO_LARGE'
  /** none, one of another block, epoch or kind than must be, without a quorum or with a signature that does not hold */
  | 'PARENT_CERTIFICATE'
  /** one that may not be recorded, or whose signature does not hold */
  | 'LATE_VOTES'
  /** not the set of the block's epoch */
  | 'VALIDATORS_ROOT'
  /** not the set of the next block's epoch */
  | 'NEXT_VALIDATORS_ROOT'
  /** not the parent's plus one */
  | 'HEIGHT'
  /** not the parent's, or after a boundary not the next */
  | 'EPOCH'
  /** not after the parent's */
  | 'TIMESTAMP'
  /** it is not, and can't come to be, a descendant of the newest finalized block */
  | 'CONFLICTS_WITH_FINALIZED'
  /** bytes that are no transaction */
  | 'BAD_ENCODING'
  | 'BAD_SIGNATURE'
  /** a transaction that is not valid at its position; the detail says which and why */
  | 'INVALID_TRANSACTION'
  | 'RECEIPTS_ROOT'
  | 'STATE_ROOT';

export interface Fault {
  readonly valid: false;
  readonly reason: BlockFault;
  /** for people; may change */
  readonly detail: string;
}

export function fault(reason: BlockFault, detail: string): Fault {
  return { valid: false, reason, detail };
}

/** Whether a fault is one of the body that came with the header: the sender's doing, and nothing against the hash. */
export function isBodyFault(reason: BlockFault): boolean {
  return reason === 'TRANSACTIONS_ROOT' || reason === 'JUSTIFICATION_HASH';
}

export function transactionFault(index: number, invalid: InvalidReason): Fault {
  return fault('INVALID_TRANSACTION', `transaction ${index}: ${invalid}`);
}

/** Whether the header is this body's. */
export function checkBody(header: Header, justification: Justification, ids: readonly Hash[]): Fault | undefined {
  if (!equalBytes(header.transactionsRoot, transactionsRoot(ids))) {
    return fault('TRANSACTIONS_ROOT', 'the transactions are not those of the header');
  }
  if (!equalBytes(header.justificationHash, justificationHash(justification))) {
    return fault('JUSTIFICATION_HASH', 'the justification is not that of the header');
  }
  return undefined;
}

/** What of a header is known before its block is executed. */
export type HeaderFrame = Pick<Header, 'height' | 'epoch' | 'timestamp' | 'proposer' | 'validatorsRoot'>;

/** How a header must follow its parent's. */
export function checkAgainstParent(header: HeaderFrame, { parent, epoch }: Lineage): Fault | undefined {
  const { height, timestamp } = parent.header;
  if (header.height !== height + 1) {
    return fault('HEIGHT', `height ${header.height} on a parent of height ${height}`);
  }
  if (header.epoch !== epoch.record.epoch) {
    return fault('EPOCH', `epoch ${header.epoch} where ${epoch.record.epoch} is due`);
  }
  if (header.timestamp <= timestamp) {
    return fault('TIMESTAMP', `time ${header.timestamp} on a parent of time ${timestamp}`);
  }
  if (!epoch.proposers.has(addressKey(header.proposer))) {
    return fault('PROPOSER', `${toHex(header.proposer)} is no member of epoch ${header.epoch}`);
  }
  if (!equalBytes(header.validatorsRoot, epoch.members.root)) {
    return fault('VALIDATORS_ROOT', `not the validator set of epoch ${header.epoch}`);
  }
  return undefined;
}

/** @param bytes ssz(Block) */
export function checkSize(bytes: number, { epoch }: Lineage): Fault | undefined {
  const { maxBlockBytes } = epoch.record.parameters;
  return bytes > maxBlockBytes ? fault('TOO_LARGE', `${bytes} bytes, at most ${maxBlockBytes}`) : undefined;
}

/** @param expected the slot's leader; undefined when that is settled elsewhere */
export function checkProposer(header: Header, expected: Address | undefined): Fault | undefined {
  if (expected === undefined || equalBytes(header.proposer, expected)) return undefined;
  return fault('PROPOSER', `${toHex(header.proposer)} instead of ${toHex(expected)}`);
}
