// The state before the first block: the accounts of genesis, its validators, and the first epoch.

import { addressKey, formatAddress } from '../primitives/address.ts';
import { compareBytes, toHex } from '../primitives/bytes.ts';
import { FIRST_EPOCH } from '../primitives/epoch.ts';
import type { Authority, Genesis } from '../primitives/genesis.ts';
import { MAX_AMOUNT } from '../primitives/ssz.ts';
import { AUTHORITY, STAKER } from '../primitives/staking.ts';
import type { Validator } from '../primitives/validators.ts';
import { type LedgerState, setAccount } from './accounts.ts';
import { beginEpoch } from './boundary.ts';
import { elect } from './election.ts';
import { GenesisError } from './errors.ts';
import { authorities, consensusKeys, currentEpoch, supply, validators } from './records.ts';
import { bond } from './staking.ts';
import { newValidator } from './validator-record.ts';

/**
 * Writes genesis to an empty state. An account of zero units gets no record, as with any other address that has
 * neither received nor sent anything.
 * @throws {GenesisError} DUPLICATE_ACCOUNT, SUPPLY_OVERFLOW, SELF_BOND
 */
export function initializeState(state: LedgerState, genesis: Genesis): void {
  fundAccounts(state, genesis);
  seatAuthorities(state, genesis.authorities);
  bondStakers(state, genesis);
  const { mode, genesisTime: start, parameters } = genesis;
  const first = { epoch: FIRST_EPOCH, mode, start, startHeight: 0, protocolVersion: 1, parameters };
  beginEpoch(state, { ...first, validators: elect(state, first, []) }, FIRST_EPOCH);
}

/**
 * The validators of the first epoch, ordered by public key.
 * @throws {GenesisError} as `initializeState`
 */
export function genesisSet(genesis: Genesis): Validator[] {
  const state = new MemoryState();
  initializeState(state, genesis);
  return currentEpoch(state).validators;
}

class MemoryState implements LedgerState {
  readonly #entries = new Map<string, Uint8Array>();

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#entries.get(toHex(key));
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#entries.set(toHex(key), value);
  }

  delete(key: Uint8Array): void {
    this.#entries.delete(toHex(key));
  }
}

function fundAccounts(state: LedgerState, { accounts }: Genesis): void {
  const seen = new Set<string>();
  let initial = 0n;
  for (const { address, balance } of accounts) {
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
}

function seatAuthorities(state: LedgerState, list: readonly Authority[]): void {
  for (const { address, publicKey } of list) {
    validators.set(state, newValidator(publicKey, AUTHORITY, 0), address);
    consensusKeys.set(state, { address }, publicKey);
  }
  authorities.set(state, list.map(({ address }) => address).sort(compareBytes));
}

/** As if each had registered before the first block. */
function bondStakers(state: LedgerState, { stakers, parameters: { minSelfBond } }: Genesis): void {
  for (const { address, publicKey, commission, selfBond } of stakers) {
    const code = bond(state, address, address, newValidator(publicKey, STAKER, commission), selfBond, minSelfBond);
    if (code !== 'SUCCESS') {
      throw new GenesisError('SELF_BOND', `${formatAddress(address)} can not stake its self-bond: ${code}`);
    }
    consensusKeys.set(state, { address }, publicKey);
  }
}
