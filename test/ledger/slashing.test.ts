import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { candidateList } from '../../src/ledger/candidates.ts';
import { validators } from '../../src/ledger/records.ts';
import { slashStake } from '../../src/ledger/slashing.ts';
import { burn } from '../../src/ledger/supply.ts';
import { findUnbondingPool } from '../../src/ledger/unbonding.ts';
import { MILLION } from '../../src/primitives/parameters.ts';
import { FEE, NOW, person } from './build.ts';
import { AIT, StakingChain } from './staking-chain.ts';

const test = suite('slashing');
const FUNDS = 1_000n * AIT;
const address = (index: number) => person(index).address;

/** Validators 0 and 1 with 10 AIT each; 2 has staked 20 on 0 and takes 4 out in each of three epochs. */
function chainOfThree(): StakingChain {
  const chain = new StakingChain([FUNDS, FUNDS, FUNDS]);
  chain.register(0, 10n * AIT);
  chain.register(1, 10n * AIT);
  chain.stake(2, 0, 20n * AIT);
  for (let epoch = 1; epoch <= 3; epoch++) {
    if (epoch > 1) chain.endEpoch();
    assert.is(chain.unstake(2, 0, 4n * AIT), 'SUCCESS');
  }
  return chain;
}

const waiting = (chain: StakingChain, validator = 0) =>
  [1, 2, 3].map((epoch) => findUnbondingPool(chain.state, address(validator), epoch).tokens);

test('takes its part of the pool and of what was unstaked since the offence', () => {
  const chain = chainOfThree();
  assert.equal(slashStake(chain.state, address(0), 2, 50_000), {
    taken: (18n * AIT + 8n * AIT) / 20n,
    own: (10n * AIT) / 20n,
  });
  assert.is(chain.validator(0).pool.tokens, (18n * AIT * 19n) / 20n);
  assert.equal(waiting(chain), [4n * AIT, (4n * AIT * 19n) / 20n, (4n * AIT * 19n) / 20n]);
  assert.is(chain.validator(1).pool.tokens, 10n * AIT, 'nobody else pays');
  assert.equal(candidateList(chain.state).length, 2);
});

test('from an epoch to come only the pool is slashed', () => {
  const chain = chainOfThree();
  assert.is(slashStake(chain.state, address(0), 4, 1_000).taken, (18n * AIT) / 1_000n);
  assert.equal(waiting(chain), [4n * AIT, 4n * AIT, 4n * AIT]);
});

test('each pool is rounded down for itself', () => {
  const chain = chainOfThree();
  chain.unstake(2, 0, 19n);
  const third = findUnbondingPool(chain.state, address(0), 3).tokens;
  const { tokens } = chain.validator(0).pool;
  assert.is(slashStake(chain.state, address(0), 3, 50_000).taken, tokens / 20n + third / 20n);
});

test('what the validator itself loses is counted in its pool and in what it takes out, rounded down for each', () => {
  const chain = chainOfThree();
  for (const amount of [AIT, 2n * AIT]) {
    assert.is(chain.unstake(0, 0, amount + 1n), 'SUCCESS');
    assert.is(chain.unstake(0, 1), 'INSUFFICIENT_STAKE', 'of another validator it has nothing');
    chain.endEpoch();
  }
  const own = [7n * AIT - 2n, AIT + 1n, 2n * AIT + 1n].reduce((sum, tokens) => sum + tokens / 20n, 0n);
  assert.is(slashStake(chain.state, address(0), 1, 50_000).own, own);
});

test('everything is everything there is: the pool closes and the candidate is gone', () => {
  const chain = chainOfThree();
  const { taken } = slashStake(chain.state, address(0), 1, MILLION);
  assert.is(taken, 30n * AIT);
  burn(chain.state, taken);
  chain.assertConserved();
  assert.equal(chain.validator(0).pool, { tokens: 0n, shares: 0n });
  assert.equal(waiting(chain), [0n, 0n, 0n]);
  assert.equal(candidateList(chain.state), [address(1)]);
  assert.equal(slashStake(chain.state, address(0), 1, MILLION), { taken: 0n, own: 0n });
  chain.endEpoch();
  chain.payAt(NOW + 10 ** 10);
  assert.is(chain.balance(2), FUNDS - 20n * AIT - 4n * FEE);
});

test('an authority has nothing to take', () => {
  const chain = chainOfThree();
  const pool = { tokens: 0n, shares: 0n };
  validators.set(chain.state, { ...chain.validator(0), pool }, address(7));
  assert.equal(slashStake(chain.state, address(7), 1, MILLION), { taken: 0n, own: 0n });
});

test.run();
