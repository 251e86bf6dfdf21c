// Shares and penalties over time, on a clock of the test.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PENALTIES } from '../../src/network/offences.ts';
import { RateLimiter, Shares } from '../../src/network/rate-limit.ts';
import { DISCONNECT_AT, gossipScoring, PenaltyBook } from '../../src/network/scoring.ts';

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

limits('peers on one host have twice the share of one, however many they are', () => {
  let now = 0;
  const shares = new Shares(
    { requests: { burst: 10, perSecond: 10 }, bytes: { burst: 100, perSecond: 10 } },
    () => now,
  );
  for (const peer of ['a', 'b']) {
    assert.is(shares.whyNot(peer, '192.0.2.7'), undefined);
    shares.charge(peer, '192.0.2.7', 100);
  }
  assert.is(shares.whyNot('a', '192.0.2.7'), 'peer');
  assert.is(shares.whyNot('c', '192.0.2.7'), 'host');
  assert.is(shares.whyNot('d', '192.0.2.8'), undefined);
  assert.is(shares.whyNot('e', undefined), undefined);
  now = 1_000;
  assert.is(shares.whyNot('c', '192.0.2.7'), undefined);
  const asked = Array.from({ length: 30 }, (_, i) => shares.whyNot(`f${i}`, '192.0.2.9'));
  assert.is(asked.filter((why) => why === undefined).length, 20);
});

limits('penalties add up and fade by half in a minute; their reasons stay', () => {
  const now = { steady: 0, wall: 1_800_000_000_000 };
  const book = new PenaltyBook({ steady: () => now.steady, wall: () => now.wall + now.steady });
  assert.is(book.points('a'), 0);
  let points = 0;
  while (points < DISCONNECT_AT) points = book.add('a', 'rejected', 'a vote');
  assert.is(points, DISCONNECT_AT);
  assert.is(book.points('b'), 0);
  now.steady = 60_000;
  assert.is(book.points('a'), DISCONNECT_AT / 2);
  now.steady = 120_000;
  assert.is(book.add('a', 'nuisance', 'too fast\u0007\n'), DISCONNECT_AT / 4 + PENALTIES.nuisance);
  assert.equal(book.offences('a'), [
    { kind: 'nuisance', reason: 'too fast', times: 1, at: now.wall + 120_000 },
    { kind: 'rejected', reason: 'a vote', times: 10, at: now.wall },
  ]);
  assert.equal(book.offences('b'), []);
  for (let i = 0; i < 20; i++) book.add('a', 'violation', `${i} ${'x'.repeat(500)}`);
  assert.is(book.offences('a').length, 8);
  assert.ok(book.offences('a').every(({ reason }) => reason.length <= 160));
  book.forgive('a');
  assert.is(book.points('a'), 0);
  assert.equal(book.offences('a'), []);
});

limits(
  'gossip takes from a peer one thing after the other as its points rise, and hears it no more where it is banned',
  () => {
    const book = new PenaltyBook({ steady: () => 0, wall: () => 0 });
    const { scoreParams, scoreThresholds } = gossipScoring(book, () => false);
    const { gossipThreshold = 0, publishThreshold = 0, graylistThreshold = 0 } = scoreThresholds;
    const lostAt = (peer: string, isLost: (score: number) => boolean) => {
      while (!isLost(scoreParams.appSpecificScore?.(peer) ?? 0)) book.add(peer, 'nuisance', '');
      return book.points(peer);
    };
    const points = [
      lostAt('mesh', (score) => score < 0),
      lostAt('gossip', (score) => score < gossipThreshold),
      lostAt('publish', (score) => score < publishThreshold),
      lostAt('hearing', (score) => score <= graylistThreshold),
    ];
    assert.equal(points, [21, 41, 61, DISCONNECT_AT]);
  },
);

limits.run();
