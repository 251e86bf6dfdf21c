// Validators among peers: real hosts on loopback that tell each other who is a validator, let validators in when they are
// full, and find each other.

import { multiaddr } from '@multiformats/multiaddr';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../src/crypto/keys.ts';
import { identityPublicKey, peerIdOf } from '../../src/network/identity.ts';
import { PeerBindings as Bindings } from '../../src/network/peer-bindings.ts';
import { gossipScoring } from '../../src/network/scoring.ts';
import { addressesToTell, ValidatorPeers } from '../../src/network/validator-peers.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';
import { PeerBindings, peerBindingSigningBytes, type SignedPeerBinding } from '../../src/primitives/peer-binding.ts';
import { decodeText, encodeText } from '../../src/primitives/ssz.ts';
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
import { HostilePeer, names } from './hostile-peer.ts';

const validators = suite('network: validator peers');

const KEYS = [1, 2, 3].map((number) => new KeyPair(seed(200 + number)));
const MEMBERS = KEYS.map(({ publicKey }) => publicKey);

async function start(number: number, settings: NodeSettings = {}): Promise<TestNode> {
  const node = await startNode(number, settings);
  node.network.setMembers(MEMBERS);
  return node;
}

function keyOf(index: number): KeyPair {
  const key = KEYS[index];
  if (key === undefined) throw new RangeError(`no key ${index}`);
  return key;
}

function announce({ network }: TestNode, key: KeyPair): void {
  const binding = network.peerBinding(key.publicKey);
  network.announce({ binding, signature: key.sign(peerBindingSigningBytes(binding, GENESIS)) });
}

/** Which validator `node` takes `other` for. */
function seen(node: TestNode, other: TestNode): Uint8Array | undefined {
  return node.network.peers().find(({ id }) => id === other.network.peerId)?.validator;
}

function settled(condition: () => boolean, what: string): Promise<void> {
  return eventually(condition, what, 20_000);
}

validators('who is connected hears of it, and who comes later', async () => {
  const first = await start(1);
  const middle = await start(2, { peers: [addressOf(first)] });
  const nodes = [first, middle];
  try {
    await connected(middle, 1);
    announce(first, keyOf(0));
    await settled(() => seen(middle, first) !== undefined, 'the peer to be known as a validator');
    assert.equal(seen(middle, first), keyOf(0).publicKey);
    assert.is(seen(first, middle), undefined);
    const late = await start(3, { peers: [addressOf(middle)] });
    nodes.push(late);
    await settled(() => late.network.validators.bound === 1, 'the newcomer to be told');
    assert.equal(late.network.validators, { members: 3, bound: 1, connected: 0 });
    assert.equal(middle.network.validators, { members: 3, bound: 1, connected: 1 });
  } finally {
    await stopAll(nodes);
  }
});

validators(
  'validators that know one full node find each other, and again after a break; others do not dial them',
  async () => {
    const full = await start(1, { discovery: 'client', outboundPeers: 1 });
    const known = { peers: [addressOf(full)], discovery: 'client', outboundPeers: 1 } as const;
    const [a, b, follower] = [await start(2, known), await start(3, known), await start(4, known)];
    const nodes = [full, a, b, follower];
    try {
      await Promise.all([a, b, follower].map((node) => connected(node, 1)));
      announce(a, keyOf(0));
      announce(b, keyOf(1));
      await settled(() => seen(a, b) !== undefined && seen(b, a) !== undefined, 'the validators to be connected');
      await settled(() => follower.network.validators.bound === 2, 'the follower to be told');
      // both know each other: whoever is cut off comes back
      await a.network.ban(b.network.peerId, 400, 'a test');
      await settled(() => seen(a, b) === undefined, 'the two to be apart');
      await settled(() => seen(a, b) !== undefined, 'the two to be together again');
      assert.equal(
        follower.network.peers().map(({ id }) => id),
        [full.network.peerId],
      );
    } finally {
      await stopAll(nodes);
    }
  },
);

validators('a full node lets validators in, unless they are banned', async () => {
  const full = await start(1, { maxPeers: 1 });
  const friend = await start(2, { peers: [addressOf(full)] });
  await connected(full, 1);
  const validator = await start(3, { peers: [addressOf(friend)] });
  const nodes = [full, friend, validator];
  try {
    await connected(validator, 1);
    announce(validator, keyOf(0));
    await settled(() => full.network.validators.bound === 1, 'the full node to be told by its peer');
    validator.network.addPeer(addressOf(full));
    await connected(full, 2);
    assert.equal(seen(full, validator), keyOf(0).publicKey);
    const stranger = await start(4, { peers: [addressOf(full)] });
    nodes.push(stranger);
    await settled(
      () => full.log.some((line) => line.includes('there are 1 peers already')),
      'the stranger to be sent away',
    );
    await full.network.ban(validator.network.peerId, 60_000, 'a test');
    await connected(full, 1);
    assert.is(seen(full, validator), undefined);
  } finally {
    await stopAll(nodes);
  }
});

validators('a validator that names another peer takes the place from the one before', async () => {
  const full = await start(1, { maxPeers: 1 });
  const friend = await start(2, { peers: [addressOf(full)] });
  const nodes = [full, friend];
  const admitted = () => full.network.peers().map(({ id }) => id);
  try {
    await connected(full, 1);
    for (const { number, ago } of [
      { number: 3, ago: 20 },
      { number: 4, ago: 0 },
    ]) {
      friend.network.announce(bound(keyOf(0), number, { ago }));
      nodes.push(await start(number, { peers: [addressOf(full)] }));
      const expected = [friend.network.peerId, peerIdOf(seed(number))].sort();
      await settled(() => `${admitted().sort()}` === `${expected}`, `peer ${number}`);
    }
  } finally {
    await stopAll(nodes);
  }
});

validators('what is badly signed counts against who tells it', async () => {
  const victim = await start(1);
  const liar = await HostilePeer.start();
  const score = () => victim.network.peers()[0]?.score;
  try {
    await liar.connect(victim);
    await connected(victim, 1);
    const binding = {
      validator: keyOf(0).publicKey,
      peer: identityPublicKey(seed(9)),
      time: Date.now(),
      addresses: [],
    };
    const forged = { binding, signature: keyOf(1).sign(peerBindingSigningBytes(binding, GENESIS)) };
    assert.is(score(), 0);
    await liar.on(victim, names.request('validators'), async (stream) => {
      stream.send(encodeFrame(PeerBindings.serialize([forged])));
      await stream.close();
    });
    await settled(() => score() === -10, 'a lower score');
    assert.is(victim.network.validators.bound, 0);
  } finally {
    await Promise.all([liar.stop(), victim.stop()]);
  }
});

/** A node that is told of bindings, and the addresses it keeps connections to. */
function listener({ hidden = false } = {}) {
  const bindings = new Bindings(GENESIS, Date.now);
  bindings.setMembers(MEMBERS);
  const kept: (readonly string[])[] = [];
  const peers = new ValidatorPeers({
    bindings,
    ownPeer: peerIdOf(seed(1)),
    hidden,
    connected: () => [],
    tell: async () => undefined,
    keep: (addresses) => void kept.push(addresses),
    onUnbound: () => undefined,
    logger: pino({ level: 'silent' }),
    lifetime: AbortSignal.abort(),
  });
  return { peers, kept: () => kept.at(-1) };
}

/** @param number of the peer's seed. @param ago seconds */
function bound(key: KeyPair, number: number, { addresses = [] as string[], ago = 0 } = {}): SignedPeerBinding {
  const binding = {
    validator: key.publicKey,
    peer: identityPublicKey(seed(number)),
    time: Date.now() - ago * 1_000,
    addresses: addresses.map(encodeText),
  };
  return { binding, signature: key.sign(peerBindingSigningBytes(binding, GENESIS)) };
}

validators('who has announced itself keeps to the others; what others say of it makes it no validator', () => {
  const other = bound(keyOf(1), 2, { addresses: ['/ip4/192.0.2.7/tcp/9000'] });
  const way = [`/ip4/192.0.2.7/tcp/9000/p2p/${peerIdOf(seed(2))}`];
  const told = listener();
  const own = listener();
  const hidden = listener({ hidden: true });
  try {
    for (const { peers } of [told, own, hidden]) peers.onTold('peer', [other, bound(keyOf(2), 1)]);
    assert.equal(told.kept(), []);
    own.peers.announce(bound(keyOf(0), 1));
    assert.equal(own.kept(), way);
    hidden.peers.announce(bound(keyOf(0), 1));
    assert.equal(hidden.kept(), []);
  } finally {
    for (const { peers } of [told, own, hidden]) peers.stop();
  }
});

validators('one that starts again keeps to the others although it says nothing new', () => {
  const { peers, kept } = listener();
  try {
    const own = bound(keyOf(0), 1, { ago: 5 });
    peers.onTold('peer', [own, bound(keyOf(1), 2, { addresses: ['/ip4/192.0.2.7/tcp/9000'] })]);
    assert.equal(kept(), []);
    peers.announce(bound(keyOf(0), 1));
    assert.is(kept()?.length, 1);
  } finally {
    peers.stop();
  }
});

validators('addresses are told where others may dial', () => {
  const own = [
    '/ip4/192.0.2.7/tcp/9000/p2p/12D3KooWGRUVh1QmJwEwEsCyFJuX7UTVdDvSyCdd1oP6Z9K5VYhS',
    '/ip4/10.0.0.1/tcp/9000',
  ];
  const told = (settings: Parameters<typeof addressesToTell>[1]) =>
    addressesToTell(
      own.map((one) => multiaddr(one)),
      settings,
    ).map(decodeText);
  assert.equal(told({ discovery: 'server', announce: [], network: 'public' }), ['/ip4/192.0.2.7/tcp/9000']);
  assert.equal(told({ discovery: 'server', announce: [], network: 'private' }), [
    '/ip4/192.0.2.7/tcp/9000',
    '/ip4/10.0.0.1/tcp/9000',
  ]);
  assert.equal(told({ discovery: 'off', announce: [], network: 'public' }), []);
  assert.equal(told({ discovery: 'off', announce: own.slice(0, 1), network: 'public' }), ['/ip4/192.0.2.7/tcp/9000']);
});

validators('gossip prefers a validator while it has nothing against it that counts', () => {
  const points = new Map([
    ['good', 20],
    ['bad', 21],
  ]);
  const { scoreParams } = gossipScoring({ points: (peer) => points.get(peer) ?? 0 }, (peer) => peer !== 'other');
  const score = scoreParams.appSpecificScore;
  assert.ok((score?.('validator') ?? 0) > (score?.('other') ?? 0));
  assert.is(score?.('good'), score?.('validator'));
  assert.is(score?.('bad'), -1);
  assert.is(score?.('other'), 0);
});

validators.run();
