import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { peerIdOf } from '../../src/network/identity.ts';
import {
  addressOf,
  connected,
  eventually,
  GENESIS,
  seed,
  startNode,
  statusOf,
  stopAll,
  type TestNode,
} from './harness.ts';
import { HostilePeer } from './hostile-peer.ts';

const handshake = suite('network: handshake');

function logs(node: TestNode, text: string): boolean {
  return node.log.some((line) => line.includes('disconnecting') && line.includes(text));
}

async function refused(a: TestNode, b: TestNode, reason: string): Promise<void> {
  try {
    await eventually(() => logs(a, reason) && logs(b, reason), `"${reason}" in both logs`);
    assert.is(a.network.peers().length, 0);
    assert.is(b.network.peers().length, 0);
  } finally {
    await stopAll([a, b]);
  }
}

handshake('peers() tells who is there', async () => {
  const finalizedHash = new Uint8Array(32).fill(7);
  const a = await startNode(1, { status: { finalizedHeight: 42, finalizedHash, oldestHeight: 40 } });
  const b = await startNode(2, { peers: [addressOf(a)] });
  try {
    await Promise.all([connected(a, 1), connected(b, 1)]);
    const [seenByB] = b.network.peers();
    assert.is(seenByB?.id, peerIdOf(seed(1)));
    assert.is(seenByB?.direction, 'outbound');
    assert.is(seenByB?.client, 'aitbc-node/0.0.0-test');
    assert.is(seenByB?.height, 42);
    assert.equal(seenByB?.hash, finalizedHash);
    assert.is(seenByB?.oldestHeight, 40);
    assert.is(seenByB?.score, 0);
    assert.ok((seenByB?.latencyMs ?? 0) > 0);
    assert.ok(Date.now() - (seenByB?.connectedAt ?? 0) < 60_000);
    assert.ok(seenByB?.addresses[0]?.startsWith('/ip4/127.0.0.1/tcp/'));
    const [seenByA] = a.network.peers();
    assert.is(seenByA?.direction, 'inbound');
    assert.is(seenByA?.hash, undefined);
    assert.is(`${seenByA?.addresses[0]}/p2p/${b.network.peerId}`, addressOf(b));
  } finally {
    await stopAll([a, b]);
  }
});

handshake('news of a peer come with the status exchanges', async () => {
  let height = 1;
  const a = await startNode(1, { serve: { status: () => statusOf({ finalizedHeight: height }) } });
  const b = await startNode(2, { peers: [addressOf(a)], statusInterval: 50 });
  try {
    await connected(b, 1);
    height = 9;
    const heights: number[] = [];
    b.network.on('peer:status', (peer) => heights.push(peer.height));
    await eventually(() => heights.includes(9), 'the new height');
  } finally {
    await stopAll([a, b]);
  }
});

handshake('a node of another network is disconnected', async () => {
  const genesisHash = new Uint8Array(32).fill(0xcd);
  const a = await startNode(1);
  const b = await startNode(2, { peers: [addressOf(a)], genesisHash, status: { genesisHash } });
  await refused(a, b, 'different genesis');
});

handshake('so is one whose genesis hash differs only behind the prefix of the protocol names', async () => {
  const genesisHash = Uint8Array.from(GENESIS);
  genesisHash[31] = 0;
  const a = await startNode(1);
  const b = await startNode(2, { peers: [addressOf(a)], genesisHash, status: { genesisHash } });
  await refused(a, b, 'different genesis');
});

handshake('so is one that speaks newer versions of the protocol only: both say who has to upgrade', async () => {
  const a = await startNode(1);
  const b = await startNode(2, { peers: [addressOf(a)], status: { oldestVersion: 2, newestVersion: 3 } });
  await eventually(() => logs(a, 'theirs are 2 to 3, ours is 1; install a newer aitbc-node'), 'the older node says so');
  await refused(a, b, 'no protocol version in common');
  assert.ok(logs(b, 'theirs is 1, ours are 2 to 3; the peer needs a newer aitbc-node'));
});

handshake('so is one whose status has another form: nothing is held against it', async () => {
  const node = await startNode(1);
  const old = await HostilePeer.start();
  const protocol = old.names.request('status');
  await old.host.unhandle(protocol);
  await old.host.handle('/aitbc/abababab/status/1', async (stream) => stream.close());
  try {
    await old.connect(node);
    await eventually(() => logs(node, 'another version of the status protocol'), 'the reason in the log');
    assert.is(protocol, '/aitbc/abababab/status/2');
    assert.equal(node.network.bans(), []);
    assert.not(node.log.some((line) => line.includes('offence')));
  } finally {
    await Promise.all([old.stop(), node.stop()]);
  }
});

handshake('versions that overlap are peers', async () => {
  const a = await startNode(1, { status: { oldestVersion: 1, newestVersion: 2 } });
  const b = await startNode(2, { peers: [addressOf(a)], status: { oldestVersion: 2, newestVersion: 5 } });
  const c = await startNode(3, { peers: [addressOf(a)], status: { oldestVersion: 1, newestVersion: 1 } });
  try {
    await Promise.all([connected(a, 2), connected(b, 1), connected(c, 1)]);
  } finally {
    await stopAll([a, b, c]);
  }
});

handshake('a restarted peer is back within two seconds, whoever dials', async () => {
  const settings = { listen: [] as string[] };
  const a = await startNode(1);
  const first = await startNode(2, { peers: [addressOf(a)] });
  await Promise.all([connected(a, 1), connected(first, 1)]);
  const address = addressOf(first).split('/p2p/')[0] ?? '';
  const dialer = await startNode(3, { peers: [addressOf(first)] });
  await connected(dialer, 1);
  const gone: string[] = [];
  dialer.network.on('peer:disconnected', (peer) => gone.push(peer.id));
  settings.listen = [address];
  await first.stop();
  await eventually(() => dialer.network.peers().length === 0 && a.network.peers().length === 0, 'the peer to be gone');
  assert.equal(gone, [first.network.peerId]);
  const second = await startNode(2, { ...settings, peers: [addressOf(a)] });
  try {
    await eventually(() => second.network.peers().length === 2, 'both peers again', 2_000);
    const bytes = new Uint8Array(50).fill(5);
    await connected(dialer, 1);
    await dialer.network.publishVote(bytes);
    await eventually(() => a.arrivals.length === 1 && second.arrivals.length === 1, 'gossip over the new connections');
  } finally {
    await stopAll([a, second, dialer]);
  }
});

handshake('a peer that stops answering is dropped', async () => {
  let silent = false;
  const a = await startNode(1, {
    serve: {
      status: () => {
        if (silent) throw new Error('busy');
        return statusOf();
      },
    },
  });
  const b = await startNode(2, { peers: [addressOf(a)], statusInterval: 40 });
  try {
    await Promise.all([connected(a, 1), connected(b, 1)]);
    silent = true;
    await eventually(() => logs(b, '3 status exchanges without an answer'), 'the disconnection');
    silent = false;
    await connected(b, 1);
  } finally {
    await stopAll([a, b]);
  }
});

handshake('a peer that is only slow is kept: each miss makes the next wait longer', async () => {
  const statusInterval = 300;
  let answers = 0;
  let slow = false;
  const a = await startNode(1, {
    serve: {
      status: () => {
        // Both nodes live in this process: the answer comes when the time for the first try is over.
        for (const end = performance.now() + 1.3 * statusInterval; slow && performance.now() < end; );
        answers += 1;
        return statusOf();
      },
    },
  });
  const b = await startNode(2, { peers: [addressOf(a)], statusInterval });
  try {
    await Promise.all([connected(a, 1), connected(b, 1)]);
    slow = true;
    answers = 0;
    await eventually(() => answers >= 8, 'slow answers', 30_000);
    assert.not.ok(logs(b, 'status exchanges without an answer'));
    assert.is(b.network.peers().length, 1);
  } finally {
    slow = false;
    await stopAll([a, b]);
  }
});

handshake('the node that is full turns strangers away and lets configured peers in', async () => {
  const friend = await startNode(1);
  const full = await startNode(2, { maxPeers: 1, peers: [addressOf(friend)] });
  await connected(full, 1);
  const stranger = await startNode(3, { peers: [addressOf(full)] });
  try {
    await eventually(() => logs(full, 'there are 1 peers already'), 'the refusal');
    assert.is(full.network.peers()[0]?.id, friend.network.peerId);
  } finally {
    await stopAll([friend, full, stranger]);
  }
});

handshake('two nodes that dial each other at once become one pair of peers', async () => {
  const ports = [await startNode(1), await startNode(2)];
  const addresses = ports.map(addressOf);
  await stopAll(ports);
  const listen = addresses.map((address) => [address.split('/p2p/')[0] ?? '']);
  const [a, b] = await Promise.all([
    startNode(1, { listen: listen[0] ?? [], peers: addresses }),
    startNode(2, { listen: listen[1] ?? [], peers: addresses }),
  ]);
  try {
    await Promise.all([connected(a, 1), connected(b, 1)]);
    await a.network.publishVote(Uint8Array.of(1));
    await b.network.publishVote(Uint8Array.of(2));
    await eventually(() => a.arrivals.length === 1 && b.arrivals.length === 1, 'votes both ways');
  } finally {
    await stopAll([a, b]);
  }
});

handshake.run();
