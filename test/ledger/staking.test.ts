import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { candidateList } from '../../src/ledger/candidates.ts';
import { totalDebit } from '../../src/ledger/execute.ts';
import { payoutQueue, stakes, unbondingPools, validators } from '../../src/ledger/records.ts';
import { ownStake } from '../../src/ledger/stakes.ts';
import { MAX_AMOUNT } from '../../src/primitives/ssz.ts';
import { AUTHORITY, JAILED, MAX_CANDIDATES, MAX_DELEGATIONS, TOMBSTONED } from '../../src/primitives/staking.ts';
import { envelope, FEE, person } from './build.ts';
import { fillCandidates, fillDelegations, fillUnbonding } from './full.ts';
import { AIT, type ChainOptions, StakingChain } from './staking-chain.ts';

const test = suite('staking');
const FUNDS = 1_000n * AIT;
const MIN_STAKE = 1_000_000n;
const address = (index: number) => person(index).address;

/** Person 0 is a validator with 10 AIT of its own; 1 and 2 have funds. */
function chainOfThree(options?: ChainOptions): StakingChain {
  const chain = new StakingChain([FUNDS, FUNDS, FUNDS], options);
  assert.is(chain.register(0, 10n * AIT), 'SUCCESS');
  return chain;
}

test('STAKE moves units into the pool for shares', () => {
  const chain = chainOfThree();
  assert.is(chain.stake(1, 0, 5n * AIT), 'SUCCESS');
  assert.equal(chain.validator(0).pool, { tokens: 15n * AIT, shares: 15n * AIT });
  assert.is(chain.shares(1, 0), 5n * AIT);
  assert.is(chain.balance(1), FUNDS - FEE - 5n * AIT);
  assert.is(chain.stake(1, 0, AIT), 'SUCCESS');
  assert.is(chain.shares(1, 0), 6n * AIT);
  assert.is(chain.stakes(1).delegations.length, 1);
  assert.is(ownStake(chain.state, address(0)), 10n * AIT, 'others’ stakes are not its own');
  assert.is(ownStake(chain.state, address(1)), 0n);
  chain.assertConserved();
});

test('a pool that has earned gives fewer shares, one that was slashed gives more', () => {
  const chain = chainOfThree();
  chain.change(0, { pool: { tokens: 30n * AIT, shares: 10n * AIT } });
  assert.is(chain.stake(1, 0, 3n * AIT), 'SUCCESS');
  assert.is(chain.shares(1, 0), AIT);
  assert.is(ownStake(chain.state, address(0)), 30n * AIT);
  chain.change(0, { pool: { tokens: 5n * AIT, shares: 10n * AIT } });
  assert.is(chain.stake(2, 0, AIT + 1n), 'SUCCESS');
  assert.is(chain.shares(2, 0), 2n * AIT + 2n);
});

test('a stake costs what its shares are worth, whatever a share has come to cost', () => {
  const chain = chainOfThree();
  // Its only holder has left one share, and what the pool earns is that share's.
  chain.change(0, { pool: { tokens: 10n * AIT, shares: 1n } });
  const { delegations } = chain.stakes(0);
  stakes.set(
    chain.state,
    { delegations: delegations.map((one) => ({ ...one, shares: 1n })), unbonding: [] },
    address(0),
  );
  assert.is(chain.stake(1, 0, 29n * AIT), 'SUCCESS');
  assert.is(chain.shares(1, 0), 2n);
  assert.is(chain.balance(1), FUNDS - FEE - 20n * AIT, 'the rest stays in the account');
  assert.equal(chain.validator(0).pool, { tokens: 30n * AIT, shares: 3n });
  assert.is(ownStake(chain.state, address(0)), 10n * AIT);
  chain.assertConserved();
  assert.is(chain.unstake(1, 0), 'SUCCESS');
  assert.is(unbondingPools.get(chain.state, address(0), 1).tokens, 20n * AIT);
  assert.is(ownStake(chain.state, address(0)), 10n * AIT, 'who was there has gained nothing by it');
});

test('the minimum is of what is asked, and the account must hold that', () => {
  const chain = chainOfThree();
  chain.change(0, { pool: { tokens: 10n * AIT, shares: ((10n * AIT) / MIN_STAKE) * 3n } });
  assert.is(chain.stake(1, 0, MIN_STAKE), 'SUCCESS');
  chain.change(0, { pool: { tokens: 10n * AIT, shares: 10n } });
  assert.is(chain.stake(2, 0, FUNDS - FEE + 1n), 'INSUFFICIENT_BALANCE');
  assert.is(chain.stake(2, 0, FUNDS - 2n * FEE), 'SUCCESS');
  assert.is(chain.balance(2), AIT - 2n * FEE, 'all but a part of a share');
});

test('a stake that may not be says why', () => {
  assert.is(new StakingChain([FUNDS], { mode: 'poa' }).stake(0, 0, AIT), 'NOT_ALLOWED');
  const chain = chainOfThree({ mode: 'hybrid' });
  assert.is(chain.stake(1, 2, AIT), 'UNKNOWN_VALIDATOR');
  assert.is(chain.stake(1, 0, MIN_STAKE - 1n), 'STAKE_TOO_SMALL');
  assert.is(chain.stake(1, 0, FUNDS - 3n * FEE + 1n), 'INSUFFICIENT_BALANCE');
  assert.is(chain.stake(1, 0, MIN_STAKE), 'SUCCESS');

  chain.change(0, { status: JAILED });
  assert.is(chain.stake(1, 0, MIN_STAKE), 'SUCCESS', 'one that is jailed may be helped');
  chain.change(0, { status: TOMBSTONED });
  assert.is(chain.stake(1, 0, MIN_STAKE), 'TOMBSTONED');
  assert.is(chain.stake(0, 0, MIN_STAKE), 'TOMBSTONED');
  chain.change(0, { role: AUTHORITY, status: 0 });
  assert.is(chain.stake(1, 0, MIN_STAKE), 'NOT_ALLOWED');
});

test('a stake that is worth no share, or a pool that would pass 64 bits', () => {
  const chain = chainOfThree();
  chain.change(0, { pool: { tokens: 10n * AIT, shares: 1n } });
  assert.is(chain.stake(1, 0, AIT), 'NO_SHARES');
  chain.change(0, { pool: { tokens: AIT, shares: MAX_AMOUNT } });
  assert.is(chain.stake(1, 0, AIT), 'NO_SHARES');
});

test('an account delegates to so many validators and no more', () => {
  const chain = chainOfThree();
  fillDelegations(chain.state, address(1), MAX_DELEGATIONS - 1);
  assert.is(chain.stake(1, 0, AIT), 'SUCCESS');
  assert.is(chain.stake(1, 0, AIT), 'SUCCESS', 'the same one again');
  fillDelegations(chain.state, address(2), MAX_DELEGATIONS);
  assert.is(chain.stake(2, 0, AIT), 'TOO_MANY_DELEGATIONS');
});

test('one that left comes back by its own stake alone, if there is room', () => {
  const chain = chainOfThree();
  assert.is(chain.unstake(0, 0), 'SUCCESS');
  assert.equal(candidateList(chain.state), []);
  assert.equal(chain.validator(0).pool, { tokens: 0n, shares: 0n });
  assert.is(chain.stake(1, 0, AIT), 'NOT_ALLOWED');
  fillCandidates(chain.state, MAX_CANDIDATES);
  assert.is(chain.stake(0, 0, 2n * AIT), 'TOO_MANY_CANDIDATES');
  fillCandidates(chain.state, 0);
  assert.is(chain.stake(0, 0, 2n * AIT), 'SUCCESS');
  assert.equal(candidateList(chain.state), [address(0)]);
  assert.is(chain.stake(1, 0, AIT), 'SUCCESS');
});

test('a candidate is one as long as its own stake reaches the minimum', () => {
  const chain = chainOfThree();
  chain.stake(1, 0, 50n * AIT);
  assert.is(chain.unstake(0, 0, 9n * AIT), 'SUCCESS');
  assert.equal(candidateList(chain.state), [address(0)]);
  assert.is(chain.unstake(0, 0, 1n), 'SUCCESS');
  assert.equal(candidateList(chain.state), [], 'others’ stakes keep no place');
  assert.is(chain.stake(1, 0, AIT), 'SUCCESS');
  assert.equal(candidateList(chain.state), []);
  assert.is(chain.stake(0, 0, MIN_STAKE), 'SUCCESS');
  assert.equal(candidateList(chain.state), [address(0)]);
});

test('UNSTAKE takes out what shares, rounded up, are worth; it waits in the pool of validator and epoch', () => {
  const chain = chainOfThree();
  chain.stake(1, 0, 5n * AIT);
  const before = chain.balance(1);
  chain.change(0, { pool: { tokens: 45n * AIT, shares: 15n * AIT } });
  assert.is(chain.unstake(1, 0, 4n), 'SUCCESS');
  assert.is(chain.shares(1, 0), 5n * AIT - 2n);
  assert.equal(chain.validator(0).pool, { tokens: 45n * AIT - 6n, shares: 15n * AIT - 2n });
  assert.equal(chain.stakes(1).unbonding, [{ validator: address(0), epoch: 1, shares: 6n }]);
  assert.equal(unbondingPools.get(chain.state, address(0), 1), { tokens: 6n, shares: 6n });
  assert.is(chain.balance(1), before - FEE, 'nothing is paid yet');
});

test('UNSTAKE of zero takes everything', () => {
  const chain = chainOfThree();
  chain.stake(1, 0, 5n * AIT);
  chain.change(0, { pool: { tokens: 10n * AIT + 1n, shares: 15n * AIT } });
  assert.is(chain.unstake(1, 0), 'SUCCESS');
  assert.equal(chain.stakes(1).delegations, []);
  assert.is(unbondingPools.get(chain.state, address(0), 1).tokens, (10n * AIT + 1n) / 3n);
});

test('an unstake that may not be says why', () => {
  const chain = chainOfThree();
  assert.is(chain.unstake(1, 2, AIT), 'UNKNOWN_VALIDATOR');
  assert.is(chain.unstake(1, 0, AIT), 'INSUFFICIENT_STAKE', 'nothing at all there');
  assert.is(chain.unstake(1, 0), 'INSUFFICIENT_STAKE');
  chain.stake(1, 0, 5n * AIT);
  assert.is(chain.unstake(1, 0, 5n * AIT + 1n), 'INSUFFICIENT_STAKE');
  assert.is(chain.unstake(1, 0, MAX_AMOUNT), 'INSUFFICIENT_STAKE');
  assert.is(chain.unstake(1, 0, 5n * AIT), 'SUCCESS');
  assert.is(chain.unstake(1, 0), 'INSUFFICIENT_STAKE');
});

test('unstaking twice in an epoch waits together, in another epoch apart, and so often only', () => {
  const chain = chainOfThree();
  chain.stake(1, 0, 5n * AIT);
  chain.unstake(1, 0, AIT);
  chain.unstake(1, 0, AIT);
  assert.equal(chain.stakes(1).unbonding, [{ validator: address(0), epoch: 1, shares: 2n * AIT }]);
  assert.equal(payoutQueue.get(chain.state), { first: 0, next: 1 });
  chain.endEpoch();
  chain.unstake(1, 0, AIT);
  assert.is(chain.stakes(1).unbonding.length, 2);
  assert.equal(payoutQueue.get(chain.state), { first: 0, next: 2 });
  fillUnbonding(chain.state, address(1), 1, MAX_DELEGATIONS - 2);
  assert.is(chain.unstake(1, 0, AIT), 'SUCCESS', 'the same pair');
  chain.endEpoch();
  assert.is(chain.unstake(1, 0, AIT), 'TOO_MANY_DELEGATIONS');
});

test('a waiting pool whose shares would pass 64 bits takes no more', () => {
  const chain = chainOfThree();
  unbondingPools.set(chain.state, { tokens: AIT, shares: MAX_AMOUNT }, address(0), 1);
  assert.is(chain.unstake(0, 0, AIT), 'NO_SHARES');
});

test('whoever holds the last share of a pool takes all that is in it', () => {
  const chain = chainOfThree();
  chain.change(0, { pool: { tokens: 30n * AIT + 2n, shares: 10n * AIT } });
  assert.is(chain.unstake(0, 0, 30n * AIT - 1n), 'SUCCESS');
  assert.equal(chain.validator(0).pool, { tokens: 0n, shares: 0n });
  assert.equal(unbondingPools.get(chain.state, address(0), 1), { tokens: 30n * AIT + 2n, shares: 30n * AIT + 2n });
  assert.equal(candidateList(chain.state), []);
});

test('shares that are worth nothing can be given up: nothing waits for them', () => {
  const chain = chainOfThree();
  chain.stake(1, 0, 5n * AIT);
  chain.change(0, { status: TOMBSTONED, pool: { tokens: 0n, shares: 0n } });
  assert.is(chain.unstake(1, 0, 1n), 'INSUFFICIENT_STAKE');
  assert.is(chain.unstake(1, 0), 'SUCCESS');
  assert.is(stakes.find(chain.state, address(1)), undefined, 'an empty stake account has no record');
  assert.is(payoutQueue.find(chain.state), undefined);
});

test('a stake can be taken out whatever the validator has become', () => {
  const chain = chainOfThree();
  chain.stake(1, 0, 5n * AIT);
  for (const status of [JAILED, TOMBSTONED]) {
    chain.change(0, { status });
    assert.is(chain.unstake(1, 0, AIT), 'SUCCESS');
    assert.is(validators.get(chain.state, address(0)).status, status);
  }
});

test('totalDebit counts what is staked and what a validator bonds', () => {
  const { publicKey } = person(3);
  const proof = new Uint8Array(64);
  const debit = (action: Parameters<typeof envelope>[0]) => totalDebit(envelope(action).signed.transaction);
  assert.is(debit({ selector: 2, value: { publicKey, commission: 0, selfBond: 7n, proof } }), FEE + 7n);
  assert.is(debit({ selector: 3, value: { key: null, commission: null } }), FEE);
  assert.is(debit({ selector: 4, value: { validator: address(0), amount: MAX_AMOUNT } }), FEE + MAX_AMOUNT);
  assert.is(debit({ selector: 5, value: { validator: address(0), amount: 9n } }), FEE);
  assert.is(debit({ selector: 6, value: { validator: address(0) } }), FEE);
});

test.run();
