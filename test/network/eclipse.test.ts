// Surrounding a node: attackers with any number of identities, in one neighbourhood or in many, who come first, answer with
// each other only and never leave. The rules are those that run; the internet and the DHT are a model of it.

import type { Connection, PeerId, PeerInfo } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Discovery, isUsable } from '../../src/network/discovery.ts';
import { peerIdOf } from '../../src/network/identity.ts';
import { PeerBook } from '../../src/network/peer-book.ts';
import { concatBytes } from '../../src/primitives/bytes.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';
import { Random } from '../sim/random.ts';
import { addressOf, connected, eventually, GENESIS, startNode, stopAll } from './harness.ts';
import { FIND_NODE, fakePeer, serveKad } from './hostile-kad.ts';
import { HostilePeer } from './hostile-peer.ts';

const eclipse = suite('network: eclipse');

const TARGET = 8;
const HONEST = 60;
const PER_SUBNET = 16;
const ROUNDS = 40;
/** For walks that end at liars, and dials that end nowhere, on a busy machine. */
const PATIENCE_MS = 60_000;

interface Someone extends PeerInfo {
  readonly isHonest: boolean;
  readonly address: Multiaddr;
}

function someone(number: number, ip: string, isHonest: boolean): Someone {
  const id = new Uint8Array(32);
  new DataView(id.buffer).setUint32(0, number + 1);
  const address = multiaddr(`/ip4/${ip}/tcp/9000`);
  return { id: peerIdFromString(peerIdOf(id)), multiaddrs: [address], isHonest, address };
}

class World {
  now = 1;
  readonly outbound = new Map<string, Someone>();
  readonly #everybody: readonly Someone[];
  readonly #byId: ReadonlyMap<string, Someone>;
  readonly #random = new Random(4711);
  readonly #discovery: Discovery;
  readonly #book: PeerBook;
  /** whether honest nodes know of attackers too */
  #areKnown = false;

  /** @param subnets of the attackers */
  constructor(subnets: number) {
    const honest = Array.from({ length: HONEST }, (_, i) => someone(i, `40.${i}.0.1`, true));
    const attackers = Array.from({ length: subnets * PER_SUBNET }, (_, i) =>
      someone(1_000 + i, `66.${i % subnets}.0.${1 + Math.floor(i / subnets)}`, false),
    );
    this.#everybody = [...honest, ...attackers];
    this.#byId = new Map(this.#everybody.map((one) => [one.id.toString(), one]));
    const common = { logger: pino({ level: 'silent' }), now: () => this.now, random: () => this.#random.next() };
    this.#book = new PeerBook({
      ...common,
      file: undefined,
      pauses: { first: 1_000, longest: 60_000 },
      wall: () => this.now,
      isUsable: (address) => isUsable(address, 'public'),
    });
    this.#discovery = new Discovery(
      { peerId: peerIdFromString(peerIdOf(new Uint8Array(32))), getConnections: (id) => this.#connections(id) },
      {
        ...common,
        network: 'public',
        target: TARGET,
        book: this.#book,
        dialer: { has: () => false, dial: async (id, addresses) => this.#dial(id.toString(), addresses) },
        walk: async (onAnswer) => this.#walk(onAnswer),
        outbound: () => [...this.outbound.values()].map(({ address }) => address),
      },
    );
  }

  /** The node is told of one that is honest. */
  beTold(): void {
    const friend = this.#everybody.find(({ isHonest }) => isHonest);
    if (friend !== undefined) this.#book.heard(friend.id, friend.multiaddrs, 'told');
  }

  /** They come, say where they can be found, and go. */
  meetAttackers(): void {
    this.#areKnown = true;
    for (const { id, address, isHonest } of this.#everybody) {
      if (isHonest) continue;
      this.#discovery.onConnected({ peer: id, direction: 'inbound', remote: address, announced: [address] });
      this.#discovery.onDisconnected(id);
    }
  }

  get attackers(): number {
    return [...this.outbound.values()].filter(({ isHonest }) => !isHonest).length;
  }

  /** @param leaving the chance that somebody honest leaves in a round; attackers never do */
  async run({ leaving }: { leaving: number }): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      this.now += 10_000;
      this.#discovery.start();
      this.#discovery.stop();
      await new Promise((resolve) => setImmediate(resolve));
      for (const [key, { id, isHonest }] of this.outbound) {
        if (!isHonest || !this.#random.chance(leaving)) continue;
        this.outbound.delete(key);
        this.#discovery.onDisconnected(id);
      }
    }
  }

  #connections(id: PeerId | undefined): Connection[] {
    const wanted = [...this.outbound.values()].filter((one) => id === undefined || one.id.equals(id));
    return wanted.map(({ address }) => ({ remoteAddr: address }) as Connection);
  }

  #dial(key: string, addresses: readonly Multiaddr[]): boolean {
    const found = this.#byId.get(key);
    if (found === undefined || !addresses.some((address) => this.#discovery.mayDialAddress(address))) return false;
    this.outbound.set(key, found);
    const { id, address } = found;
    this.#discovery.onConnected({ peer: id, direction: 'outbound', remote: address, announced: [address] });
    return true;
  }

  /** Honest nodes name anybody whom they know, attackers each other. */
  #walk(onAnswer: (peers: readonly PeerInfo[], from: PeerInfo['id']) => void): void {
    for (const { id, isHonest } of this.outbound.values()) {
      const known = this.#everybody.filter((one) => (isHonest ? this.#areKnown || one.isHonest : !one.isHonest));
      onAnswer(
        Array.from({ length: 20 }, () => known[Math.floor(this.#random.next() * known.length)] as Someone),
        id,
      );
    }
  }
}

eclipse('who holds few neighbourhoods gets two connections in each at most, with however many identities', async () => {
  for (const subnets of [1, 3]) {
    const world = new World(subnets);
    world.meetAttackers();
    world.beTold();
    await world.run({ leaving: 0.1 });
    assert.ok(world.attackers <= 2 * subnets, `${world.attackers} of attackers in ${subnets} neighbourhoods`);
    assert.ok(world.outbound.size - world.attackers >= 1, 'somebody honest');
  }
});

eclipse('who comes later takes no place, however many neighbourhoods he holds', async () => {
  const world = new World(30);
  world.beTold();
  await world.run({ leaving: 0 });
  assert.is(world.outbound.size, TARGET);
  world.meetAttackers();
  await world.run({ leaving: 0 });
  assert.equal([world.outbound.size, world.attackers], [TARGET, 0]);
});

eclipse(
  'strangers who fill all places that are open to them and lie in the DHT keep nobody from finding the others',
  async () => {
    const friend = await startNode(2, { discovery: 'server' });
    const honest = await Promise.all(
      [3, 4, 5, 6].map((number) => startNode(number, { discovery: 'server', peers: [addressOf(friend)] })),
    );
    const victim = await startNode(1, { discovery: 'server', maxPeers: 12, outboundPeers: 4 });
    // as many nobodies as one neighbourhood has places in the peer book
    const lies = encodeFrame(concatBytes(FIND_NODE, ...Array.from({ length: 16 }, (_, number) => fakePeer(number))));
    const attackers = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const attacker = await HostilePeer.start(GENESIS, { announce: ['/ip4/127.0.0.1/tcp/1'] });
        await serveKad(attacker, lies);
        return attacker;
      }),
    );
    const chosen = () => victim.network.peers().filter(({ direction }) => direction === 'outbound');
    const isHonest = (id: string) => [friend, ...honest].some(({ network }) => network.peerId === id);
    try {
      await Promise.allSettled(attackers.map((attacker) => attacker.connect(victim)));
      await connected(victim, 8);
      assert.is(chosen().length, 0, 'eight of twelve places are open to those who come');
      victim.network.addPeer(addressOf(friend));
      await eventually(() => chosen().length >= 3, 'peers of its own choice', PATIENCE_MS);
      assert.ok(chosen().every(({ id }) => isHonest(id)));
      await friend.stop();
      await eventually(() => !chosen().some(({ id }) => id === friend.network.peerId), 'the friend to be gone');
      assert.ok(chosen().length >= 2, 'it depends on none of them');
      assert.ok(chosen().every(({ id }) => isHonest(id)));
    } finally {
      await Promise.all([...attackers.map((attacker) => attacker.stop()), friend.stop(), stopAll([...honest, victim])]);
    }
  },
);

eclipse.run();
