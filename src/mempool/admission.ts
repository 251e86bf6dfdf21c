// The rules by which a transaction enters the mempool (docs/protocol.md §3), all but the signature. They look at the
// newest finalized account, at what the sender has waiting, and change nothing.

import { getAccount, type LedgerReader } from '../ledger/accounts.ts';
import { totalDebit } from '../ledger/execute.ts';
import { checkTransaction, type InvalidReason } from '../ledger/rules.ts';
import { Account, accountKey } from '../primitives/account.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Parameters } from '../primitives/parameters.ts';
import type { TransactionEnvelope } from '../primitives/transaction.ts';
import { type MempoolLimits, REPLACEMENT_PERCENT } from './limits.ts';
import { atNonce, type Entry, entryOf, type SenderQueue } from './pool.ts';
import { type Rejection, rejected } from './results.ts';

/** The newest finalized block as the mempool sees it. */
export interface MempoolHead {
  readonly state: LedgerReader;
  /** ms */
  readonly timestamp: number;
  /** of the next block's epoch */
  readonly parameters: Parameters;
}

export interface AdmissionContext {
  readonly head: MempoolHead;
  /** the sender's key */
  readonly sender: string;
  /** what the sender has waiting */
  readonly queue: SenderQueue | undefined;
  /** whether the sender's transaction with this nonce is being checked and may be waiting soon */
  readonly isArriving: (nonce: number) => boolean;
  readonly limits: Readonly<MempoolLimits>;
}

/** The entry to insert, or why not. */
export function admit(envelope: TransactionEnvelope, context: AdmissionContext): Entry | Rejection {
  const { head, sender, queue, limits } = context;
  const { parameters } = head;
  const { nonce, fee } = envelope.signed.transaction;
  const account = getAccount(head.state, envelope.from);
  const next = nextNonce(queue, account);
  if (nonce < account.nonce) return rejected('NONCE_TOO_LOW', `the next nonce of the sender is ${next}`);
  if (nonce > next && !context.isArriving(nonce - 1)) {
    return rejected('NONCE_TOO_HIGH', `the next nonce of the sender is ${next}`);
  }
  if (nonce - account.nonce >= limits.maxPerSender) {
    return rejected('SENDER_LIMIT', `a sender may have ${limits.maxPerSender} transactions waiting`);
  }
  const invalid = checkTransaction(atTurn(head.state, envelope, account), envelope, {
    parameters,
    // The next block's time is later than the head's.
    timestamp: head.timestamp + 1,
  });
  if (invalid !== undefined) return rejected(invalid, DETAILS[invalid]);
  const replaced = queue && atNonce(queue, nonce);
  if (replaced !== undefined) {
    const least = leastReplacementFee(replaced.envelope.signed.transaction.fee, parameters.minFee);
    if (fee < least)
      return rejected('REPLACEMENT_FEE_TOO_LOW', `to replace this nonce the fee must be ${least} or more`);
  }
  const entry = entryOf(envelope, sender, totalDebit(envelope.signed.transaction));
  const waiting = waitingDebit(queue, account.nonce) - (replaced?.debit ?? 0n);
  if (waiting + entry.debit > account.balance) {
    return rejected('INSUFFICIENT_FUNDS', `${entry.debit} does not fit into ${account.balance - waiting} left`);
  }
  return entry;
}

/** The nonce after the last one waiting. */
export function nextNonce(queue: SenderQueue | undefined, account: Readonly<Account>): number {
  return Math.max(account.nonce, (queue?.entries.at(-1)?.nonce ?? -1) + 1);
}

/** The first entry at which the debits of those waiting pass the balance. */
export function firstUncovered(queue: SenderQueue, account: Readonly<Account>): Entry | undefined {
  let debit = 0n;
  return queue.entries.find((entry) => {
    debit += entry.debit;
    return debit > account.balance;
  });
}

/** Those below the account's nonce are final already and about to leave. */
function waitingDebit(queue: SenderQueue | undefined, nonce: number): bigint {
  let debit = 0n;
  for (const entry of queue?.entries ?? []) if (entry.nonce >= nonce) debit += entry.debit;
  return debit;
}

function leastReplacementFee(fee: bigint, minFee: bigint): bigint {
  const raise = (fee * REPLACEMENT_PERCENT + 99n) / 100n;
  return fee + (raise > minFee ? raise : minFee);
}

/** The state as it will be when what comes before the transaction is included, as far as the rules ask for it. */
function atTurn(state: LedgerReader, envelope: TransactionEnvelope, account: Readonly<Account>): LedgerReader {
  const { nonce } = envelope.signed.transaction;
  const key = accountKey(envelope.from);
  if (nonce === account.nonce || state.get(key) === undefined) return state;
  const later = Account.serialize({ balance: account.balance, nonce });
  return { get: (wanted) => (equalBytes(wanted, key) ? later : state.get(wanted)) };
}

const DETAILS: Readonly<Record<InvalidReason, string>> = {
  NONCE_TOO_LOW: 'the nonce has been used',
  NONCE_TOO_HIGH: 'a nonce before this one is missing',
  EXPIRED: 'no later block may hold it: validUntil has passed',
  FEE_TOO_LOW: 'the fee is below the minimum for its size and the accounts it creates',
  INSUFFICIENT_FUNDS_FOR_FEE: 'the balance does not cover the fee',
  TOO_LARGE: 'the transaction has too many bytes',
};
