// Finding peers: real hosts on loopback that know one address, and the rules by which discovery chooses whom to dial.

import { join } from 'node:path';
import type { Connection, PeerInfo } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Discovery, isUsable } from '../../src/network/discovery.ts';
import { peerIdOf } from '../../src/network/identity.ts';
import { PeerBook } from '../../src/network/peer-book.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import {
  addressOf,
  connected,
  eventually,
  type NodeSettings,
  seed,
  startNode,
  stopAll,
  type TestNode,
} from './harness.ts';

const discovery = suite('network: discovery');

const FINDS: NodeSettings = { discovery: 'auto' };
/** For a walk or a few to end and for those found to be dialled, on a busy machine. */
const PATIENCE_MS = 30_000;

/** Fails with what each of them knows and has logged last. */
async function findsAll(nodes: readonly TestNode[]): Promise<void> {
  const isMesh = () => nodes.every((node) => node.network.peers().length === nodes.length - 1);
  try {
    await eventually(isMesh, `everyone to know the ${nodes.length - 1} others`, PATIENCE_MS);
  } catch (error) {
    throw new Error(`${error}\n${nodes.map(knowledge).join('\n')}`);
  }
}

function knowledge({ network, log }: TestNode): string {
  const peers = network.peers().map(({ id, direction }) => `${id} ${direction}`);
  return [`${network.peerId} ${JSON.stringify(network.knowledge)}`, ...peers, ...log.slice(-20)].join('\n');
}

discovery('nodes that know one address find each other, and without it a newcomer that knows any other', async () => {
  const first = await startNode(1, FINDS);
  const others = await Promise.all(
    [2, 3, 4, 5].map((number) => startNode(number, { ...FINDS, peers: [addressOf(first)] })),
  );
  const nodes = [first, ...others];
  try {
    await findsAll(nodes);
    await first.stop();
    nodes.shift();
    await findsAll(nodes);
    const [any] = others;
    if (any === undefined) throw new Error('no nodes');
    nodes.push(await startNode(6, { ...FINDS, discovery: 'client', peers: [addressOf(any)] }));
    await findsAll(nodes);
  } finally {
    await stopAll(nodes);
  }
});

discovery('a restarted node finds the network again although the node it was told of is gone', () =>
  withTempDir(async (directory) => {
    const first = await startNode(1, FINDS);
    const peerBook = join(directory, 'peers.json');
    const settings = { ...FINDS, peers: [addressOf(first)] };
    const [a, b, restarted] = await Promise.all([
      startNode(2, settings),
      startNode(3, settings),
      startNode(4, { ...settings, peerBook }),
    ]);
    const running = [first, a, b, restarted];
    try {
      await findsAll(running);
      await restarted.stop();
      await first.stop();
      running.splice(0, running.length, a, b, await startNode(4, { ...settings, peerBook }));
      await findsAll(running);
    } finally {
      await stopAll(running);
    }
  }),
);

discovery('a node of another network or version in the book is dialled once', () =>
  withTempDir(async (directory) => {
    const peerBook = join(directory, 'peers.json');
    const genesisHash = new Uint8Array(32).fill(0xcd);
    const before = await startNode(1);
    const { network } = before;
    const settings = { ...FINDS, listen: [addressOf(before).split('/p2p/')[0] ?? ''] };
    const finder = await startNode(2, { ...FINDS, peerBook, peers: network.addresses });
    await connected(finder, 1);
    await Promise.all([finder.stop(), before.stop()]);
    const changed = await startNode(1, { ...settings, genesisHash, status: { genesisHash } });
    const again = await startNode(2, { ...FINDS, peerBook });
    try {
      const told = () => again.log.filter((line) => line.includes('different genesis')).length;
      await eventually(() => told() === 1, 'the reason in the log', PATIENCE_MS);
      assert.is(again.network.knowledge.knownPeers, 0);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      assert.is(told(), 1);
    } finally {
      await stopAll([changed, again]);
    }
  }),
);

discovery('no more peers are chosen than wanted, and places are kept from those who come by themselves', async () => {
  const settings = { ...FINDS, maxPeers: 5, outboundPeers: 2 };
  const first = await startNode(1, settings);
  const others = await Promise.all(
    [2, 3, 4, 5, 6, 7].map((number) => startNode(number, { ...settings, peers: [addressOf(first)] })),
  );
  const nodes = [first, ...others];
  // the configured peer is let in whoever dials
  const count = (node: TestNode, direction: string) =>
    node.network.peers().filter((peer) => peer.direction === direction && peer.id !== first.network.peerId).length;
  try {
    await eventually(
      () => nodes.every((node) => node.network.peers().length >= 2),
      'everyone to have peers',
      PATIENCE_MS,
    );
    for (let look = 0; look < 20; look++) {
      for (const node of nodes) {
        assert.ok(count(node, 'inbound') <= 3, `${count(node, 'inbound')} came by themselves`);
        // one more where a dial took longer than it is counted
        assert.ok(count(node, 'outbound') <= 3, `${count(node, 'outbound')} were chosen`);
        assert.ok(node.network.peers().length <= 6, `${node.network.peers().length} peers`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await stopAll(nodes);
  }
});

discovery(
  'its own address, an unreachable node and one that is another do no harm among the configured peers',
  async () => {
    const gone = await startNode(1);
    const unreachable = addressOf(gone);
    await gone.stop();
    const friend = await startNode(2, FINDS);
    const impostor = addressOf(friend).replace(friend.network.peerId, peerIdOf(seed(9)));
    const own = `/ip4/127.0.0.1/tcp/1/p2p/${peerIdOf(seed(3))}`;
    const node = await startNode(3, { ...FINDS, peers: [own, unreachable, impostor, addressOf(friend)] });
    try {
      await connected(node, 1);
      assert.is(node.network.peers()[0]?.id, friend.network.peerId);
      const back = await startNode(1, { ...FINDS, listen: [unreachable.split('/p2p/')[0] ?? ''] });
      try {
        await findsAll([node, friend, back]);
      } finally {
        await back.stop();
      }
    } finally {
      await stopAll([friend, node]);
    }
  },
);

discovery('IPv6, DNS names and WebSocket addresses work for whoever is told of them', async () => {
  const six = await startNode(1, { ...FINDS, listen: ['/ip6/::1/tcp/0'] });
  const web = await startNode(2, { ...FINDS, listen: ['/ip4/127.0.0.1/tcp/0/ws'], peers: [addressOf(six)] });
  const name = addressOf(web).replace('/ip4/127.0.0.1/', '/dns4/localhost/');
  const told = await startNode(3, { ...FINDS, peers: [name] });
  try {
    await findsAll([six, web, told]);
  } finally {
    await stopAll([six, web, told]);
  }
});

/** A connection as far as discovery looks at it. */
function connectionTo(address: string): Connection {
  return { remoteAddr: multiaddr(address) } as Connection;
}

class Rules {
  now = 0;
  readonly outbound: Multiaddr[] = [];
  readonly dialled: string[] = [];
  readonly connections: Connection[] = [];
  walks = 0;
  found: PeerInfo[] = [];
  readonly book: PeerBook;
  readonly discovery: Discovery;

  constructor(target: number) {
    const common = { logger: pino({ level: 'silent' }), now: () => this.now, random: () => 0.5 };
    this.book = new PeerBook({
      ...common,
      file: undefined,
      pauses: { first: 10, longest: 100 },
      wall: () => this.now,
      isUsable: (address) => isUsable(address, 'public'),
    });
    const host = { peerId: rulesPeer(0), getConnections: () => this.connections };
    this.discovery = new Discovery(host, {
      ...common,
      network: 'public',
      target,
      book: this.book,
      dialer: {
        has: () => false,
        dial: async (id) => {
          this.dialled.push(id.toString());
          return false;
        },
      },
      walk: async (onAnswer) => {
        this.walks += 1;
        onAnswer(this.found, rulesPeer(99));
      },
      outbound: () => this.outbound,
    });
  }
}

function rulesPeer(number: number) {
  return peerIdFromString(peerIdOf(seed(100 + number)));
}

discovery('nobody is dialled for whom there is no place, nor two neighbours too many', () => {
  const { discovery: rules, outbound } = new Rules(3);
  const near = multiaddr('/ip4/8.8.8.9/tcp/9000');
  assert.ok(rules.mayDial(rulesPeer(1)));
  assert.ok(rules.mayDialAddress(near));
  outbound.push(multiaddr('/ip4/8.8.8.1/tcp/9000'), multiaddr('/ip4/8.8.8.2/tcp/9000'));
  assert.not(rules.mayDialAddress(near), 'a third of one /24');
  assert.ok(rules.mayDialAddress(multiaddr('/ip4/8.8.9.9/tcp/9000')));
  assert.not(rules.mayDialAddress(multiaddr('/ip4/10.0.0.1/tcp/9000')), 'a private address');
  assert.ok(rules.mayDial(rulesPeer(1)));
  outbound.push(multiaddr('/ip4/9.9.9.9/tcp/9000'));
  assert.not(rules.mayDial(rulesPeer(2)), 'all places are taken');
  outbound.pop();
  rules.onUseless(rulesPeer(1).toString());
  assert.not(rules.mayDial(rulesPeer(1)), 'of another network');
  assert.ok(rules.mayDial(rulesPeer(2)));
});

discovery('the DHT, told of many who are not there, keeps discovery from no dial of its own', async () => {
  const world = new Rules(3);
  const asked = Array.from({ length: 20 }, (_, number) => world.discovery.mayDial(rulesPeer(50 + number)));
  assert.is(asked.filter(Boolean).length, 2, 'half of the places, rounded up');
  for (let number = 1; number <= 5; number++) {
    world.book.heard(rulesPeer(number), [multiaddr(`/ip4/8.8.${number}.8/tcp/9000`)], 'told');
  }
  world.connections.push(connectionTo('/ip4/9.9.9.9/tcp/9000'));
  for (let look = 0; look < 4; look++) {
    world.now += 100;
    for (let number = 0; number < 20; number++) world.discovery.mayDial(rulesPeer(50 + number));
    world.discovery.start();
    world.discovery.stop();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(world.dialled.length >= 4, `${world.dialled.length} dials`);
});

discovery('what was useless may be tried again after an hour', () => {
  const world = new Rules(1);
  world.now = 1;
  world.discovery.onUseless(rulesPeer(1).toString());
  world.now += 3_599_000;
  assert.not(world.discovery.mayDial(rulesPeer(1)));
  world.now += 2_000;
  assert.ok(world.discovery.mayDial(rulesPeer(1)));
});

discovery('a node without any connection forgets nobody, one with some forgets whom it can not reach', async () => {
  const world = new Rules(8);
  const retry = async (times: number) => {
    for (let time = 0; time < times; time++) {
      world.now += 1_000;
      world.discovery.start();
      world.discovery.stop();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  world.book.heard(rulesPeer(1), [multiaddr('/ip4/8.8.8.8/tcp/9000')], '9.9.9');
  await retry(10);
  assert.is(world.dialled.length, 10);
  assert.is(world.book.size, 1);
  world.connections.push(connectionTo('/ip4/9.9.9.9/tcp/9000'));
  await retry(10);
  assert.is(world.dialled.length, 13);
  assert.is(world.book.size, 0);
});

discovery('many who come from one place and say that they are elsewhere keep nobody out', () => {
  const { discovery: rules, book } = new Rules(1);
  const come = (number: number, remote: string, announced: string) =>
    rules.onConnected({
      peer: rulesPeer(number),
      direction: 'inbound',
      remote: multiaddr(`/ip4/${remote}/tcp/50000`),
      announced: [multiaddr(`/ip4/${announced}/tcp/9000`)],
    });
  for (let number = 10; number < 60; number++) come(number, `66.6.6.${number}`, `8.8.8.${number}`);
  come(1, '8.8.8.8', '8.8.8.8');
  for (let number = 60; number < 110; number++) come(number, `66.6.6.${number}`, `8.8.8.${number}`);
  assert.is(book.candidates((peer) => peer === rulesPeer(1).toString()).length, 1);
  assert.is(book.size, 16);
});

discovery('of what one answer names, twenty are heard, and none that is this node', async () => {
  const world = new Rules(1);
  world.found = Array.from({ length: 60 }, (_, number) => ({
    id: rulesPeer(number),
    multiaddrs: [multiaddr(`/ip4/8.8.${number}.8/tcp/9000`)],
  }));
  world.discovery.start();
  world.discovery.stop();
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(world.walks, 1);
  assert.is(world.book.size, 19);
});

discovery.run();
