// Arithmetic of pools: units that many own together by shares. All division is rounded against whoever asks, so that
// what is left over stays with those who hold the rest; nothing here reads or writes a state.

import { MILLION } from '../primitives/parameters.ts';
import { MAX_AMOUNT } from '../primitives/ssz.ts';
import type { Pool } from '../primitives/staking.ts';

export const EMPTY_POOL: Readonly<Pool> = { tokens: 0n, shares: 0n };

export interface Deposit {
  readonly pool: Pool;
  /** new ones, of the depositor */
  readonly shares: bigint;
  /** units that the depositor pays for them */
  readonly tokens: bigint;
}

export interface Withdrawal {
  readonly pool: Pool;
  /** of the holder's, used up */
  readonly shares: bigint;
  /** units that the holder takes out */
  readonly tokens: bigint;
}

/**
 * One unit makes one share in an empty pool; else as many whole shares as the units buy, for what these are worth rounded
 * up. What would buy only a part of a share is not taken: a share may have come to be worth very much, and its holders
 * would gain by it. Where one is worth a unit or less, nothing is left over.
 * @param offered units, more than zero
 * @returns undefined when that is no share at all, or the pool would pass 64 bits
 */
export function deposit({ tokens: held, shares: issued }: Readonly<Pool>, offered: bigint): Deposit | undefined {
  const shares = issued === 0n ? offered : (offered * issued) / held;
  const tokens = issued === 0n ? offered : dividedUp(shares * held, issued);
  const pool = { tokens: held + tokens, shares: issued + shares };
  if (shares === 0n || pool.tokens > MAX_AMOUNT || pool.shares > MAX_AMOUNT) return undefined;
  return { pool, shares, tokens };
}

/** What so many shares are worth, rounded down. */
export function worth({ tokens, shares: issued }: Readonly<Pool>, shares: bigint): bigint {
  return issued === 0n ? 0n : (shares * tokens) / issued;
}

/** Takes everything out that a holder has; worthless shares are used up all the same, also those of a closed pool. */
export function withdrawAll(pool: Readonly<Pool>, shares: bigint): Withdrawal {
  if (pool.shares === 0n) return { pool: { ...EMPTY_POOL }, shares, tokens: 0n };
  return withdrawn(pool, shares);
}

/**
 * Takes at least so many units out: whole shares, and all that they are worth, for a part of one that was used up and
 * not paid would be the others' gain.
 * @param tokens more than zero
 * @param shares what the holder has
 * @returns undefined when the holder's shares are too few
 */
export function withdraw(pool: Readonly<Pool>, tokens: bigint, shares: bigint): Withdrawal | undefined {
  if (pool.tokens === 0n) return undefined;
  const cost = dividedUp(tokens * pool.shares, pool.tokens);
  return cost > shares ? undefined : withdrawn(pool, cost);
}

/**
 * Takes a part of all holders' units, rounded down. A pool that loses everything is closed: its shares are void.
 * @param ppm millionths, at most a million
 */
export function slash({ tokens, shares }: Readonly<Pool>, ppm: number): { pool: Pool; taken: bigint } {
  const taken = (tokens * BigInt(ppm)) / BigInt(MILLION);
  return { pool: taken === tokens ? { ...EMPTY_POOL } : { tokens: tokens - taken, shares }, taken };
}

/** What is left over by rounding stays with the others' shares; the last share takes all. */
function withdrawn(pool: Readonly<Pool>, shares: bigint): Withdrawal {
  const tokens = worth(pool, shares);
  return { pool: { tokens: pool.tokens - tokens, shares: pool.shares - shares }, shares, tokens };
}

function dividedUp(amount: bigint, by: bigint): bigint {
  return (amount + by - 1n) / by;
}
