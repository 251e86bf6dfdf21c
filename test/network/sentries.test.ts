// A node that hides behind others: real hosts on loopback, of which only its sentries reach it, and nobody else hears of it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../src/crypto/keys.ts';
import { identityPublicKey, peerIdOf } from '../../src/network/identity.ts';
import { type PeerBinding, peerBindingSigningBytes } from '../../src/primitives/peer-binding.ts';
import {
  addressOf,
  connected,
  eventually,
  GENESIS,
  type NodeSettings,
  seed,
  startNode,
  stopAll,
  type TestNode,
} from './harness.ts';
import { HostilePeer } from './hostile-peer.ts';

const sentries = suite('network: sentries');

const HIDDEN = 9;
const HIDDEN_ID = peerIdOf(seed(HIDDEN));
const FINDS: NodeSettings = { discovery: 'server' };
const PATIENCE_MS = 20_000;

interface Layout {
  readonly hidden: TestNode;
  /** where it listens, which it tells nobody */
  readonly address: string;
  readonly sentry: TestNode;
  readonly world: TestNode;
}

/** A hidden node, its one sentry, and a node of the world that knows the sentry. */
async function withLayout(settings: NodeSettings, test: (layout: Layout) => Promise<void>): Promise<void> {
  const sentry = await startNode(1, { ...FINDS, ...settings, privatePeers: [HIDDEN_ID] });
  const nodes = [sentry];
  try {
    const world = await startNode(2, { ...FINDS, peers: [addressOf(sentry)] });
    nodes.push(world);
    await connected(sentry, 1);
    // a port that was free a moment ago
    const probe = await startNode(3);
    const port = addressOf(probe).split('/')[4] ?? '';
    await probe.stop();
    const listen = [`/ip4/127.0.0.1/tcp/${port}`];
    const hidden = await startNode(HIDDEN, { hidden: true, listen, peers: [addressOf(sentry)] });
    nodes.push(hidden);
    await connected(hidden, 1);
    await connected(sentry, 2);
    await test({ hidden, address: `${listen}/p2p/${HIDDEN_ID}`, sentry, world });
  } finally {
    await stopAll(nodes);
  }
}

sentries('what it says and hears goes through its sentry, each message at once', () =>
  withLayout({}, async ({ hidden, sentry, world }) => {
    assert.ok(sentry.network.peers().some(({ id, isPrivate }) => id === HIDDEN_ID && isPrivate));
    const topics = ['vote', 'block', 'tx'];
    const publish = async ({ network }: TestNode, byte: number) => {
      await network.publishVote(Uint8Array.of(byte, 1));
      await network.publishProposal(Uint8Array.of(byte, 2));
      await network.publishTransactions(Uint8Array.of(byte, 3));
    };
    const heard = ({ arrivals }: TestNode, byte: number) =>
      arrivals.filter(({ bytes }) => bytes[0] === byte).map(({ topic }) => topic);
    await publish(hidden, 1);
    await eventually(() => heard(world, 1).length === 3, 'the world to hear it', PATIENCE_MS);
    await publish(world, 2);
    await eventually(() => heard(hidden, 2).length === 3, 'it to hear the world', PATIENCE_MS);
    assert.equal([heard(world, 1).sort(), heard(hidden, 2).sort()], [[...topics].sort(), [...topics].sort()]);
    assert.ok(hidden.arrivals.every(({ peer }) => peer === sentry.network.peerId));
  }),
);

sentries('it is let in although all places are taken', () =>
  withLayout({ maxPeers: 1 }, async ({ sentry }) => {
    assert.is(sentry.network.peers().length, 2);
  }),
);

sentries('nobody who knows its address gets in, and it tells nobody where it is', () =>
  withLayout({}, async ({ hidden, address, sentry, world }) => {
    assert.equal(hidden.network.addresses, []);
    const stranger = await HostilePeer.start();
    try {
      await stranger.connect({ network: { addresses: [address] } }).catch(() => undefined);
      await eventually(() => stranger.host.getConnections().length === 0, 'the stranger to be sent away', PATIENCE_MS);
      const knows = () => world.log.some((line) => line.includes(HIDDEN_ID));
      assert.not(knows());
      world.network.addPeer(address);
      await eventually(knows, 'the world to have tried', PATIENCE_MS);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.ok(world.network.peers().every(({ id }) => id !== HIDDEN_ID));
      assert.equal(
        hidden.network.peers().map(({ id }) => id),
        [sentry.network.peerId],
      );
      const seen = sentry.network.peers().find(({ id }) => id === HIDDEN_ID);
      assert.not(seen?.addresses.includes(address.split('/p2p/')[0] ?? ''), 'not even the sentry knows its port');
    } finally {
      await stranger.stop();
    }
  }),
);

sentries('it dials no stranger, whatever validators sign about it and about themselves', () =>
  withLayout({}, async ({ hidden, sentry, world }) => {
    const [liar, lure, own] = [1, 2, 3].map((number) => new KeyPair(seed(200 + number))) as [KeyPair, KeyPair, KeyPair];
    for (const { network } of [hidden, sentry, world]) {
      network.setMembers([liar, lure, own].map(({ publicKey }) => publicKey));
    }
    const say = (key: KeyPair, binding: PeerBinding) =>
      world.network.announce({ binding, signature: key.sign(peerBindingSigningBytes(binding, GENESIS)) });
    const here = world.network.peerBinding(lure.publicKey);
    assert.ok(here.addresses.length > 0, 'the lure says where it is');
    say(lure, here);
    say(liar, { ...here, validator: liar.publicKey, peer: identityPublicKey(seed(HIDDEN)), addresses: [] });
    await eventually(() => hidden.network.validators.bound === 2, 'it to have heard both', PATIENCE_MS);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.not(
      world.log.some((line) => line.includes(`"peer":"${HIDDEN_ID}"`)),
      'it has come to the world',
    );
    assert.is(hidden.network.peers().length, 1);
  }),
);

sentries('a private peer that would be found is not, while others are', async () => {
  const sentry = await startNode(1, { ...FINDS, privatePeers: [HIDDEN_ID] });
  const findable = { ...FINDS, peers: [addressOf(sentry)] };
  // it answers questions of the DHT, and dials nobody by itself
  const careless = await startNode(HIDDEN, { ...findable, outboundPeers: 0 });
  const nodes = [sentry, careless];
  try {
    await connected(sentry, 1);
    const usual = await startNode(2, findable);
    nodes.push(usual);
    await connected(sentry, 2);
    const newcomer = await startNode(3, findable);
    nodes.push(newcomer);
    await eventually(
      () => newcomer.network.peers().some(({ id }) => id === usual.network.peerId),
      'the newcomer to find the usual node',
      PATIENCE_MS,
    );
    await eventually(() => newcomer.log.some((line) => line.includes('walked')), 'it to have asked all', PATIENCE_MS);
    for (const { log } of [usual, newcomer]) assert.not(log.some((line) => line.includes(HIDDEN_ID)));
    assert.is(sentry.network.knowledge.knownPeers, 2, 'nor is it in the book of its sentry');
  } finally {
    await stopAll(nodes);
  }
});

sentries.run();
