// The state before the first block: the accounts of genesis and nothing else.

import { addressKey, formatAddress } from '../primitives/address.ts';
import type { Genesis } from '../primitives/genesis.ts';
import { MAX_AMOUNT } from '../primitives/ssz.ts';
import { type LedgerState, setAccount } from './accounts.ts';
import { GenesisError } from './errors.ts';

/**
 * Writes the accounts of genesis to an empty state. An account of zero units gets no record, as with any other
 * address that has neither received nor sent anything.
 * @throws {GenesisError} DUPLICATE_ACCOUNT, SUPPLY_OVERFLOW
 */
export function initializeState(state: LedgerState, genesis: Genesis): void {
  const seen = new Set<string>();
  let supply = 0n;
  for (const { address, balance } of genesis.accounts) {
    const id = addressKey(address);
    if (seen.has(id)) {
      throw new GenesisError('DUPLICATE_ACCOUNT', `${formatAddress(address)} is twice among the accounts of genesis`);
    }
    seen.add(id);
    supply += balance;
    if (supply > MAX_AMOUNT) throw new GenesisError('SUPPLY_OVERFLOW', 'the balances of genesis sum past 64 bits');
    if (balance > 0n) setAccount(state, address, { balance, nonce: 0 });
  }
}
