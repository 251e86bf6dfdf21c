// TRANSFER and MULTI_TRANSFER: units from the sender's account to others, all outputs or none (docs/protocol.md §3).

import type { Account } from '../primitives/account.ts';
import { type Address, addressKey } from '../primitives/address.ts';
import type { ReceiptCode } from '../primitives/receipt.ts';
import { MAX_AMOUNT } from '../primitives/ssz.ts';
import type { Output } from '../primitives/transaction.ts';
import { getAccount, type LedgerReader, type LedgerState, setAccount } from './accounts.ts';
import { sumOf } from './outputs.ts';

/**
 * Pays the outputs in order. The sender may be among those paid: it is debited first.
 * @param sender its account, fee and nonce taken, which is not in the state yet; it is written here, paid or not
 */
export function transfer(
  state: LedgerState,
  from: Address,
  sender: Account,
  outputs: readonly Readonly<Output>[],
): ReceiptCode {
  const payment = pay(state, from, sender, outputs);
  if (payment.code !== 'SUCCESS') {
    setAccount(state, from, sender);
    return payment.code;
  }
  for (const { address, account } of payment.accounts) setAccount(state, address, account);
  return 'SUCCESS';
}

interface Holder {
  readonly address: Address;
  readonly account: Account;
}

type Payment =
  | { readonly code: 'SUCCESS'; readonly accounts: Iterable<Holder> }
  | { readonly code: Exclude<ReceiptCode, 'SUCCESS'> };

/** The accounts of all concerned after the payment; only reads the state. */
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
