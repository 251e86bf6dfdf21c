import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { setFeePool } from '../../src/ledger/accounts.ts';
import { candidateList, joinCandidates, mayBeCandidate } from '../../src/ledger/candidates.ts';
import { activity, epochRange, epochs, validators } from '../../src/ledger/records.ts';
import { unjail } from '../../src/ledger/registration.ts';
import { stake } from '../../src/ledger/staking.ts';
import type { Address } from '../../src/primitives/address.ts';
import { JAILED, MAX_CANDIDATES } from '../../src/primitives/staking.ts';
import { person } from './build.ts';
import { Chain } from './epochs.ts';
import { fillCandidates } from './full.ts';

const test = suite('epoch boundary');
const AIT = 1_000_000_000n;
const PARAMETERS = { epochDuration: 12_000, blockTime: 10, evidenceWindow: 24_000, unbondingPeriod: 48_000 };

test('the first block at or after the end of an epoch is its last', () => {
  const chain = new Chain({ mode: 'poa', authorities: [0, 1, 2], parameters: PARAMETERS });
  const first = chain.epoch;
  chain.add({ after: 11_999 });
  assert.equal(chain.epoch, first);
  chain.add({ after: 1 });
  const { epoch, start, startHeight } = chain.epoch;
  assert.equal({ epoch, start, startHeight }, { epoch: 2, start: first.start + 12_000, startHeight: 2 });
  assert.equal(epochs.get(chain.state, 1), first);
  assert.is(activity.get(chain.state).blocks, 0);
  chain.add({ after: 30_000 });
  assert.is(chain.epoch.epoch, 3, 'a single block may be an epoch');
});

test('what is staked in an epoch has weight in the next', () => {
  const stakers = [0, 1].map((index) => [index, AIT] as const);
  const chain = new Chain({ mode: 'pos', stakers, balances: [[5, 2n * AIT]], parameters: PARAMETERS });
  chain.add({
    within: (context) => {
      const action = { validator: person(1).address, amount: 2n * AIT };
      assert.is(stake(chain.state, person(5).address, action, context), 'SUCCESS');
    },
  });
  assert.equal(chain.weights(), { 0: 500_000, 1: 500_000 });
  chain.finishEpoch();
  assert.equal(chain.weights(), { 0: 250_000, 1: 750_000 });
});

test('who was away is judged before the election, misses an epoch and may come back', () => {
  const chain = new Chain({ mode: 'poa', authorities: [0, 1, 2, 3], parameters: PARAMETERS });
  const present = [0, 1, 2].map((index) => chain.member(index));
  chain.finishEpoch({ voters: present });
  assert.equal(Object.keys(chain.weights()), ['0', '1', '2']);
  const release = (expected: string) =>
    chain.add({
      within: (context) => {
        const { address } = person(3);
        assert.is(unjail(chain.state, address, { validator: address }, context), expected);
      },
    });
  release('STILL_JAILED');
  chain.finishEpoch();
  assert.equal(Object.keys(chain.weights()), ['0', '1', '2']);
  release('SUCCESS');
  chain.finishEpoch();
  assert.equal(Object.keys(chain.weights()), ['0', '1', '2', '3']);
});

test('who is jailed at a boundary is still paid for what it did', () => {
  const chain = new Chain({ mode: 'poa', authorities: [0, 1, 2, 3], parameters: { ...PARAMETERS, proposerBonus: 0 } });
  const [a, b, c, away] = [0, 1, 2, 3].map((index) => chain.member(index)) as [number, number, number, number];
  for (let block = 0; block < 11; block++) chain.add({ voters: block < 4 ? [a, b, c, away] : [a, b, c] });
  setFeePool(chain.state, 4_000n);
  chain.add({ voters: [a, b, c] });
  assert.is(chain.record(3).status, JAILED);
  assert.is(chain.balance(0), 1_000n);
  assert.is(chain.balance(3), 272n, 'three of eleven blocks');
});

test('records of epochs are kept as long as evidence or unbonding may need them, and few are deleted at once', () => {
  const chain = new Chain({ mode: 'poa', authorities: [0, 1, 2], parameters: PARAMETERS });
  for (let epoch = 1; epoch <= 9; epoch++) chain.finishEpoch();
  const kept = (first: number, last: number) => {
    assert.equal(epochRange.get(chain.state), { current: last, oldest: first });
    for (let epoch = 1; epoch <= last; epoch++)
      assert.is(epochs.find(chain.state, epoch) !== undefined, epoch >= first, `epoch ${epoch}`);
  };
  // Epoch 6 ended 36 seconds before epoch 10 began, epoch 5 ended 48 seconds before.
  kept(6, 10);

  const long = new Chain({ mode: 'poa', authorities: [0], parameters: { ...PARAMETERS, unbondingPeriod: 600_000 } });
  for (let epoch = 1; epoch <= 45; epoch++) long.finishEpoch({ after: 12_000 });
  const { epoch: current, parameters } = long.epoch;
  epochs.set(long.state, { ...long.epoch, parameters: { ...parameters, unbondingPeriod: 24_000 } }, current);
  long.finishEpoch({ after: 12_000 });
  assert.is(epochRange.get(long.state).oldest, 17);
  long.finishEpoch({ after: 12_000 });
  assert.is(epochRange.get(long.state).oldest, 33);
});

test('when there is no room for candidates, those whose own stake has become too small leave', () => {
  const stakers = [0, 1].map((index) => [index, AIT] as const);
  const chain = new Chain({ mode: 'pos', stakers, parameters: { ...PARAMETERS, minSelfBond: AIT } });
  const [rich, poor] = [0, 1].map((index) => person(index).address) as [Address, Address];
  validators.set(chain.state, { ...chain.record(1), pool: { tokens: AIT - 1n, shares: AIT } }, poor);
  const before = candidateList(chain.state);
  chain.finishEpoch();
  assert.equal(candidateList(chain.state), before, 'they may stay as long as there is room');
  fillCandidates(chain.state, MAX_CANDIDATES - 2);
  for (const address of [rich, poor]) joinCandidates(chain.state, address);
  assert.not(mayBeCandidate(chain.state, person(7).address));
  chain.finishEpoch();
  assert.equal(candidateList(chain.state), [rich]);
});

test('the record of a new epoch has the keys that validators have by then', () => {
  const chain = new Chain({ mode: 'poa', authorities: [0, 1], parameters: PARAMETERS });
  const { publicKey } = person(7);
  validators.set(chain.state, { ...chain.record(1), publicKey }, person(1).address);
  chain.finishEpoch();
  assert.equal(Object.keys(chain.weights()), ['0', '7']);
});

test.run();
