// get_tx and get_receipt: what became of a transaction.

import { z } from 'zod';
import { toHex } from '../../primitives/bytes.ts';
import type { Hash } from '../../primitives/hash.ts';
import type { IncludedTransaction } from '../blocks.ts';
import { droppedProblem } from '../dropped.ts';
import { hashParam } from '../params.ts';
import { RpcProblem } from '../problems.ts';
import type { WaitLevel } from '../tracker.ts';
import { includedView, type ReceiptView, receiptView, type TransactionView, transactionView } from '../views.ts';
import { historyFrom } from './blocks.ts';
import type { Services } from './method.ts';

export const transactionParams = z.strictObject({ hash: hashParam });
type TransactionParams = z.output<typeof transactionParams>;

/** A block may still lose while it is only `notarized`; `finalized` is for ever. */
export type TransactionStatus = 'pending' | WaitLevel;

export interface TransactionAnswer extends TransactionView {
  status: TransactionStatus;
  receipt?: ReceiptView;
}

type Sources = Pick<Services, 'blocks' | 'tracker' | 'mempool' | 'chain'>;

/** @throws {RpcProblem} DROPPED, NOT_FOUND */
export async function getTransaction(services: Sources, { hash }: TransactionParams): Promise<TransactionAnswer> {
  const found = await locate(services, hash);
  if (found !== undefined) return { status: found.status, ...includedView(found.included) };
  const waiting = services.mempool.get(toHex(hash));
  if (waiting !== undefined) return { status: 'pending', ...transactionView(waiting.id, waiting.signed) };
  refuseDropped(services, toHex(hash));
  throw notFound(services, `no transaction ${toHex(hash)} in a block or waiting here`);
}

/** @throws {RpcProblem} DROPPED; NOT_FOUND, also for a transaction that waits. */
export async function getReceipt(
  services: Sources,
  { hash }: TransactionParams,
): Promise<ReceiptView & { status: WaitLevel }> {
  const found = await locate(services, hash);
  if (found !== undefined) return { status: found.status, ...receiptView(found.included) };
  refuseDropped(services, toHex(hash));
  const waits = services.mempool.get(toHex(hash)) !== undefined;
  if (waits) throw new RpcProblem('NOT_FOUND', `transaction ${toHex(hash)} is pending: no receipt yet`);
  throw notFound(services, `no receipt for ${toHex(hash)}`);
}

/** Where the beginning of the history is missing nobody can say that there never was such a transaction. */
function notFound({ chain: { base } }: Sources, detail: string): RpcProblem {
  return base === undefined
    ? new RpcProblem('NOT_FOUND', detail)
    : new RpcProblem('NOT_HELD', `${detail}; ${historyFrom(base)}`);
}

/**
 * Ask for blocks first: what this node dropped may be in one.
 * @throws {RpcProblem} DROPPED when it waited here, does not any more, and that is remembered
 */
export function refuseDropped({ mempool, tracker }: Pick<Services, 'mempool' | 'tracker'>, idHex: string): void {
  const reason = mempool.get(idHex) === undefined ? tracker.dropped(idHex) : undefined;
  if (reason !== undefined) throw droppedProblem(idHex, reason);
}

export interface LocatedTransaction {
  readonly status: WaitLevel;
  readonly included: IncludedTransaction;
}

/** A transaction that is in a block. */
export async function locate(
  { blocks, tracker }: Pick<Services, 'blocks' | 'tracker'>,
  id: Hash,
): Promise<LocatedTransaction | undefined> {
  const finalized = await blocks.transaction(id);
  if (finalized !== undefined) return { status: 'finalized', included: finalized };
  const notarized = tracker.notarized(id);
  return notarized && { status: 'notarized', included: notarized };
}
