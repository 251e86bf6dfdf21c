import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { burn, countersIn, expectedSupply, getSupply, mint, totalSupply } from '../../src/ledger/supply.ts';
import { MAX_AMOUNT } from '../../src/primitives/ssz.ts';
import { chainWith, FEE, stateWith } from './build.ts';
import { AIT, StakingChain } from './staking-chain.ts';

const test = suite('supply');

test('what is minted and burned is counted', () => {
  const state = chainWith([100n, 50n]);
  assert.is(mint(state, 30n), 30n);
  burn(state, 20n);
  burn(state, 1n);
  assert.equal(getSupply(state), { initial: 150n, minted: 30n, burned: 21n });
  assert.is(expectedSupply(getSupply(state)), 159n);
  assert.equal(countersIn(state.entries()), getSupply(state));
});

test('nothing minted or burned writes nothing; a state that counts nothing has zeros', () => {
  const state = stateWith(5n);
  mint(state, 0n);
  burn(state, 0n);
  assert.is(Object.keys(state.dump()).length, 1);
  assert.equal(getSupply(state), { initial: 0n, minted: 0n, burned: 0n });
  assert.equal(countersIn(state.entries()), getSupply(state));
});

test('no more is minted than all amounts together may be, whatever was burned', () => {
  const state = chainWith([MAX_AMOUNT - 100n]);
  assert.is(mint(state, 60n), 60n);
  burn(state, 1_000n);
  assert.is(mint(state, 60n), 40n);
  assert.is(mint(state, 60n), 0n);
});

test('units are in accounts, fee pool, pools of validators and unbonding pools', () => {
  const chain = new StakingChain([100n * AIT, 100n * AIT]);
  chain.register(0, 10n * AIT);
  chain.stake(1, 0, 5n * AIT);
  chain.unstake(1, 0, 2n * AIT);
  assert.is(chain.balance(0) + chain.balance(1), 185n * AIT - 3n * FEE);
  assert.is(chain.validator(0).pool.tokens, 13n * AIT);
  assert.is(totalSupply(chain.state.entries()), 200n * AIT);
});

test.run();
