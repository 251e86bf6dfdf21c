import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findAccount, getFeePool } from '../../src/ledger/accounts.ts';
import { CorruptStateError, GenesisError } from '../../src/ledger/errors.ts';
import { initializeState } from '../../src/ledger/genesis.ts';
import { totalSupply } from '../../src/ledger/supply.ts';
import { accountKey } from '../../src/primitives/account.ts';
import { MAX_AMOUNT } from '../../src/primitives/ssz.ts';
import { genesisOf, MapState, person } from './build.ts';

const test = suite('genesis state');
const isError = (code: string) => (error: unknown) => error instanceof GenesisError && error.code === code;

const genesis = (...accounts: [index: number, balance: bigint][]) => genesisOf(accounts);

test('holds the accounts of genesis and their sum', () => {
  const state = new MapState();
  initializeState(state, genesis([0, 100n], [1, MAX_AMOUNT - 100n], [2, 0n]));
  assert.equal(findAccount(state, person(0).address), { balance: 100n, nonce: 0 });
  assert.is(findAccount(state, person(2).address), undefined, 'zero units make no record');
  assert.is(getFeePool(state), 0n);
  assert.is(totalSupply(state.entries()), MAX_AMOUNT);
});

test('refuses an address that is there twice and a supply past 64 bits', () => {
  assert.throws(
    () => initializeState(new MapState(), genesis([0, 1n], [1, 1n], [0, 1n])),
    isError('DUPLICATE_ACCOUNT'),
  );
  assert.throws(() => initializeState(new MapState(), genesis([0, 0n], [0, 0n])), isError('DUPLICATE_ACCOUNT'));
  assert.throws(() => initializeState(new MapState(), genesis([0, MAX_AMOUNT], [1, 1n])), isError('SUPPLY_OVERFLOW'));
});

test('the supply of entries that no ledger wrote is an error', () => {
  const corrupt = (error: unknown) => error instanceof CorruptStateError;
  assert.throws(() => totalSupply([[Uint8Array.of(99), new Uint8Array(8)]]), corrupt);
  assert.throws(() => totalSupply([[accountKey(person(0).address), new Uint8Array(15)]]), corrupt);
  assert.throws(() => totalSupply([[accountKey(person(0).address), new Uint8Array(16).fill(255)]]), corrupt);
});

test.run();
