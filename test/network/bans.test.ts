// Bans and bounds of real hosts: who is put out stays out, by whatever way it comes.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, Stream } from '@libp2p/interface';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ANSWER_TIMEOUT_MS } from '../../src/network/silence.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';
import { TransactionsRequest } from '../../src/primitives/wire.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { addressOf, connected, eventually, type NodeSettings, startNode, stopAll, type TestNode } from './harness.ts';
import { HostilePeer, names } from './hostile-peer.ts';

const bans = suite('network: banned peers');

/** A few status exchanges past the time in which a request is answered or refused. */
const PATIENCE_MS = ANSWER_TIMEOUT_MS + 600;

const reject: NodeSettings = { judge: () => 'reject' };

async function misbehave(attacker: HostilePeer, victim: TestNode): Promise<void> {
  let sent = 0;
  const timer = setInterval(() => void attacker.publish('vote', Uint8Array.of(sent++)), 20);
  await eventually(() => victim.network.bans().length === 1, 'the ban').finally(() => clearInterval(timer));
}

/** Whether the victim takes a connection of the peer; what a refused one sees is a connection that ends. */
async function isLetIn(attacker: HostilePeer, victim: TestNode): Promise<boolean> {
  try {
    await attacker.connect(victim);
    await eventually(() => victim.network.peers().some(({ id }) => id === attacker.id), 'the handshake', 1_500);
    return true;
  } catch {
    return false;
  }
}

bans('who loses all points is banned, also after a restart, until it is unbanned', () =>
  withTempDir(async (directory) => {
    const banFile = join(directory, 'bans.json');
    const attacker = await HostilePeer.start();
    let victim = await startNode(1, { ...reject, banFile });
    try {
      await attacker.connect(victim);
      await connected(victim, 1);
      await misbehave(attacker, victim);
      const [ban] = victim.network.bans();
      assert.is(ban?.target, attacker.id);
      assert.match(ban?.reason ?? '', /a message on topic vote/);
      await eventually(() => victim.network.peers().length === 0, 'the peer to be out');
      assert.not(await isLetIn(attacker, victim));
      await victim.stop();
      victim = await startNode(1, { ...reject, banFile });
      assert.equal(victim.network.bans(), [ban]);
      assert.not(await isLetIn(attacker, victim));
      assert.is(await victim.network.unban(attacker.id), true);
      assert.ok(await isLetIn(attacker, victim));
      assert.is(victim.network.peers()[0]?.score, 0);
    } finally {
      await Promise.all([attacker.stop(), victim.stop()]);
    }
  }),
);

bans('who asks sixteen things at once, again and again, is banned', async () => {
  const attacker = await HostilePeer.start();
  const transactions = async () => {
    await sleep(200); // all that it is granted at once keeps it below its share of requests
    return [];
  };
  const victim = await startNode(1, { serve: { transactions } });
  const request = encodeFrame(TransactionsRequest.serialize([new Uint8Array(32)]));
  const ask = async (connection: Connection) => {
    const stream = await connection.newStream(names.request('txs'), { maxOutboundStreams: 64 });
    stream.send(request);
    await stream.close();
    for await (const _ of stream);
  };
  try {
    await attacker.connect(victim);
    await connected(victim, 1);
    const isBanned = () => victim.network.bans().some(({ target }) => target === attacker.id);
    const flood = async () => {
      while (!isBanned()) {
        const connections = attacker.host.getConnections();
        await Promise.allSettled(connections.flatMap((one) => Array.from({ length: 16 }, () => ask(one))));
      }
    };
    await withTimeout(flood(), 60_000, 'the ban');
    const refusals = victim.log.filter((line) =>
      line.includes('"reason":"its txs request: more than 4 requests at once"'),
    );
    assert.ok(refusals.length >= 50, `${refusals.length} of its points are for that`);
  } finally {
    await Promise.all([attacker.stop(), victim.stop()]);
  }
});

/** How a peer that is asked for blocks behaves, and whether it is banned for it. */
const ANSWERS: Readonly<
  Record<string, readonly [answer: (stream: Stream) => void | Promise<void>, isBanned: boolean]>
> = {
  nothing: [() => undefined, true],
  'a byte a second': [(stream) => drip(stream, 1, 1_000), true],
  'what a thin line carries': [(stream) => drip(stream, 4_096, 50), false],
  'a refusal': [(stream) => stream.abort(new Error('busy')), false],
};

async function drip(stream: Stream, bytes: number, milliseconds: number): Promise<void> {
  stream.send(Uint8Array.of(0xff, 0xff, 0x3f));
  while (stream.status === 'open') {
    stream.send(new Uint8Array(bytes));
    await sleep(milliseconds);
  }
}

bans('who is there and lets requests lie is banned at the third; who is slow or refuses is not', async () => {
  const victim = await startNode(1, { statusInterval: 100 });
  const peers = await Promise.all(
    Object.entries(ANSWERS).map(async ([name, [answer, isBanned]]) => {
      const peer = await HostilePeer.start();
      await peer.answer('blocks', answer);
      await peer.connect(victim);
      return { name, peer, isBanned };
    }),
  );
  const range = { selector: 0, value: { from: 1, count: 1 } } as const;
  const ask = async (id: string) => {
    for await (const _ of victim.network.requestBlocks(id, range, AbortSignal.timeout(PATIENCE_MS)));
  };
  try {
    await connected(victim, peers.length);
    const isOut = (id: string) => victim.network.bans().some(({ target }) => target === id);
    const rounds = async () => {
      for (let times = 0; !peers.every(({ peer, isBanned }) => !isBanned || isOut(peer.id)); times++) {
        if (times < 3) assert.equal(victim.network.bans(), [], 'twice may be bad luck');
        await Promise.allSettled(peers.map(({ peer }) => ask(peer.id)));
      }
    };
    await withTimeout(rounds(), 60_000, 'the bans');
    for (const { name, peer, isBanned } of peers) {
      const ban = victim.network.bans().find(({ target }) => target === peer.id);
      assert.is(ban?.reason.includes('it is there and has not answered a blocks request') ?? false, isBanned, name);
      const score = victim.network.peers().find(({ id }) => id === peer.id)?.score;
      assert.is(score, isBanned ? undefined : 0, name);
    }
  } finally {
    await Promise.all([...peers.map(({ peer }) => peer.stop()), victim.stop()]);
  }
});

bans('a peer that is configured is out for a minute, however often', async () => {
  const friend = await startNode(2);
  const victim = await startNode(1, { ...reject, peers: [addressOf(friend)] });
  try {
    await connected(victim, 1);
    for (let i = 0; i < 11; i++) victim.network.report(friend.network.peerId, 'rejected', 'of the test');
    const [ban] = victim.network.bans();
    assert.is((ban?.until ?? 0) - (ban?.since ?? 0), 60_000);
    await eventually(() => friend.network.peers().length === 0, 'the connection to end');
  } finally {
    await stopAll([friend, victim]);
  }
});

bans('by hand, of a peer or of its address: at once, in both directions', async () => {
  const victim = await startNode(1);
  const other = await startNode(2, { peers: [addressOf(victim)] });
  try {
    for (const target of [other.network.peerId, '127.0.0.1']) {
      await Promise.all([connected(victim, 1), connected(other, 1)]);
      await victim.network.ban(target, 60_000, 'by hand');
      await eventually(() => victim.network.peers().length === 0, 'the peer to be out');
      assert.ok(victim.log.some((line) => line.includes('banned: by hand')));
      victim.network.addPeer(addressOf(other));
      // both sides dial on, and are refused
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assert.is(victim.network.peers().length, 0);
      assert.is(other.network.peers().length, 0);
      assert.ok(await victim.network.unban(target));
    }
    await Promise.all([connected(victim, 1), connected(other, 1)]);
  } finally {
    await stopAll([victim, other]);
  }
});

bans('a peer that is added is dialled, let in beyond the number, and kept', async () => {
  const full = await startNode(1, { maxPeers: 1 });
  const other = await startNode(3, { peers: [addressOf(full)] });
  await connected(full, 1);
  const friend = await startNode(2);
  try {
    assert.is(full.network.addPeer(addressOf(friend)), friend.network.peerId);
    await Promise.all([connected(full, 2), connected(friend, 1)]);
    assert.throws(() => full.network.addPeer('/ip4/127.0.0.1/tcp/1'), /ends in \/p2p\//);
    assert.throws(() => full.network.addPeer(addressOf(full)), /this node itself/);
  } finally {
    await stopAll([full, other, friend]);
  }
});

bans.run();
