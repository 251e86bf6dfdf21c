// The rate of catching up: what happened lately counts, what was before does not.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SyncRate } from '../../src/sync/sync-rate.ts';

const test = suite('sync rate');

test('follows what happened lately', () => {
  let time = 0;
  let height = 100;
  const rate = new SyncRate(() => time);
  const apply = (milliseconds: number) => {
    time += milliseconds;
    rate.measure(++height);
    return rate.blocksPerSecond;
  };
  rate.begin(height);
  assert.is(rate.blocksPerSecond, 0);
  assert.equal(
    Array.from({ length: 10 }, () => apply(100)),
    new Array(10).fill(10),
  );
  for (let block = 0; block < 10; block++) apply(5000);
  assert.ok(Math.abs(rate.blocksPerSecond - 0.2) < 1e-9, 'the first ten are forgotten');
  rate.begin(height);
  assert.is(rate.blocksPerSecond, 0);
});

test.run();
