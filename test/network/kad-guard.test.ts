// A peer that abuses the DHT: answers with more than an answer can be, and asks for things to be kept.

import type { PeerId, StreamMessageEvent } from '@libp2p/interface';
import type { KadDHTComponents } from '@libp2p/kad-dht';
import { peerIdFromString } from '@libp2p/peer-id';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { peerIdOf } from '../../src/network/identity.ts';
import { guarded } from '../../src/network/kad-guard.ts';
import { concatBytes } from '../../src/primitives/bytes.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';
import { connected, eventually, seed, startNode } from './harness.ts';
import { FIND_NODE, fakePeer, serveKad } from './hostile-kad.ts';
import { HostilePeer, names } from './hostile-peer.ts';

const kadGuard = suite('network: kad guard');

kadGuard('an answer that is too long is cut off, and one that is full of nobodies is taken in part', async () => {
  const peers = Array.from({ length: 1_500 }, (_, number) => fakePeer(number));
  for (const { count, known } of [
    { count: 1_500, known: 0 },
    { count: 200, known: 20 },
  ]) {
    const padding = new Uint8Array(count === 1_500 ? 60_000 : 0).fill(1);
    const unknownField = padding.length === 0 ? padding : concatBytes(Uint8Array.of(0x7a, 0xe0, 0xd4, 0x03), padding);
    const answer = encodeFrame(concatBytes(FIND_NODE, ...peers.slice(0, count), unknownField));
    const hostile = await HostilePeer.start();
    const seen = await serveKad(hostile, answer);
    const node = await startNode(1, { discovery: 'client' });
    try {
      await hostile.connect(node);
      await eventually(() => seen.asked >= 2, 'walks that ask the peer', 20_000);
      // the peer itself, which announces where it listens
      await eventually(() => node.network.knowledge.knownPeers >= Math.min(1, known), 'the answer', 5_000);
      assert.ok(node.network.knowledge.knownPeers <= known + 1, `${node.network.knowledge.knownPeers} known`);
      assert.is(node.network.peers()[0]?.id ?? hostile.id, hostile.id);
      if (known === 0) await eventually(() => seen.cut > 0, 'the stream to be cut');
    } finally {
      await node.stop();
      await hostile.stop();
    }
  }
});

kadGuard('of a long answer the library reads twenty peers', async () => {
  const [asking, answering] = [await HostilePeer.start(), await HostilePeer.start()];
  try {
    const peers = Array.from({ length: 1_500 }, (_, number) => fakePeer(number));
    await serveKad(answering, encodeFrame(concatBytes(FIND_NODE, ...peers)));
    await asking.host.dial(answering.host.getMultiaddrs());
    const openStream = (peer: PeerId, protocol: string) => asking.host.dialProtocol(peer, protocol);
    const components = { connectionManager: { openStream }, registrar: {} } as unknown as KadDHTComponents;
    const { connectionManager } = guarded(components, () => undefined);
    const stream = await connectionManager.openStream(answering.host.peerId, names.kad);
    const read: Uint8Array[] = [];
    stream.addEventListener('message', ({ data }) => read.push(data.subarray()));
    stream.send(encodeFrame(FIND_NODE));
    await eventually(() => read.length > 0, 'an answer');
    assert.equal(read, [encodeFrame(concatBytes(FIND_NODE, ...peers.slice(0, 20)))]);
  } finally {
    await asking.stop();
    await answering.stop();
  }
});

kadGuard('nothing is kept for those who ask the DHT to keep it', async () => {
  const node = await startNode(1, { discovery: 'server' });
  const hostile = await HostilePeer.start();
  try {
    await hostile.connect(node);
    await connected(node, 1);
    // ADD_PROVIDER of a multihash (identity of four bytes), by itself
    const key = Uint8Array.of(0x01, 0x55, 0x00, 0x04, 1, 2, 3, 4);
    const provider = peerIdFromString(hostile.id).toMultihash().bytes;
    const address = Uint8Array.of(4, 127, 0, 0, 1, 6, 0, 1);
    const peer = concatBytes(Uint8Array.of(0x0a, provider.length), provider, Uint8Array.of(0x12, 8), address);
    const add = concatBytes(Uint8Array.of(0x08, 2, 0x12, key.length), key, Uint8Array.of(0x4a, peer.length), peer);
    await hostile.on(node, names.kad, (stream) => void stream.send(encodeFrame(add)));
    const get = encodeFrame(concatBytes(Uint8Array.of(0x08, 3, 0x12, key.length), key));
    let answer: Uint8Array | undefined;
    await hostile.on(node, names.kad, (stream) => {
      stream.addEventListener('message', ({ data }: StreamMessageEvent) => {
        answer = data.subarray();
      });
      stream.send(get);
    });
    await eventually(() => answer !== undefined, 'the answer about providers');
    assert.not(Buffer.from(answer ?? []).includes(Buffer.from(provider)), 'the provider was kept');
    assert.is(peerIdOf(seed(1)), node.network.peerId);
  } finally {
    await hostile.stop();
    await node.stop();
  }
});

kadGuard.run();
