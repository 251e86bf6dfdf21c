// Conservation: every unit is in some record of the state, and execution only moves them, but for those that are minted
// and burned here.

import { STATE_NAMESPACES } from '../primitives/account.ts';
import { MAX_AMOUNT } from '../primitives/ssz.ts';
import type { Supply } from '../primitives/staking.ts';
import { decodeAccount, decodeFeePool, type LedgerReader, type LedgerState } from './accounts.ts';
import { CorruptStateError } from './errors.ts';
import { supply, unbondingPools, validators } from './records.ts';

const N = STATE_NAMESPACES;
const UNITLESS: ReadonlySet<number> = new Set([
  N.epoch,
  N.epochRange,
  N.activity,
  N.consensusKey,
  N.candidates,
  N.authorities,
  N.stake,
  N.payout,
  N.payoutQueue,
  N.offences,
  N.proposal,
  N.proposalIndex,
  N.supply,
]);

const NONE: Readonly<Supply> = { initial: 0n, minted: 0n, burned: 0n };

export function getSupply(state: LedgerReader): Readonly<Supply> {
  return supply.find(state) ?? NONE;
}

/**
 * Counts units as made; the caller puts them into a record. All units ever made never pass 64 bits.
 * @returns how many there are: as many as wanted, or as there is room for
 */
export function mint(state: LedgerState, wanted: bigint): bigint {
  const before = getSupply(state);
  const room = MAX_AMOUNT - before.initial - before.minted;
  const amount = wanted < room ? wanted : room;
  if (amount > 0n) supply.set(state, { ...before, minted: before.minted + amount });
  return amount;
}

/** Counts units as gone that the caller has taken out of a record. */
export function burn(state: LedgerState, amount: bigint): void {
  const before = getSupply(state);
  if (amount > 0n) supply.set(state, { ...before, burned: before.burned + amount });
}

/** What all records of a state with these counters must hold together. */
export function expectedSupply({ initial, minted, burned }: Readonly<Supply>): bigint {
  return initial + minted - burned;
}

/**
 * The units that one state entry holds.
 * @throws {CorruptStateError} for a key of no known namespace or a record that is none
 */
export function unitsIn(key: Uint8Array, value: Uint8Array): bigint {
  const namespace = key[0] ?? 0;
  switch (namespace) {
    case N.account:
      return decodeAccount(value).balance;
    case N.feePool:
      return decodeFeePool(value);
    case N.validator:
      return validators.decode(value).pool.tokens;
    case N.unbondingPool:
      return unbondingPools.decode(value).tokens;
    default:
      if (UNITLESS.has(namespace)) return 0n;
      throw new CorruptStateError(`a state key of namespace ${namespace}`);
  }
}

type Entries = Iterable<readonly [key: Uint8Array, value: Uint8Array]>;

/** All units of a state, given every entry of it once. */
export function totalSupply(entries: Entries): bigint {
  let sum = 0n;
  for (const [key, value] of entries) sum += unitsIn(key, value);
  return sum;
}

/** The counters of a state, given every entry of it once. */
export function countersIn(entries: Entries): Readonly<Supply> {
  for (const [key, value] of entries) if (key[0] === N.supply) return supply.decode(value);
  return NONE;
}
