import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CorruptStateError } from '../../src/ledger/errors.ts';
import { epochs, payoutQueue, payouts, stakes, unbondingPools } from '../../src/ledger/records.ts';
import { slashStake } from '../../src/ledger/slashing.ts';
import { burn } from '../../src/ledger/supply.ts';
import { MAX_PAYOUTS_PER_BLOCK } from '../../src/ledger/unbonding.ts';
import { MILLION } from '../../src/primitives/parameters.ts';
import { FEE, NOW, PARAMETERS, person } from './build.ts';
import { AIT, type ChainOptions, StakingChain } from './staking-chain.ts';

const test = suite('unbonding');
const FUNDS = 1_000n * AIT;
const HOUR = 3_600_000;
const PERIOD = PARAMETERS.unbondingPeriod;
const address = (index: number) => person(index).address;

/** Person 0 is a validator; the others have staked 10 AIT each on it. */
function chainOf(people: number, options?: ChainOptions): StakingChain {
  const chain = new StakingChain(
    Array.from({ length: people }, () => FUNDS),
    options,
  );
  assert.is(chain.register(0, 10n * AIT), 'SUCCESS');
  for (let i = 1; i < people; i++) assert.is(chain.stake(i, 0, 10n * AIT), 'SUCCESS');
  return chain;
}

test('what was unstaked is paid when the period has passed since the epoch’s end, and not a millisecond earlier', () => {
  const chain = chainOf(2);
  chain.unstake(1, 0, 3n * AIT);
  const before = chain.balance(1);
  chain.payAt(NOW + 10 * PERIOD);
  assert.is(chain.balance(1), before, 'the epoch goes on');
  const end = NOW + 10 * PERIOD + HOUR;
  chain.endEpoch(end);
  chain.endEpoch(end + HOUR);
  chain.payAt(end + PERIOD - 1);
  assert.is(chain.balance(1), before);
  chain.payAt(end + PERIOD);
  assert.is(chain.balance(1), before + 3n * AIT);
  assert.equal(chain.stakes(1).unbonding, []);
  assert.is(chain.shares(1, 0), 7n * AIT);
  assert.is(unbondingPools.find(chain.state, address(0), 1), undefined);
  assert.is(payouts.find(chain.state, 0), undefined);
  assert.equal(payoutQueue.get(chain.state), { first: 1, next: 1 });
  chain.assertConserved();
  chain.payAt(end + 2 * PERIOD);
  assert.is(chain.balance(1), before + 3n * AIT, 'once');
});

test('epochs are paid in their order, each in its time', () => {
  const chain = chainOf(3);
  chain.unstake(1, 0, AIT);
  chain.endEpoch(NOW + HOUR);
  chain.unstake(2, 0, AIT);
  chain.unstake(1, 0, AIT);
  chain.endEpoch(NOW + 2 * HOUR);
  const [one, two] = [chain.balance(1), chain.balance(2)];
  chain.payAt(NOW + HOUR + PERIOD);
  assert.equal([chain.balance(1), chain.balance(2)], [one + AIT, two]);
  chain.payAt(NOW + 2 * HOUR + PERIOD);
  assert.equal([chain.balance(1), chain.balance(2)], [one + 2n * AIT, two + AIT]);
});

test('an epoch whose record is gone is long over', () => {
  const chain = chainOf(2);
  chain.unstake(1, 0, AIT);
  const before = chain.balance(1);
  chain.endEpoch(NOW + 1);
  chain.endEpoch(NOW + 2);
  epochs.delete(chain.state, 1);
  chain.payAt(NOW + 3);
  assert.is(chain.balance(1), before, 'its end is known still');
  epochs.delete(chain.state, 2);
  chain.payAt(NOW + 3);
  assert.is(chain.balance(1), before + AIT);
});

test('the period of today counts', () => {
  const chain = chainOf(2);
  chain.unstake(1, 0, AIT);
  const before = chain.balance(1);
  chain.endEpoch(NOW);
  const present = epochs.get(chain.state, 2);
  epochs.set(chain.state, { ...present, parameters: { ...present.parameters, unbondingPeriod: HOUR } }, 2);
  chain.payAt(NOW + HOUR - 1);
  assert.is(chain.balance(1), before);
  chain.payAt(NOW + HOUR);
  assert.is(chain.balance(1), before + AIT);
});

test('a block pays a bounded number, the next block the next ones', () => {
  const people = MAX_PAYOUTS_PER_BLOCK + 7;
  const chain = chainOf(people);
  for (let i = 1; i < people; i++) assert.is(chain.unstake(i, 0), 'SUCCESS');
  assert.is(chain.unstake(0, 0), 'SUCCESS');
  chain.endEpoch(NOW);
  const rich = () => Array.from({ length: people }, (_, i) => chain.balance(i)).filter((b) => b > FUNDS - 9n * AIT);
  chain.payAt(NOW + PERIOD);
  assert.is(rich().length, MAX_PAYOUTS_PER_BLOCK);
  chain.payAt(NOW + PERIOD);
  assert.is(rich().length, people);
  assert.is(chain.balance(0), FUNDS - 2n * FEE);
  assert.equal(payoutQueue.get(chain.state), { first: people, next: people });
  chain.assertConserved();
});

test('what waits is still slashed, everybody alike, and then paid less', () => {
  const chain = chainOf(3);
  chain.unstake(1, 0, 4n * AIT);
  chain.unstake(2, 0, 8n * AIT);
  const [one, two] = [chain.balance(1), chain.balance(2)];
  burn(chain.state, slashStake(chain.state, address(0), 1, MILLION / 4).taken);
  chain.endEpoch(NOW);
  chain.payAt(NOW + PERIOD);
  assert.equal([chain.balance(1), chain.balance(2)], [one + 3n * AIT, two + 6n * AIT]);
  chain.assertConserved();
});

test('who unstakes after a slash in the same epoch does not pay for it twice', () => {
  const chain = chainOf(3);
  chain.unstake(1, 0, 4n * AIT);
  burn(chain.state, slashStake(chain.state, address(0), 1, MILLION / 2).taken);
  chain.unstake(2, 0, 4n * AIT);
  const [one, two] = [chain.balance(1), chain.balance(2)];
  chain.endEpoch(NOW);
  chain.payAt(NOW + PERIOD);
  assert.equal([chain.balance(1), chain.balance(2)], [one + 2n * AIT, two + 4n * AIT]);
});

test('when all that waits was slashed, the entries go and nothing is paid', () => {
  const chain = chainOf(2);
  chain.unstake(1, 0);
  const before = chain.balance(1);
  burn(chain.state, slashStake(chain.state, address(0), 1, MILLION).taken);
  chain.endEpoch(NOW);
  chain.payAt(NOW + PERIOD);
  assert.is(chain.balance(1), before);
  assert.is(stakes.find(chain.state, address(1)), undefined);
  chain.assertConserved();
});

test('a waiting pool whose shares cost more than a unit is an error: units would be left over', () => {
  const chain = chainOf(2);
  unbondingPools.set(chain.state, { tokens: 2n * AIT, shares: AIT }, address(0), 1);
  assert.throws(
    () => chain.unstake(1, 0, AIT + 1n),
    (error: unknown) => error instanceof CorruptStateError,
  );
});

test('a queue that does not fit the stakes is an error', () => {
  const chain = chainOf(2);
  chain.unstake(1, 0, AIT);
  chain.endEpoch(NOW);
  stakes.delete(chain.state, address(1));
  assert.throws(
    () => chain.payAt(NOW + PERIOD),
    (error: unknown) => error instanceof CorruptStateError,
  );
});

test.run();
