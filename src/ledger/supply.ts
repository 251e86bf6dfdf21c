// Conservation: every unit is in some record of the state, and execution only moves them.

import { STATE_NAMESPACES } from '../primitives/account.ts';
import { decodeAccount, decodeFeePool } from './accounts.ts';
import { CorruptStateError } from './errors.ts';

/**
 * The units that one state entry holds.
 * @throws {CorruptStateError} for a key of no known namespace or a record that is none
 */
export function unitsIn(key: Uint8Array, value: Uint8Array): bigint {
  switch (key[0]) {
    case STATE_NAMESPACES.account:
      return decodeAccount(value).balance;
    case STATE_NAMESPACES.feePool:
      return decodeFeePool(value);
    default:
      throw new CorruptStateError(`a state key of namespace ${key[0]}`);
  }
}

/** All units of a state, given every entry of it once. */
export function totalSupply(entries: Iterable<readonly [key: Uint8Array, value: Uint8Array]>): bigint {
  let supply = 0n;
  for (const [key, value] of entries) supply += unitsIn(key, value);
  return supply;
}
