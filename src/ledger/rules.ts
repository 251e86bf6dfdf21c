// Which transactions a block may hold, and what they must pay (docs/protocol.md §3). A block with one that breaks a
// rule here, at its position, is invalid. Signatures are not judged here: the verifier did, off the main thread.

import type { Parameters } from '../primitives/parameters.ts';
import { MAX_TRANSACTION_BYTES, type TransactionAction, type TransactionEnvelope } from '../primitives/transaction.ts';
import { findAccount, type LedgerReader } from './accounts.ts';
import { countNewAccounts, outputsOf } from './outputs.ts';

export type InvalidReason =
  /** the nonce was used */
  | 'NONCE_TOO_LOW'
  /** an earlier nonce was not used yet */
  | 'NONCE_TOO_HIGH'
  /** the block's time is past `validUntil` */
  | 'EXPIRED'
  /** the fee is below `minimumFee` */
  | 'FEE_TOO_LOW'
  /** the sender has no account, or its balance is below the fee */
  | 'INSUFFICIENT_FUNDS_FOR_FEE'
  /** more than `MAX_TRANSACTION_BYTES` */
  | 'TOO_LARGE';

/** What decides beside the state whether a transaction may stand in a block. */
export interface TransactionContext {
  readonly parameters: Parameters;
  /** the block's time, milliseconds since 1970 */
  readonly timestamp: number;
}

/**
 * The lowest fee that makes a transaction valid, in units; may exceed 64 bits.
 * @param newAccounts accounts that its action would create, see `countNewAccounts`
 */
export function minimumFee(envelope: TransactionEnvelope, parameters: Parameters, newAccounts: number): bigint {
  const { minFee, feePerByte, accountFee } = parameters;
  return minFee + BigInt(envelope.bytes.length) * feePerByte + BigInt(newAccounts) * accountFee;
}

/** Whether its fee is the minimum or more on this state: what `checkTransaction` calls FEE_TOO_LOW otherwise. */
export function paysMinimum(state: LedgerReader, envelope: TransactionEnvelope, parameters: Parameters): boolean {
  const { fee, action } = envelope.signed.transaction;
  const excess = fee - minimumFee(envelope, parameters, 0);
  return excess >= 0n && coversNewAccounts(state, action, excess, parameters.accountFee);
}

/**
 * Judges a transaction at its position in a block, where `state` is what the transactions before it have left.
 * Costs one look-up when a rule fails before the outputs matter, and at most one more per output.
 * @returns the first rule that is broken; undefined when the transaction may be executed
 */
export function checkTransaction(
  state: LedgerReader,
  envelope: TransactionEnvelope,
  context: TransactionContext,
): InvalidReason | undefined {
  const { nonce, fee, validUntil, action } = envelope.signed.transaction;
  if (envelope.bytes.length > MAX_TRANSACTION_BYTES) return 'TOO_LARGE';
  if (validUntil !== 0 && context.timestamp > validUntil) return 'EXPIRED';

  // Without a record there is nothing to pay with; were the minimum fee zero, such senders would make records for free.
  const account = findAccount(state, envelope.from);
  const expected = account?.nonce ?? 0;
  if (nonce < expected) return 'NONCE_TOO_LOW';
  if (nonce > expected) return 'NONCE_TOO_HIGH';
  const base = minimumFee(envelope, context.parameters, 0);
  if (fee < base) return 'FEE_TOO_LOW';
  if (account === undefined || account.balance < fee) return 'INSUFFICIENT_FUNDS_FOR_FEE';
  if (!coversNewAccounts(state, action, fee - base, context.parameters.accountFee)) return 'FEE_TOO_LOW';
  return undefined;
}

/** Whether what the fee holds above its base pays for the accounts created; looks at no output when it does anyway. */
function coversNewAccounts(
  state: LedgerReader,
  action: TransactionAction,
  excess: bigint,
  accountFee: bigint,
): boolean {
  if (BigInt(outputsOf(action).length) * accountFee <= excess) return true;
  const affordable = Number(excess / accountFee);
  return countNewAccounts(state, action, affordable) <= affordable;
}
