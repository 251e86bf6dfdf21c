// The state before the first block: the accounts of genesis, its validators, and the first epoch.

import { addressKey, formatAddress } from '../primitives/address.ts';
import { compareBytes } from '../primitives/bytes.ts';
import { FIRST_EPOCH } from '../primitives/epoch.ts';
import type { Authority, Genesis } from '../primitives/genesis.ts';
import { MAX_AMOUNT } from '../primitives/ssz.ts';
import { ACTIVE, AUTHORITY } from '../primitives/staking.ts';
import { type LedgerState, setAccount } from './accounts.ts';
import { elect } from './election.ts';
import { GenesisError } from './errors.ts';
import { authorities, consensusKeys, epochRange, epochs, supply, validators } from './records.ts';

/**
 * Writes the accounts of genesis to an empty state. An account of zero units gets no record, as with any other
 * address that has neither received nor sent anything.
 * @throws {GenesisError} DUPLICATE_ACCOUNT, SUPPLY_OVERFLOW
 */
export function initializeState(state: LedgerState, genesis: Genesis): void {
  const seen = new Set<string>();
  let initial = 0n;
  for (const { address, balance } of genesis.accounts) {
    const id = addressKey(address);
    if (seen.has(id)) {
      throw new GenesisError('DUPLICATE_ACCOUNT', `${formatAddress(address)} is twice among the accounts of genesis`);
    }
    seen.add(id);
    initial += balance;
    if (initial > MAX_AMOUNT) throw new GenesisError('SUPPLY_OVERFLOW', 'the balances of genesis sum past 64 bits');
    if (balance > 0n) setAccount(state, address, { balance, nonce: 0 });
  }
  supply.set(state, { initial, minted: 0n, burned: 0n });
  seatAuthorities(state, genesis.authorities);
  const { mode, genesisTime: start, parameters } = genesis;
  const first = { epoch: FIRST_EPOCH, mode, start, startHeight: 0, protocolVersion: 1, parameters };
  epochs.set(state, { ...first, validators: elect(state) }, FIRST_EPOCH);
  epochRange.set(state, { current: FIRST_EPOCH, oldest: FIRST_EPOCH });
}

function seatAuthorities(state: LedgerState, list: readonly Authority[]): void {
  for (const { address, publicKey } of list) {
    validators.set(
      state,
      {
        publicKey,
        role: AUTHORITY,
        status: ACTIVE,
        jailedUntil: 0,
        downtimes: 0,
        commission: 0,
        pool: { tokens: 0n, shares: 0n },
      },
      address,
    );
    consensusKeys.set(state, { address }, publicKey);
  }
  authorities.set(state, list.map(({ address }) => address).sort(compareBytes));
}
