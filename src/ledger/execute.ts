// What a transaction does to the state: takes the fee, uses the nonce, then does its action wholly or not at all.
// Executing is a pure function of state, transaction and block context; nothing here awaits or throws at a user's doing.

import type { Account } from '../primitives/account.ts';
import { type Address, addressKey } from '../primitives/address.ts';
import { RECEIPT_CODES, type Receipt, type ReceiptCode } from '../primitives/receipt.ts';
import { MAX_AMOUNT } from '../primitives/ssz.ts';
import type { Output, Transaction, TransactionEnvelope } from '../primitives/transaction.ts';
import { getAccount, getFeePool, type LedgerReader, type LedgerState, setAccount, setFeePool } from './accounts.ts';
import type { BlockContext } from './block.ts';
import { outputsOf, sumOf } from './outputs.ts';

/** What the sender spends when the transaction succeeds: fee and amounts, in units. May exceed 64 bits. */
export function totalDebit(transaction: Transaction): bigint {
  return transaction.fee + sumOf(outputsOf(transaction.action));
}

/**
 * Executes a transaction for which `checkTransaction` has just found nothing on the same state.
 * A failed action leaves no trace but the fee and the nonce.
 */
export function executeTransaction(state: LedgerState, envelope: TransactionEnvelope, _context: BlockContext): Receipt {
  const { fee, action } = envelope.signed.transaction;
  const { balance, nonce } = getAccount(state, envelope.from);
  const sender: Account = { balance: balance - fee, nonce: nonce + 1 };
  setFeePool(state, getFeePool(state) + fee);

  const payment = pay(state, envelope.from, sender, outputsOf(action));
  if (payment.code === 'SUCCESS')
    for (const { address, account } of payment.accounts) setAccount(state, address, account);
  else setAccount(state, envelope.from, sender);
  return { transactionId: envelope.id, code: RECEIPT_CODES.indexOf(payment.code), fee };
}

interface Holder {
  readonly address: Address;
  readonly account: Account;
}

type Payment =
  | { readonly code: 'SUCCESS'; readonly accounts: Iterable<Holder> }
  | { readonly code: Exclude<ReceiptCode, 'SUCCESS'> };

/**
 * The accounts after the sender, who has paid its fee, pays the outputs in order; only reads the state.
 * The sender may be among those paid: it is debited first.
 */
function pay(state: LedgerReader, from: Address, sender: Account, outputs: readonly Readonly<Output>[]): Payment {
  if (outputs.length === 0) return { code: 'NO_OUTPUTS' };
  if (outputs.some(({ amount }) => amount === 0n)) return { code: 'ZERO_AMOUNT' };
  const sum = sumOf(outputs);
  if (sum > MAX_AMOUNT) return { code: 'AMOUNT_OVERFLOW' };
  if (sum > sender.balance) return { code: 'INSUFFICIENT_BALANCE' };

  const debited = { balance: sender.balance - sum, nonce: sender.nonce };
  const holders = new Map<string, Holder>([[addressKey(from), { address: from, account: debited }]]);
  for (const { to, amount } of outputs) {
    const id = addressKey(to);
    const { balance, nonce } = holders.get(id)?.account ?? getAccount(state, to);
    if (balance + amount > MAX_AMOUNT) return { code: 'AMOUNT_OVERFLOW' };
    holders.set(id, { address: to, account: { balance: balance + amount, nonce } });
  }
  return { code: 'SUCCESS', accounts: holders.values() };
}
