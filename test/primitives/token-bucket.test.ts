import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TokenBucket } from '../../src/primitives/token-bucket.ts';

const buckets = suite('token buckets');

const RATE = { burst: 10, perSecond: 2 };

buckets('a burst at once, then so many a second, never more than the burst', () => {
  const bucket = new TokenBucket(RATE, 0);
  bucket.take(10, 0);
  assert.is(bucket.available(0), 0);
  assert.is(bucket.available(500), 1);
  assert.is(bucket.available(60_000), 10);
});

buckets('what was taken while it was full is gone, however long it had been full', () => {
  const bucket = new TokenBucket(RATE, 0);
  bucket.take(4, 60_000);
  assert.is(bucket.available(60_000), 6);
});

buckets('more than there is can be owed', () => {
  const bucket = new TokenBucket(RATE, 0);
  bucket.take(14, 0);
  assert.is(bucket.available(0), -4);
  assert.is(bucket.available(2_000), 0);
});

buckets('a clock that is set back gives nothing and costs nothing', () => {
  const bucket = new TokenBucket(RATE, 60_000);
  bucket.take(4, 60_000);
  assert.is(bucket.available(0), 6);
  assert.is(bucket.available(1_000), 8);
});

buckets.run();
