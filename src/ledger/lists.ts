// Lists of addresses as the state keeps them: ascending, each address once. What is given is not changed.

import type { Address } from '../primitives/address.ts';
import { compareBytes, equalBytes } from '../primitives/bytes.ts';

export function includes(list: readonly Address[], address: Address): boolean {
  return list.some((one) => equalBytes(one, address));
}

/** The list with an address that it does not have. */
export function inserted(list: readonly Address[], address: Address): Address[] {
  return [...list, address].sort(compareBytes);
}

/** The list without an address, whether it has it or not. */
export function removed(list: readonly Address[], address: Address): Address[] {
  return list.filter((one) => !equalBytes(one, address));
}
