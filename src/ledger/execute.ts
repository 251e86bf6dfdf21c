// What a transaction does to the state: takes the fee, uses the nonce, then does its action wholly or not at all.
// Executing is a pure function of state, transaction and block context; nothing here awaits or throws at a user's doing.
// Each kind of action has its file; one that fails has written nothing.

import type { Account } from '../primitives/account.ts';
import type { Address } from '../primitives/address.ts';
import { RECEIPT_CODES, type Receipt, type ReceiptCode } from '../primitives/receipt.ts';
import type { Transaction, TransactionAction, TransactionEnvelope } from '../primitives/transaction.ts';
import { getAccount, getFeePool, type LedgerState, setAccount, setFeePool } from './accounts.ts';
import type { BlockContext } from './block.ts';
import { punishEquivocation } from './equivocation.ts';
import { castVote, propose } from './governance.ts';
import { outputsOf, sumOf } from './outputs.ts';
import { register, unjail, update } from './registration.ts';
import { stake, unstake } from './staking.ts';
import { transfer } from './transfers.ts';

/** What the sender spends at most, and must have, for the transaction to succeed: fee and amounts, in units. May exceed 64 bits. */
export function totalDebit({ fee, action }: Transaction): bigint {
  if (action.selector === 2) return fee + action.value.selfBond;
  if (action.selector === 4) return fee + action.value.amount;
  return fee + sumOf(outputsOf(action));
}

/**
 * Executes a transaction for which `checkTransaction` has just found nothing on the same state.
 * A failed action leaves no trace but the fee and the nonce.
 */
export function executeTransaction(state: LedgerState, envelope: TransactionEnvelope, context: BlockContext): Receipt {
  const { fee, action } = envelope.signed.transaction;
  const { balance, nonce } = getAccount(state, envelope.from);
  const sender: Account = { balance: balance - fee, nonce: nonce + 1 };
  setFeePool(state, getFeePool(state) + fee);
  const code = perform(state, envelope.from, sender, action, context);
  return { transactionId: envelope.id, code: RECEIPT_CODES.indexOf(code), fee };
}

/**
 * @param sender its account, fee and nonce taken, which is not in the state yet: transfers, which are most of all
 *   transactions, write it once and for all
 */
function perform(
  state: LedgerState,
  from: Address,
  sender: Account,
  action: TransactionAction,
  context: BlockContext,
): ReceiptCode {
  if (action.selector === 0 || action.selector === 1) return transfer(state, from, sender, outputsOf(action));
  setAccount(state, from, sender);
  switch (action.selector) {
    case 2:
      return register(state, from, action.value, context);
    case 3:
      return update(state, from, action.value, context);
    case 4:
      return stake(state, from, action.value, context);
    case 5:
      return unstake(state, from, action.value, context);
    case 6:
      return unjail(state, from, action.value, context);
    case 7:
      return punishEquivocation(state, from, action.value, context);
    case 8:
      return propose(state, from, action.value, context);
    case 9:
      return castVote(state, from, action.value, context);
  }
}
