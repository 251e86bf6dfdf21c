// The outputs of an action: whom it pays at once. The rules of fees and the mempool see only that.

import { addressKey } from '../primitives/address.ts';
import type { Output, TransactionAction } from '../primitives/transaction.ts';
import { findAccount, type LedgerReader } from './accounts.ts';

/** Whom an action pays, in order; an address may occur more than once. Only transfers pay anybody. */
export function outputsOf(action: TransactionAction): readonly Readonly<Output>[] {
  if (action.selector === 0) return [action.value];
  return action.selector === 1 ? action.value.outputs : [];
}

/** May exceed 64 bits. */
export function sumOf(outputs: readonly Readonly<Output>[]): bigint {
  let sum = 0n;
  for (const { amount } of outputs) sum += amount;
  return sum;
}

/**
 * How many accounts the action would create: distinct addresses among its outputs without a record.
 * @param limit counting stops above it, for callers who only ask whether there are more
 */
export function countNewAccounts(state: LedgerReader, action: TransactionAction, limit = Infinity): number {
  const created = new Set<string>();
  for (const { to } of outputsOf(action)) {
    if (created.size > limit) break;
    if (findAccount(state, to) === undefined) created.add(addressKey(to));
  }
  return created.size;
}
