// What is answered for a transaction that the mempool was handed: at once or, if the caller wishes, when it is notarized
// or finalized.

import type { AddResult } from '../../mempool/results.ts';
import type { TransactionEnvelope } from '../../primitives/transaction.ts';
import { droppedProblem } from '../dropped.ts';
import { RpcProblem } from '../problems.ts';
import type { Expectation, WaitLevel } from '../tracker.ts';
import { type ReceiptView, receiptView } from '../views.ts';
import type { Caller, Services } from './method.ts';
import { type LocatedTransaction, locate, refuseDropped, type TransactionStatus } from './transactions.ts';

export interface SubmissionView {
  tx_hash: string;
  status: TransactionStatus;
  /** once it is in a block */
  receipt?: ReceiptView;
}

type Sources = Pick<Services, 'blocks' | 'mempool' | 'tracker' | 'timeoutMs'>;

/** Refusals that a transaction meets when it is already in the chain. */
const PERHAPS_INCLUDED: ReadonlySet<string> = new Set(['NONCE_TOO_LOW', 'EXPIRED']);

/**
 * @param result what the mempool said of it.
 * @param wait undefined answers at once.
 * @throws {RpcProblem} the mempool's refusal; DROPPED when it is let go meanwhile; TIMEOUT with the hash when the wait was too long.
 */
export async function settle(
  services: Sources,
  envelope: TransactionEnvelope,
  result: AddResult,
  wait: WaitLevel | undefined,
  caller: Caller,
): Promise<SubmissionView> {
  const pending = { tx_hash: envelope.idHex, status: 'pending' } as const;
  if (result.status === 'rejected') return included(services, envelope, result);
  if (wait !== undefined) return waitFor(services, envelope, wait, caller);
  if (result.status === 'accepted') return pending;
  const located = await locate(services, envelope.id);
  return located === undefined ? pending : locatedView(located);
}

/** Sending again what is already in the chain is no mistake. */
async function included(
  services: Sources,
  envelope: TransactionEnvelope,
  { code, detail }: AddResult & { status: 'rejected' },
): Promise<SubmissionView> {
  const located = PERHAPS_INCLUDED.has(code) ? await locate(services, envelope.id) : undefined;
  if (located !== undefined) return locatedView(located);
  throw new RpcProblem(code, detail, { tx_hash: envelope.idHex });
}

async function waitFor(
  services: Sources,
  { id, idHex }: TransactionEnvelope,
  wait: WaitLevel,
  caller: Caller,
): Promise<SubmissionView> {
  const expectation = services.tracker.expect(idHex, wait);
  if (expectation === undefined) {
    throw new RpcProblem(
      'RATE_LIMITED',
      'too many calls wait already; the transaction is pending, ask get_receipt later',
      {
        retry_after: 1,
        tx_hash: idHex,
      },
    );
  }
  try {
    // It may be in a block, or dropped, since before anybody waited: looked up after the wait began, so nothing is missed.
    const located = await locate(services, id);
    if (located?.status === 'finalized' || located?.status === wait) return locatedView(located);
    if (located === undefined) refuseDropped(services, idHex);
    return await outcomeView(services, idHex, expectation, caller);
  } finally {
    expectation.cancel();
  }
}

async function outcomeView(
  { timeoutMs }: Sources,
  idHex: string,
  expectation: Expectation,
  caller: Caller,
): Promise<SubmissionView> {
  const outcome = await expectation.outcome(timeoutMs, caller.signal());
  const pending = { tx_hash: idHex, tx_status: 'pending' };
  switch (outcome.status) {
    case 'notarized':
    case 'finalized':
      return locatedView(outcome);
    case 'dropped':
      throw droppedProblem(idHex, outcome.reason);
    case 'stopped':
      throw new RpcProblem('NOT_READY', 'the node stops; the transaction is still pending', pending);
    case 'aborted':
    case 'timeout':
      throw new RpcProblem('TIMEOUT', `after ${timeoutMs} ms the transaction is still pending`, pending);
  }
}

function locatedView({ status, included }: LocatedTransaction): SubmissionView {
  const receipt = receiptView(included);
  return { tx_hash: receipt.tx_hash, status, receipt };
}
