// Who has blocks to give, by what peers say, show and leave undone.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Sources, type SyncPeer } from '../../src/sync/sources.ts';

const test = suite('sources');

function withPeers(...peers: SyncPeer[]) {
  const time = { now: 0 };
  return { peers, time, sources: new Sources({ peers: () => peers, now: () => time.now }) };
}

const peer = (id: string, height: number, oldestHeight = 0): SyncPeer => ({ id, height, oldestHeight });

test('blocks are gone when everyone ahead says or has shown to have none', () => {
  const { sources, peers } = withPeers(peer('level', 10));
  assert.not(sources.areGone(10), 'nobody is ahead');
  peers.push(peer('pruned', 99, 50));
  assert.ok(sources.areGone(10));
  peers.push(peer('empty', 99));
  assert.not(sources.areGone(10));
  sources.hasNone('empty', 11);
  assert.ok(sources.areGone(10));
  assert.not(sources.areGone(11), 'it was not asked for that');
});

test('or when nobody has sent the next one for two minutes, whoever claims to have it', () => {
  const { sources, peers, time } = withPeers(peer('hanging', 99));
  sources.wanted(10);
  time.now = 119_999;
  sources.wanted(10);
  assert.not(sources.areGone(10));
  peers.push(peer('newcomer', 99));
  time.now = 120_000;
  assert.ok(sources.areGone(10));
  sources.rest(10);
  assert.ok(sources.areGone(10), 'they are still ahead');
  assert.not(sources.areGone(11), 'the head has moved');
  sources.wanted(11);
  time.now = 239_999;
  assert.not(sources.areGone(11));
});

test('the time in which nobody is ahead does not count', () => {
  const { sources, peers, time } = withPeers(peer('a', 10));
  sources.wanted(10);
  sources.rest(10);
  time.now = 3_600_000;
  peers.push(peer('b', 99));
  assert.not(sources.areGone(10));
  sources.wanted(10);
  assert.not(sources.areGone(10));
});

test.run();
