// Shares and penalties over time, on a clock of the test.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RateLimiter } from '../../src/network/rate-limit.ts';
import { DISCONNECT_AT, PENALTIES, PenaltyBook, READMIT_BELOW } from '../../src/network/scoring.ts';

const limits = suite('network: limits');

limits('requests come back with time, up to the burst, each peer on its own', () => {
  let now = 0;
  const limiter = new RateLimiter(
    { requests: { burst: 2, perSecond: 1 }, bytes: { burst: 100, perSecond: 10 } },
    () => now,
  );
  assert.equal(
    [1, 2, 3].map(() => limiter.admit('a')),
    [true, true, false],
  );
  assert.ok(limiter.admit('b'));
  now = 1_000;
  assert.equal(
    [1, 2].map(() => limiter.admit('a')),
    [true, false],
  );
  now = 1_000_000;
  assert.equal(
    [1, 2, 3].map(() => limiter.admit('a')),
    [true, true, false],
  );
});

limits('who owes bytes waits until they have come back', () => {
  let now = 0;
  const limiter = new RateLimiter(
    { requests: { burst: 100, perSecond: 100 }, bytes: { burst: 100, perSecond: 10 } },
    () => now,
  );
  limiter.charge('a', 150);
  assert.not(limiter.admit('a'));
  now = 5_000;
  assert.not(limiter.admit('a'));
  now = 5_100;
  assert.ok(limiter.admit('a'));
});

limits('penalties add up and fade by half in a minute', () => {
  let now = 0;
  const book = new PenaltyBook(() => now);
  assert.is(book.points('a'), 0);
  let points = 0;
  while (points < DISCONNECT_AT) points = book.add('a', 'rejected');
  assert.is(points, DISCONNECT_AT);
  assert.is(book.points('b'), 0);
  now = 60_000;
  assert.is(book.points('a'), READMIT_BELOW);
  now = 120_000;
  assert.is(book.add('a', 'nuisance'), DISCONNECT_AT / 4 + PENALTIES.nuisance);
});

limits.run();
