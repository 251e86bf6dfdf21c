import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toJson } from '../../src/primitives/json.ts';
import {
  MAX_BLOCK_BYTES,
  MAX_UNBONDING_EPOCHS,
  MIN_EPOCH_BLOCKS,
  PARAMETER_BOUNDS,
  parameterFaults,
} from '../../src/primitives/parameter-bounds.ts';
import { PARAMETER_KEYS, PARAMETER_NAMES, type ParameterName, Parameters } from '../../src/primitives/parameters.ts';
import { PARAMETERS } from '../ledger/build.ts';

const bounds = suite('bounds of parameters');

function faults(changes: Partial<Parameters>): string[] {
  return parameterFaults({ ...PARAMETERS, ...changes }).map(({ parameter }) => parameter);
}

bounds('has nothing to say about usual ones', () => assert.equal(faults({}), []));

bounds('every parameter has a least and a most, and one beyond is named', () => {
  assert.equal(Object.keys(PARAMETER_BOUNDS), [...PARAMETER_NAMES], 'in the order of the type');
  for (const name of PARAMETER_NAMES) {
    const [least, most] = PARAMETER_BOUNDS[name];
    const above = typeof most === 'bigint' ? most + 1n : most + 1;
    assert.ok(faults({ [name]: above }).includes(name), `${name} ${above}`);
    if (least > 0)
      assert.ok(faults({ [name]: typeof least === 'bigint' ? least - 1n : least - 1 }).includes(name), name);
  }
});

const { blockTime, epochDuration, evidenceWindow } = PARAMETERS;
/** Each is within its own bounds. */
const CONTRADICTIONS: readonly (readonly [ParameterName, Partial<Parameters>, allowed: Partial<Parameters>])[] = [
  ['minBlockInterval', { minBlockInterval: blockTime + 1 }, { minBlockInterval: blockTime }],
  ['timerCap', { messageDelay: 10, timerCap: 12_239 }, { messageDelay: 10, timerCap: 12_240 }],
  [
    'epochDuration',
    {
      blockTime: 60_000,
      timerCap: 3_600_000,
      epochDuration: 60_000 * MIN_EPOCH_BLOCKS - 1,
      unbondingPeriod: 30_000_000,
      evidenceWindow: 15_000_000,
    },
    {
      blockTime: 60_000,
      timerCap: 3_600_000,
      epochDuration: 60_000 * MIN_EPOCH_BLOCKS,
      unbondingPeriod: 30_000_000,
      evidenceWindow: 15_000_000,
    },
  ],
  ['evidenceWindow', { evidenceWindow: 2 * epochDuration - 1 }, { evidenceWindow: 2 * epochDuration }],
  ['unbondingPeriod', { unbondingPeriod: 2 * evidenceWindow - 1 }, { unbondingPeriod: 2 * evidenceWindow }],
  [
    'unbondingPeriod',
    { unbondingPeriod: MAX_UNBONDING_EPOCHS * epochDuration + 1 },
    { unbondingPeriod: MAX_UNBONDING_EPOCHS * epochDuration },
  ],
  ['votingPeriod', { votingPeriod: epochDuration - 1 }, { votingPeriod: epochDuration }],
  ['minValidators', { minValidators: 5, maxStakers: 4 }, { minValidators: 4, maxStakers: 4 }],
];

for (const [name, refused, allowed] of CONTRADICTIONS) {
  bounds(`${name} is compared with the others: ${Object.keys(refused)}`, () => {
    assert.equal(faults(refused), [name]);
    assert.equal(faults(allowed), []);
  });
}

bounds('says what is allowed, in the names of the JSON form', () => {
  const [fault] = parameterFaults({ ...PARAMETERS, unbondingPeriod: evidenceWindow });
  assert.match(
    String(fault?.message),
    new RegExp(`at least ${2 * evidenceWindow}: 2 × evidence_window.*, not ${evidenceWindow}$`),
  );
  const [large] = parameterFaults({ ...PARAMETERS, maxBlockBytes: MAX_BLOCK_BYTES + 1 });
  assert.is(large?.message, `must be from 65536 to ${MAX_BLOCK_BYTES}, not ${MAX_BLOCK_BYTES + 1}`);
  assert.equal(Object.keys(toJson(Parameters, PARAMETERS) as object), PARAMETER_KEYS);
});

bounds.run();
