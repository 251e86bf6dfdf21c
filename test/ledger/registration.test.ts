import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { candidateList } from '../../src/ledger/candidates.ts';
import { consensusKeys, validators } from '../../src/ledger/records.ts';
import { ownStake } from '../../src/ledger/stakes.ts';
import { commissionIn, newValidator } from '../../src/ledger/validator-record.ts';
import { MILLION } from '../../src/primitives/parameters.ts';
import {
  ACTIVE,
  AUTHORITY,
  JAILED,
  MAX_CANDIDATES,
  MAX_DELEGATIONS,
  TOMBSTONED,
} from '../../src/primitives/staking.ts';
import { FEE, person } from './build.ts';
import { fillCandidates, fillDelegations } from './full.ts';
import { AIT, consensusKey, StakingChain } from './staking-chain.ts';

const test = suite('registration of validators');
const FUNDS = 100n * AIT;
const address = (index: number) => person(index).address;

test('VALIDATOR_REGISTER makes a candidate with stake of its own', () => {
  const chain = new StakingChain([FUNDS]);
  assert.is(chain.register(0, 3n * AIT, { commission: 50_000 }), 'SUCCESS');
  const { publicKey } = consensusKey(0);
  assert.equal(chain.validator(0), {
    publicKey,
    role: 0,
    status: ACTIVE,
    jailedUntil: 0,
    downtimes: 0,
    commission: 50_000,
    previousCommission: 50_000,
    commissionEpoch: 0,
    pool: { tokens: 3n * AIT, shares: 3n * AIT },
  });
  assert.is(chain.balance(0), FUNDS - FEE - 3n * AIT);
  assert.is(chain.shares(0, 0), 3n * AIT);
  assert.is(ownStake(chain.state, address(0)), 3n * AIT);
  assert.equal(candidateList(chain.state), [address(0)]);
  assert.equal(consensusKeys.get(chain.state, publicKey).address, address(0));
  chain.assertConserved();
});

test('a registration that may not be says why', () => {
  assert.is(new StakingChain([FUNDS], { mode: 'poa' }).register(0, AIT), 'NOT_ALLOWED');
  assert.is(new StakingChain([FUNDS], { mode: 'hybrid' }).register(0, AIT), 'SUCCESS');

  const chain = new StakingChain([FUNDS, FUNDS]);
  assert.is(chain.register(0, AIT, { commission: MILLION + 1 }), 'COMMISSION_OUT_OF_BOUNDS');
  assert.is(chain.register(0, AIT - 1n), 'STAKE_TOO_SMALL');
  assert.is(chain.register(0, FUNDS - 3n * FEE + 1n), 'INSUFFICIENT_BALANCE');
  assert.is(chain.register(0, AIT, { commission: MILLION }), 'SUCCESS');
  assert.is(chain.register(0, AIT, { key: 7 }), 'ALREADY_REGISTERED');
  assert.is(chain.register(1, AIT, { key: 0 }), 'KEY_ALREADY_USED');
  assert.is(chain.register(1, FUNDS - 2n * FEE), 'SUCCESS', 'everything that is left');
  assert.is(chain.balance(1), 0n);
});

test('an authority, also one that was removed, is registered already', () => {
  const chain = new StakingChain([FUNDS], { mode: 'hybrid' });
  validators.set(chain.state, newValidator(consensusKey(9).publicKey, AUTHORITY, 0), address(0));
  assert.is(chain.register(0, AIT), 'ALREADY_REGISTERED');
  chain.change(0, { role: 0 });
  assert.is(chain.register(0, AIT), 'ALREADY_REGISTERED');
  assert.is(chain.stake(0, 0, AIT), 'SUCCESS');
  assert.equal(candidateList(chain.state), [address(0)]);
});

test('there is no room for another candidate, or for another delegation', () => {
  const chain = new StakingChain([FUNDS]);
  fillCandidates(chain.state, MAX_CANDIDATES);
  assert.is(chain.register(0, AIT), 'TOO_MANY_CANDIDATES');

  const other = new StakingChain([FUNDS]);
  fillDelegations(other.state, address(0), MAX_DELEGATIONS);
  assert.is(other.register(0, AIT), 'TOO_MANY_DELEGATIONS');
});

test('where a self-bond may be zero it still needs a share', () => {
  const chain = new StakingChain([FUNDS], { parameters: { minSelfBond: 0n } });
  assert.is(chain.register(0, 0n), 'NO_SHARES');
  assert.is(chain.register(0, 1n), 'SUCCESS');
});

test('VALIDATOR_UPDATE changes what it names and nothing else', () => {
  const chain = new StakingChain([FUNDS]);
  chain.register(0, AIT, { commission: 10 });
  const before = chain.validator(0);
  assert.is(chain.update(0, {}), 'SUCCESS');
  assert.equal(chain.validator(0), before);
  assert.is(chain.update(0, { commission: 20 }), 'SUCCESS');
  const changed = { ...before, commission: 20, commissionEpoch: 2 };
  assert.equal(chain.validator(0), changed);
  assert.is(chain.update(0, { key: 5 }), 'SUCCESS');
  assert.equal(chain.validator(0), { ...changed, publicKey: consensusKey(5).publicKey });
  assert.equal(consensusKeys.get(chain.state, consensusKey(5).publicKey).address, address(0));
  assert.is(chain.update(0, { commission: 0, key: 6 }), 'SUCCESS');
  assert.is(chain.validator(0).commission, 0);
});

test('another commission is that of the next epoch', () => {
  const chain = new StakingChain([FUNDS]);
  chain.register(0, AIT, { commission: 10 });
  const commissions = () => [1, 2, 3, 4].map((epoch) => commissionIn(chain.validator(0), epoch));
  assert.equal(commissions(), [10, 10, 10, 10]);
  chain.update(0, { commission: 20 });
  assert.equal(commissions(), [10, 20, 20, 20]);
  chain.update(0, { commission: 30 });
  assert.equal(commissions(), [10, 30, 30, 30], 'of two changes in an epoch the second');
  chain.endEpoch();
  chain.update(0, { key: 5 });
  assert.equal(commissions().slice(1), [30, 30, 30]);
  chain.update(0, { commission: 40 });
  assert.equal(commissions().slice(1), [30, 40, 40]);
  chain.endEpoch();
  chain.endEpoch();
  chain.update(0, { commission: 50 });
  assert.is(commissions()[3], 40);
});

test('an update that may not be says why', () => {
  const chain = new StakingChain([FUNDS, FUNDS]);
  assert.is(chain.update(0, { commission: 1 }), 'UNKNOWN_VALIDATOR');
  chain.register(0, AIT);
  chain.register(1, AIT);
  assert.is(chain.update(0, { key: 4, commission: MILLION + 1 }), 'COMMISSION_OUT_OF_BOUNDS');
  assert.is(consensusKeys.find(chain.state, consensusKey(4).publicKey), undefined);
  assert.is(chain.update(0, { key: 1, commission: 5 }), 'KEY_ALREADY_USED');
  assert.is(chain.update(0, { key: 0 }), 'KEY_ALREADY_USED', 'its own present key');
  chain.update(0, { key: 4 });
  assert.is(chain.update(0, { key: 0 }), 'KEY_ALREADY_USED', 'its own earlier key');
  assert.is(chain.update(1, { key: 0 }), 'KEY_ALREADY_USED');
  chain.change(0, { status: TOMBSTONED });
  assert.is(chain.update(0, { commission: 1 }), 'TOMBSTONED');
});

test('UNJAIL releases the sender when its epoch has come', () => {
  const chain = new StakingChain([FUNDS, FUNDS]);
  assert.is(chain.unjail(0), 'UNKNOWN_VALIDATOR');
  chain.register(0, AIT);
  assert.is(chain.unjail(0), 'NOT_JAILED');
  chain.change(0, { status: JAILED, jailedUntil: 3, downtimes: 1 });
  assert.is(chain.unjail(1, 0), 'NOT_ALLOWED', 'somebody else');
  assert.is(chain.unjail(0), 'STILL_JAILED');
  chain.endEpoch();
  assert.is(chain.unjail(0), 'STILL_JAILED');
  chain.endEpoch();
  assert.is(chain.unjail(0), 'SUCCESS');
  assert.is(chain.validator(0).status, ACTIVE);
  assert.is(chain.validator(0).downtimes, 1, 'it is remembered');
  assert.is(chain.unjail(0), 'NOT_JAILED');
  chain.change(0, { status: TOMBSTONED });
  assert.is(chain.unjail(0), 'TOMBSTONED');
});

test.run();
