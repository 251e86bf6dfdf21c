// What the operator's metrics say of the own validator comes from the records of the present epoch.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { initializeState } from '../../src/ledger/genesis.ts';
import { activity, currentEpoch, validators } from '../../src/ledger/records.ts';
import { validatorLevels } from '../../src/node/validator-levels.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { JAILED, TOMBSTONED } from '../../src/primitives/staking.ts';
import { Overlay } from '../../src/state/overlay.ts';
import { keyOf, makeGenesis } from '../chain/fixture.ts';

const levels = suite('validator levels');
const operator = addressOf(keyOf(0).publicKey);

function open() {
  const overlay = new Overlay({ get: () => undefined, getNode: () => undefined });
  initializeState(overlay, makeGenesis());
  return overlay;
}

levels('a member: its weight, and its own slots and votes', () => {
  const state = open();
  const { validators: members } = currentEpoch(state);
  const member = members.findIndex(({ address }) => Buffer.compare(address, operator) === 0);
  const record = activity.get(state);
  record.blocks = 10;
  for (const [index, own] of record.members.entries()) {
    Object.assign(own, index === member ? { participated: 9, proposed: 2, missed: 1 } : { participated: 4 });
  }
  activity.set(state, record);
  assert.equal(validatorLevels(state, { operator }), validatorLevels(state, keyOf(0)), 'with the key elsewhere');
  assert.equal(validatorLevels(state, keyOf(0)), {
    epoch: 1,
    weight: 1,
    totalWeight: 4,
    proposed: 2,
    missed: 1,
    participated: 9,
    blocks: 10,
    jailed: false,
    tombstoned: false,
  });
});

levels('a validator without a seat, and a node without a validator, have missed nothing', () => {
  const state = open();
  const record = activity.get(state);
  record.blocks = 10;
  activity.set(state, record);
  for (const own of [undefined, keyOf(99)]) {
    const { weight, participated, blocks, proposed, missed } = validatorLevels(state, own);
    assert.equal([weight, participated, blocks, proposed, missed], [0, 0, 0, 0, 0]);
  }
});

levels('jail and worse', () => {
  const state = open();
  const record = validators.get(state, operator);
  validators.set(state, { ...record, status: JAILED }, operator);
  assert.is(validatorLevels(state, keyOf(0)).jailed, true);
  validators.set(state, { ...record, status: TOMBSTONED }, operator);
  const { jailed, tombstoned } = validatorLevels(state, keyOf(0));
  assert.equal([jailed, tombstoned], [false, true]);
});

levels.run();
