// The clocks of peers, on clocks of the test.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PeerClocks } from '../../src/network/peer-clocks.ts';

const clocks = suite('network: clocks of peers');

const START = 1_800_000_000_000;

function scene() {
  const now = { wall: START, steady: 5_000 };
  const peers = new PeerClocks(
    () => now.wall,
    () => now.steady,
  );
  /** A peer whose clock is ahead of the true one; the answer leaves it when half of the delay is over, unless said. */
  const exchange = (peer: string, ahead: number, latencyMs = 20, back = 0.5, configured = false) =>
    peers.add(peer, { time: START + ahead + latencyMs * (1 - back), sentAt: now.steady, latencyMs }, configured);
  return { now, peers, exchange };
}

clocks('of nobody: nothing is known', () => {
  assert.equal(scene().peers.offset, { ms: 0, certainMs: 0, peers: 0, configured: false });
});

clocks('half of the delay is taken for the way back, and up to that much is not certain', () => {
  const { peers, exchange } = scene();
  exchange('a', -1_000, 20);
  assert.equal(peers.offset, { ms: 1_000, certainMs: 990, peers: 1, configured: false });
  const other = scene();
  other.exchange('a', 0, 400, 1);
  assert.equal(other.peers.offset, { ms: 200, certainMs: 0, peers: 1, configured: false });
});

clocks('the median counts: one wrong clock of three moves nothing', () => {
  const { peers, exchange } = scene();
  exchange('a', 60_000);
  exchange('b', 10);
  exchange('c', -10);
  assert.is(peers.offset.ms, -10);
  assert.is(peers.offset.certainMs, 0);
  peers.forget('b');
  assert.is(peers.offset.ms, 0, 'two that contradict each other say nothing');
  exchange('c', 50_000);
  exchange('c', 50_000, 10);
  assert.is(peers.offset.ms, -50_000, 'the nearer of two, by its fastest answer');
});

clocks('setting the own clock in small steps shows at once', () => {
  const { now, peers, exchange } = scene();
  exchange('a', 0);
  exchange('b', 0);
  now.wall += 200;
  assert.is(peers.offset.ms, 200);
  now.wall += 200;
  assert.is(peers.offset.ms, 400);
  now.wall -= 200;
  assert.is(peers.offset.ms, 200);
});

clocks('a machine that has slept, or whose clock was set, asks anew: what it knew is of another time', () => {
  const { now, peers, exchange } = scene();
  exchange('a', 0, 20, 0.5, true);
  exchange('b', 0, 20, 0.5, true);
  const asked = now.steady;
  now.steady += 10;
  // the clock that is never set stands still in the sleep
  now.wall += 3_600_010;
  assert.equal(peers.offset, { ms: 0, certainMs: 0, peers: 0, configured: false });
  peers.add('a', { time: START, sentAt: asked, latencyMs: 20 }, true);
  assert.is(peers.offset.peers, 0, 'the answer is from before the sleep');
  now.steady += 10;
  now.wall += 10;
  peers.add('a', { time: START + 3_600_030, sentAt: now.steady, latencyMs: 20 }, true);
  assert.equal(peers.offset, { ms: 0, certainMs: 0, peers: 1, configured: false });
});

clocks('an answer that arrives first after the sleep is not believed either', () => {
  const { now, peers } = scene();
  now.wall += 3_600_000;
  peers.add('a', { time: START, sentAt: now.steady - 10, latencyMs: 10 }, true);
  assert.is(peers.offset.peers, 0);
});

clocks('the fastest of the last eight exchanges speaks for a peer', () => {
  const { peers, exchange } = scene();
  exchange('a', 0, 10);
  exchange('a', 0, 4_000, 1);
  assert.is(peers.offset.ms, 0);
  for (let i = 0; i < 8; i++) exchange('a', -500, 100);
  assert.is(peers.offset.ms, 500);
});

clocks('no number of strangers outvotes two configured peers', () => {
  const { peers, exchange } = scene();
  for (const id of ['a', 'b', 'c', 'd', 'e']) exchange(id, 100_000);
  assert.is(peers.offset.ms, -100_000);
  for (const id of ['x', 'y']) exchange(id, 0, 20, 0.5, true);
  assert.equal(peers.offset, { ms: 0, certainMs: 0, peers: 2, configured: true });
});

clocks.run();
