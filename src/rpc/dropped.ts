// What a client is told of a transaction that waited on this node and was let go without being final.

import type { DropReason } from '../mempool/results.ts';
import { RpcProblem } from './problems.ts';

/** Why, and what to do. With one transaction go those of the sender with higher nonces. */
const DETAILS: Readonly<Record<DropReason, string>> = {
  REPLACED: "another one of the sender's with its nonce and a higher fee took its place",
  EVICTED: 'it, or one with a lower nonce, made room for others that pay more per byte: offer a higher fee',
  EXPIRED: 'the time until which it, or one with a lower nonce, was valid has passed: sign it anew',
  NONCE_TOO_LOW: "another one of the sender's with its nonce is final",
  INSUFFICIENT_FUNDS: 'the balance does not cover it and those with lower nonces any more',
  FEE_TOO_LOW: 'fees have risen, and it, or one with a lower nonce, pays less than the minimum: offer a higher fee',
};

export function droppedProblem(idHex: string, reason: DropReason): RpcProblem {
  const extensions = { tx_hash: idHex, tx_status: 'dropped', reason };
  return new RpcProblem('DROPPED', `the transaction does not wait here any more: ${DETAILS[reason]}`, extensions);
}
