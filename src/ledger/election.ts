// Who votes in an epoch and with what weight: the authorities equally, the stakers by stake (docs/protocol.md §5).

import { compareBytes } from '../primitives/bytes.ts';
import type { Validator } from '../primitives/validators.ts';
import type { LedgerReader } from './accounts.ts';
import { authorities, validators } from './records.ts';

/** The set that the state elects, ordered by public key. */
export function elect(state: LedgerReader): Validator[] {
  const seats = authorities.get(state).map((address) => {
    const { publicKey } = validators.get(state, address);
    return { publicKey, address, weight: 1 };
  });
  return seats.sort((a, b) => compareBytes(a.publicKey, b.publicKey));
}
