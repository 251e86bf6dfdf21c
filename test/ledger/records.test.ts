import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CorruptStateError } from '../../src/ledger/errors.ts';
import { currentEpoch, epochs, validators } from '../../src/ledger/records.ts';
import { newValidator } from '../../src/ledger/validator-record.ts';
import { EpochRecord } from '../../src/primitives/epoch.ts';
import { STAKER } from '../../src/primitives/staking.ts';
import { chainWith, EPOCH, MapState } from './build.ts';

const test = suite('ledger records');

test('the record of an epoch is decoded once, whoever asks and from whichever state', () => {
  const record = currentEpoch(chainWith([]));
  const other = new MapState();
  other.set(epochs.key(7), EpochRecord.serialize(EPOCH));
  assert.is(epochs.get(other, 7), record, 'equal bytes, though another array');
  assert.equal(record, EPOCH);
});

test('records that differ are told apart, however many are decoded', () => {
  const state = new MapState();
  for (let epoch = 1; epoch <= 200; epoch++) epochs.set(state, { ...EPOCH, epoch }, epoch);
  for (let round = 0; round < 2; round++)
    for (let epoch = 1; epoch <= 200; epoch++) assert.is(epochs.get(state, epoch).epoch, epoch);
});

test('the record in use stays decoded while many others are read', () => {
  const state = new MapState();
  for (let epoch = 1; epoch <= 200; epoch++) epochs.set(state, { ...EPOCH, epoch }, epoch);
  const present = epochs.get(state, 200);
  for (let epoch = 1; epoch < 200; epoch++) {
    epochs.get(state, epoch);
    if (epoch % 50 === 0) assert.is(epochs.get(state, 200), present);
  }
});

test('other records are the reader’s own, and damaged bytes are an error', () => {
  const state = new MapState();
  const address = new Uint8Array(20);
  validators.set(state, newValidator(new Uint8Array(32), STAKER, 0), address);
  assert.is.not(validators.get(state, address), validators.get(state, address));
  state.set(epochs.key(9), new Uint8Array(5));
  assert.throws(
    () => epochs.get(state, 9),
    (error: unknown) => error instanceof CorruptStateError,
  );
});

test.run();
