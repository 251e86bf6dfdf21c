// Whole numbers in the place of exact shares, by the method of the largest remainder: the parts sum to the total exactly,
// and none is further than one from its exact share.

import type { Address } from '../primitives/address.ts';
import { compareBytes } from '../primitives/bytes.ts';

export interface Claim {
  readonly address: Address;
  /** how much of the total it is due, in any unit that all claims have in common; more than zero */
  readonly part: bigint;
}

/**
 * Divides a whole number by the claims' parts: each gets its exact share rounded down, and what is left over goes by one
 * to those who lost most by that, ties to the lower address.
 * @param total an integer that is not negative
 * @returns one for each claim, in their order
 */
export function apportion(total: number, claims: readonly Claim[]): number[] {
  const sum = claims.reduce((all, { part }) => all + part, 0n);
  const shares = claims.map(({ part }) => Number((BigInt(total) * part) / sum));
  const remainders = claims.map(({ address, part }, index) => ({
    index,
    address,
    remainder: (BigInt(total) * part) % sum,
  }));
  remainders.sort((a, b) => compareBigints(b.remainder, a.remainder) || compareBytes(a.address, b.address));
  const left = total - shares.reduce((all, share) => all + share, 0);
  for (const { index } of remainders.slice(0, left)) shares[index] = (shares[index] as number) + 1;
  return shares;
}

export function compareBigints(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
