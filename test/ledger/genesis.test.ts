import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findAccount, getAccount, getFeePool } from '../../src/ledger/accounts.ts';
import { candidateList } from '../../src/ledger/candidates.ts';
import { CorruptStateError, GenesisError } from '../../src/ledger/errors.ts';
import { genesisSet, initializeState } from '../../src/ledger/genesis.ts';
import { authorities, consensusKeys, currentEpoch, validators } from '../../src/ledger/records.ts';
import { ownStake } from '../../src/ledger/stakes.ts';
import { countersIn, totalSupply } from '../../src/ledger/supply.ts';
import { accountKey } from '../../src/primitives/account.ts';
import { compareBytes, toHex } from '../../src/primitives/bytes.ts';
import type { Genesis } from '../../src/primitives/genesis.ts';
import { MAX_AMOUNT } from '../../src/primitives/ssz.ts';
import { ACTIVE, AUTHORITY, STAKER } from '../../src/primitives/staking.ts';
import { genesisOf, MapState, PARAMETERS, person } from './build.ts';
import { address, keyOf } from './council.ts';

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

const AIT = 1_000_000_000n;
const seat = (index: number) => ({ publicKey: keyOf(index), address: address(index) });
const funded = (index: number, balance: bigint) => ({ address: address(index), balance });
const both: Genesis = {
  ...genesisOf([]),
  authorities: [seat(0), seat(1)],
  stakers: [{ ...seat(2), commission: 50_000, selfBond: 60n * AIT }],
  accounts: [funded(2, 100n * AIT), funded(3, 5n)],
};

test('authorities have their seats, and stakers pay their self-bonds', () => {
  const state = new MapState();
  initializeState(state, both);
  assert.is(totalSupply(state.entries()), 100n * AIT + 5n, 'every unit is somewhere');
  assert.equal(countersIn(state.entries()), { initial: 100n * AIT + 5n, minted: 0n, burned: 0n });
  assert.equal(authorities.get(state), [address(0), address(1)].sort(compareBytes));
  assert.equal(candidateList(state), [address(2)]);
  assert.is(getAccount(state, address(2)).balance, 40n * AIT);
  assert.is(ownStake(state, address(2)), 60n * AIT);
  const record = { status: ACTIVE, jailedUntil: 0, downtimes: 0, commissionEpoch: 0 };
  const commissions = { commission: 50_000, previousCommission: 50_000 };
  const pool = { tokens: 60n * AIT, shares: 60n * AIT };
  const staker = { ...record, publicKey: keyOf(2), role: STAKER, ...commissions, pool };
  assert.equal(validators.get(state, address(2)), staker);
  assert.is(validators.get(state, address(0)).role, AUTHORITY);
  for (const index of [0, 1, 2]) assert.equal(consensusKeys.get(state, keyOf(index)).address, address(index));
});

test('the first set is elected from that state', () => {
  const { targetBonded } = PARAMETERS;
  assert.is(targetBonded, 100n * AIT);
  const weights = new Map(genesisSet(both).map((one) => [toHex(one.address), one.weight]));
  // Stakers hold half of the weight once the target is bonded; sixty per cent of it are.
  const expected = [
    [address(0), 350_000],
    [address(1), 350_000],
    [address(2), 300_000],
  ] as const;
  for (const [at, weight] of expected) assert.is(weights.get(toHex(at)), weight);
  assert.is(weights.size, 3);
  const state = new MapState();
  initializeState(state, both);
  assert.equal(currentEpoch(state).validators, genesisSet(both));
  assert.is(currentEpoch(state).epoch, 1);
  assert.is(currentEpoch(state).protocolVersion, 1);
});

test('a self-bond that its account can not pay is no genesis', () => {
  const poor = { ...both, accounts: [funded(2, 60n * AIT - 1n)] };
  assert.throws(() => initializeState(new MapState(), poor), isError('SELF_BOND'));
});

test('the supply of entries that no ledger wrote is an error', () => {
  const corrupt = (error: unknown) => error instanceof CorruptStateError;
  assert.throws(() => totalSupply([[Uint8Array.of(99), new Uint8Array(8)]]), corrupt);
  assert.throws(() => totalSupply([[accountKey(person(0).address), new Uint8Array(15)]]), corrupt);
  assert.throws(() => totalSupply([[accountKey(person(0).address), new Uint8Array(16).fill(255)]]), corrupt);
});

test.run();
