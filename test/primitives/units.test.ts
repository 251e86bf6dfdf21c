import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_AMOUNT } from '../../src/primitives/ssz.ts';
import {
  formatAit,
  formatPercent,
  parseAit,
  parsePercent,
  UNITS_PER_AIT,
  UnitsError,
} from '../../src/primitives/units.ts';

const units = suite('units');

units('reads what people write', () => {
  assert.is(UNITS_PER_AIT, 1_000_000_000n);
  const cases: [string, bigint][] = [
    ['0', 0n],
    ['1', 1_000_000_000n],
    ['1.5', 1_500_000_000n],
    ['1.5 AIT', 1_500_000_000n],
    ['1.5AIT', 1_500_000_000n],
    ['1.50', 1_500_000_000n],
    ['0.000000001', 1n],
    ['0.1', 100_000_000n],
    ['18446744073.709551615', MAX_AMOUNT],
  ];
  for (const [text, amount] of cases) assert.is(parseAit(text), amount, text);
});

units('writes no zeros at the end', () => {
  assert.is(formatAit(0n), '0 AIT');
  assert.is(formatAit(1n), '0.000000001 AIT');
  assert.is(formatAit(1_500_000_000n), '1.5 AIT');
  assert.is(formatAit(10_000_000_000n), '10 AIT');
  assert.is(formatAit(MAX_AMOUNT), '18446744073.709551615 AIT');
});

units('every amount survives its text', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: MAX_AMOUNT }), (amount) => {
      assert.is(parseAit(formatAit(amount)), amount);
      assert.is(parseAit(formatAit(amount).replace(' AIT', '')), amount);
    }),
  );
});

units('refuses everything else, and says why', () => {
  const cases: [string, RegExp][] = [
    ['', /written like/],
    [' 1', /written like/],
    ['1 ', /written like/],
    ['1\n', /written like/],
    ['-1', /written like/],
    ['+1', /written like/],
    ['1e9', /written like/],
    ['.5', /written like/],
    ['1.', /written like/],
    ['01', /written like/],
    ['1,5', /written like/],
    ['1_000', /written like/],
    ['0x1', /written like/],
    ['1.5 BTC', /written like/],
    ['NaN', /written like/],
    ['1.0000000001', /at most 9 decimals, this one has 10/],
    ['18446744073.709551616', /at most 18446744073.709551615 AIT/],
    ['100000000000', /at most/],
    ['9'.repeat(1000), /at most/],
  ];
  for (const [text, why] of cases) {
    try {
      parseAit(text);
    } catch (error) {
      assert.instance(error, UnitsError);
      assert.match((error as UnitsError).message, why);
      continue;
    }
    assert.unreachable(`accepted ${text}`);
  }
});

units('percent are read and written exactly', () => {
  const cases: [text: string, millionths: number][] = [
    ['0%', 0],
    ['5%', 50_000],
    ['0.25%', 2_500],
    ['0.0001%', 1],
    ['33.3333%', 333_333],
    ['100%', 1_000_000],
  ];
  for (const [text, millionths] of cases) {
    assert.is(parsePercent(text), millionths);
    assert.is(formatPercent(millionths), text);
  }
  assert.is(parsePercent('5.50 %'), 55_000);
  for (const text of [
    '',
    '%',
    '5',
    '0.5',
    '-1%',
    '05%',
    '.5%',
    '5.%',
    '0.00001%',
    '100.0001%',
    '101%',
    '1000%',
    '5%%',
  ]) {
    assert.throws(
      () => parsePercent(text),
      (error: unknown) => error instanceof UnitsError,
      text,
    );
  }
});

units.run();
