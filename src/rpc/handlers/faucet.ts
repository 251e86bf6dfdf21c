// faucet: a gift from a funded key, where the network has one. It is a real transaction, and limited twice: by the
// account that receives and by the client that asks.

import { z } from 'zod';
import { addressKey, formatAddress } from '../../primitives/address.ts';
import { addressParam } from '../params.ts';
import { RpcProblem } from '../problems.ts';
import type { RateLimiter } from '../rate-limit.ts';
import { WAIT_LEVELS } from '../tracker.ts';
import type { Caller, Services } from './method.ts';
import { type SubmissionView, settle } from './settle.ts';

export const faucetParams = z.strictObject({ address: addressParam, wait: z.enum(WAIT_LEVELS).optional() });

/** @throws {RpcProblem} NOT_FOUND where there is no faucet, RATE_LIMITED, and what `send_tx` throws. */
export async function requestFaucet(
  services: Pick<Services, 'faucet' | 'faucetLimits' | 'blocks' | 'mempool' | 'tracker' | 'timeoutMs'>,
  { address, wait }: z.output<typeof faucetParams>,
  caller: Caller,
): Promise<SubmissionView & { amount: string }> {
  const { faucet, faucetLimits } = services;
  if (faucet === undefined) throw new RpcProblem('NOT_FOUND', 'this network has no faucet');
  limit(faucetLimits.perClient, caller.client, 'your address asks too often');
  limit(faucetLimits.perAddress, addressKey(address), `${formatAddress(address)} was given enough for now`);
  const { envelope, amount, result } = await faucet.give(address);
  return { ...(await settle(services, envelope, result, wait, caller)), amount: amount.toString() };
}

function limit(limiter: RateLimiter, key: string, detail: string): void {
  const retryAfter = limiter.take(key);
  if (retryAfter > 0) throw new RpcProblem('RATE_LIMITED', detail, { retry_after: retryAfter });
}
