// Peers that do too much of what is allowed: streams and gossip past their share.

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { RPC } from '@chainsafe/libp2p-gossipsub/message';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_COPIES } from '../../src/network/gossip-copies.ts';
import type { Verdict } from '../../src/network/network.ts';
import { DEFAULT_RATE_LIMITS } from '../../src/network/rate-limit.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';
import { type Arrival, connected, eventually, startMesh, startNode, stopAll } from './harness.ts';
import { HostilePeer, names } from './hostile-peer.ts';

const flood = suite('network: floods');

flood('a peer that opens streams without end is banned, on whatever protocol', async () => {
  for (const protocol of [names.request('status'), '/no/such/protocol']) {
    const victim = await startNode(1);
    const attacker = await HostilePeer.start();
    try {
      await attacker.connect(victim);
      await connected(victim, 1);
      let opened = 0;
      const open = async () => {
        for (; opened < 5_000 && victim.network.bans().length === 0; opened++) {
          const [connection] = attacker.host.getConnections();
          if (connection === undefined) break;
          await connection.newStream([protocol]).then(
            (stream) => stream.abort(new Error('the next one')),
            () => undefined,
          );
        }
      };
      await Promise.all(Array.from({ length: 64 }, open));
      await eventually(() => victim.network.bans().length === 1, `the ban after ${opened} streams`);
      assert.match(victim.network.bans()[0]?.reason ?? '', /streams past its share/);
      assert.ok(opened < 5_000, 'before it has opened as many as it would');
    } finally {
      await Promise.all([attacker.stop(), victim.stop()]);
    }
  }
});

flood(
  'gossip past its share is not read for a while; nothing of it is lost, and others are heard meanwhile',
  async () => {
    const BYTES = 64 * 1024;
    const COUNT = 256;
    const gossip = { burst: 256 * 1024, perSecond: 2 * 1024 * 1024 };
    const rateLimits = { ...DEFAULT_RATE_LIMITS, gossip };
    const victim = await startNode(1, { rateLimits, judge: () => 'ignore', statusInterval: 10_000 });
    const attacker = await HostilePeer.start();
    const honest = await startNode(2, { peers: victim.network.addresses });
    try {
      await attacker.connect(victim);
      await connected(victim, 2);
      const isHeard = () => victim.arrivals.some(({ peer }) => peer === honest.network.peerId);
      const messages = () => victim.arrivals.filter(({ peer }) => peer === attacker.id).length;
      // whoever publishes too early speaks to nobody
      await eventually(
        () => attacker.host.services.pubsub.getSubscribers(names.topic('tx')).length > 0,
        'a subscriber',
      );
      const began = performance.now();
      for (let i = 0; i < COUNT; i++) await attacker.publish('tx', randomBytes(BYTES));
      await honest.network.publishVote(Uint8Array.of(1));
      await eventually(isHeard, 'an honest vote');
      assert.ok(messages() < COUNT);
      await eventually(() => messages() === COUNT, 'all of it', 20_000);
      // what comes with the last piece that is read, at most a window, is not waited for
      const least = (COUNT * BYTES - gossip.burst - 4 * 1024 * 1024) / gossip.perSecond;
      assert.ok(performance.now() - began > 1000 * least, 'as fast as it may');
      const offences = victim.network.peers().find(({ id }) => id === attacker.id)?.offences ?? [];
      assert.ok(offences.some(({ reason }) => reason === 'gossip past its share'));
    } finally {
      await Promise.all([attacker.stop(), stopAll([victim, honest])]);
    }
  },
);

flood(
  'a flood that is only ignored ends in a ban by those whom it reaches, and nobody who ignores it is blamed',
  async () => {
    const isFlood = ({ bytes }: { bytes: Uint8Array }) => bytes[0] === 0xff;
    const rateLimits = { ...DEFAULT_RATE_LIMITS, waste: 512 * 1024 };
    const nodes = await startMesh(3, { rateLimits, judge: (arrival) => (isFlood(arrival) ? 'ignore' : 'accept') });
    const [victim, ...others] = nodes;
    if (victim === undefined) throw new Error('no mesh');
    const attacker = await HostilePeer.start();
    try {
      await victim.network.publishProposal(randomBytes(1_000));
      await attacker.connect(victim);
      await connected(victim, 3);
      let sent = 0;
      const send = () =>
        void attacker.publish('vote', Uint8Array.of(0xff, sent++ >> 8, sent & 255)).catch(() => undefined);
      const timer = setInterval(send, 2);
      await eventually(() => victim.network.bans().length === 1, 'the ban', 20_000).finally(() => clearInterval(timer));
      assert.match(victim.network.bans()[0]?.reason ?? '', /without end on topic vote/);
      assert.ok(sent > 100, 'not for a few');
      for (const node of nodes) for (const peer of node.network.peers()) assert.equal(peer.offences, []);
      assert.not(
        others.some(({ arrivals }) => arrivals.some(isFlood)),
        'it went no further',
      );
    } finally {
      await Promise.all([attacker.stop(), stopAll(nodes)]);
    }
  },
);

flood('messages cost, though they need not be judged since nobody listens to their topic', async () => {
  const gossip = { burst: 4 * 1024 * 1024, perSecond: 1024 * 1024 };
  const victim = await startNode(1, { rateLimits: { ...DEFAULT_RATE_LIMITS, gossip } });
  const attacker = await HostilePeer.start();
  try {
    await attacker.connect(victim);
    await connected(victim, 1);
    const messages = Array.from({ length: 1_000 }, (_, n) => ({
      topic: 'other',
      data: Uint8Array.of(n >> 8, n & 255),
    }));
    const rpc = encodeFrame(RPC.encode({ subscriptions: [], messages }));
    const stream = await attacker.on(victim, '/meshsub/1.2.0', () => undefined);
    for (let i = 0; i < MAX_COPIES; i++) stream.send(rpc);
    assert.ok(MAX_COPIES * rpc.length < gossip.burst, 'its bytes alone are within its share');
    const offences = () => victim.network.peers()[0]?.offences ?? [];
    await eventually(() => offences().some(({ reason }) => reason === 'gossip past its share'), 'the cost');
    assert.is(victim.arrivals.length, 0);
  } finally {
    await Promise.all([attacker.stop(), victim.stop()]);
  }
});

flood('who sends what it has heard again and again is banned, be it known or forgotten by now', async () => {
  const ROUND_MS = 50;
  const votes = Array.from({ length: 40 }, () => randomBytes(200));
  const nodes = await startMesh(2, { judge: judgeOnce() });
  const [victim, witness] = nodes;
  if (victim === undefined || witness === undefined) throw new Error('no mesh');
  const attacker = await HostilePeer.start(undefined, { forgetful: true });
  try {
    await attacker.connect(victim);
    await connected(victim, 2);
    for (const vote of votes) await witness.network.publishVote(vote);
    await eventually(() => victim.arrivals.length >= votes.length, 'what is replayed');
    const isBanned = () => victim.network.bans().length > 0;
    for (let round = 0; round < 200 && !isBanned(); round++) {
      for (const vote of votes) await attacker.publish('vote', vote).catch(() => undefined);
      await sleep(ROUND_MS);
    }
    await eventually(isBanned, 'the ban');
    const [ban] = victim.network.bans();
    assert.is(ban?.target, attacker.id);
    assert.match(ban?.reason ?? '', /the same gossip again and again/);
    for (const { network } of nodes) for (const peer of network.peers()) assert.equal(peer.offences, []);
  } finally {
    await Promise.all([attacker.stop(), stopAll(nodes)]);
  }
});

flood('what honest peers do in a burst is within their share', async () => {
  const nodes = await startMesh(3);
  const [a, b] = nodes;
  if (a === undefined || b === undefined) throw new Error('no mesh');
  try {
    for (let i = 0; i < 1_000; i++) await a.network.publishVote(Uint8Array.of(i >> 8, i & 255));
    for (let i = 0; i < 8; i++) await a.network.publishProposal(randomBytes(1024 * 1024));
    // on a busy machine a few come again, when what was seen has been forgotten
    await eventually(() => b.arrivals.length >= 1_008, 'everything', 30_000);
    for (const node of nodes) for (const peer of node.network.peers()) assert.equal(peer.offences, []);
  } finally {
    await stopAll(nodes);
  }
});

/** Accepts what it has not heard, and ignores what it has, as every handler does. */
function judgeOnce(): (arrival: Arrival) => Verdict {
  const known = new Set<string>();
  return ({ bytes }) => {
    const key = toHex(bytes);
    if (known.has(key)) return 'ignore';
    known.add(key);
    return 'accept';
  };
}

flood.run();
