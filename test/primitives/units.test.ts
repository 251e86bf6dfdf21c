import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_AMOUNT } from '../../src/primitives/ssz.ts';
import { formatAit, parseAit, UNITS_PER_AIT, UnitsError } from '../../src/primitives/units.ts';

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

units.run();
