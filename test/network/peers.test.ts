// The way of one peer from identifying itself to being connected or dropped, step by step: what others are told of it when a
// step fails, and what of one for whom there is no place.

import type { Connection, ConnectionLimits, IdentifyResult, PeerId, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Host } from '../../src/network/host.ts';
import { peerIdOf } from '../../src/network/identity.ts';
import { Peers, type PeersContext } from '../../src/network/peers.ts';
import { AUTO_NAT, ProtocolNames } from '../../src/network/protocols.ts';
import { PenaltyBook } from '../../src/network/scoring.ts';
import { eventually, GENESIS, seed, statusOf } from './harness.ts';

const peers = suite('network: peers');

const names = new ProtocolNames(GENESIS);
const NODE = [names.request('status')];
const HELPER = [names.kad];

const MET = () => undefined;

/** A host whose peers do what the test says, and all that is told of them. */
class World {
  readonly told: string[] = [];
  readonly #connections: Connection[] = [];
  readonly #events = new EventTarget();
  readonly #peers: Peers;

  constructor(onMet: () => void) {
    const steady = () => performance.now();
    const host = {
      addEventListener: this.#events.addEventListener.bind(this.#events),
      removeEventListener: this.#events.removeEventListener.bind(this.#events),
      getConnections: (peer?: PeerId) =>
        this.#connections.filter(({ remotePeer }) => peer === undefined || remotePeer.equals(peer)),
    };
    const context: Partial<{ [K in keyof PeersContext]: unknown }> = {
      names,
      gossip: { isListening: () => true },
      requester: {
        statusChannel: () => undefined,
        status: async () => ({ status: statusOf(), sentAt: 0, latencyMs: 1 }),
      },
      penalties: new PenaltyBook({ steady, wall: Date.now }),
      clocks: { add: () => undefined, forget: () => undefined },
      logger: pino({ level: 'silent' }),
      isConfigured: () => false,
      validatorOf: () => undefined,
      isPrivate: () => false,
      maxPeers: 8,
      maxInbound: 8,
      statusInterval: 60_000,
      ownStatus: () => statusOf(),
      emit: (event: string) => void this.told.push(event),
      onMet,
      onIncompatible: () => void this.told.push('incompatible'),
      onGone: () => void this.told.push('gone'),
      lifetime: new AbortController().signal,
    };
    this.#peers = new Peers(host as unknown as Host, context as PeersContext);
    this.#peers.start();
  }

  /** The peer has said who it is. @returns whether its connection is still open. */
  identify(
    number: number,
    direction: 'inbound' | 'outbound',
    protocols: readonly string[],
    limits?: ConnectionLimits,
  ): () => boolean {
    const peerId = peerIdFromString(peerIdOf(seed(number)));
    const gossip = { direction: 'outbound', protocol: '/meshsub/1.2.0' };
    const end = () => {
      this.#connections.splice(this.#connections.indexOf(connection), 1);
      this.#events.dispatchEvent(new CustomEvent('peer:disconnect', { detail: peerId }));
    };
    const connection = {
      id: `connection ${number}`,
      remotePeer: peerId,
      remoteAddr: multiaddr('/ip4/127.0.0.1/tcp/1'),
      direction,
      timeline: { open: Date.now() },
      limits,
      streams: [gossip],
      close: async () => end(),
      abort: end,
    } as unknown as Connection;
    this.#connections.push(connection);
    const detail = { peerId, connection, protocols, listenAddrs: [] } as unknown as IdentifyResult;
    this.#events.dispatchEvent(new CustomEvent('peer:identify', { detail }));
    return () => this.#connections.includes(connection);
  }

  /** The peer of that number opens another connection, after so many milliseconds. */
  connectAnew(number: number, after: number): void {
    const remotePeer = peerIdFromString(peerIdOf(seed(number)));
    const detail = { id: 'another', remotePeer, timeline: { open: Date.now() + after } };
    this.#events.dispatchEvent(new CustomEvent('connection:open', { detail }));
  }

  /** What happens on the connection of the peer of that number from now on. */
  setProtocol(number: number, protocol: string): void {
    const connection = this.#connections.find(({ id }) => id === `connection ${number}`);
    connection?.streams.splice(1, 1, { protocol, timeline: connection.timeline } as Stream);
  }

  stop(): void {
    this.#peers.stop();
  }
}

async function withWorld(onMet: () => void, use: (world: World) => Promise<void>): Promise<World> {
  const world = new World(onMet);
  try {
    await use(world);
  } finally {
    world.stop();
  }
  return world;
}

peers('of a peer that fails on its way nobody hears that it has gone, since nobody heard that it came', async () => {
  const fail = () => {
    throw new Error('could not be met');
  };
  await withWorld(fail, async (world) => {
    const isOpen = world.identify(1, 'inbound', NODE);
    await eventually(() => !isOpen(), 'the end of the connection');
    assert.equal(world.told, ['gone']);
  });
  const { told } = await withWorld(MET, async (world) => {
    world.identify(1, 'inbound', NODE);
    await eventually(() => world.told.length > 0, 'the peer');
  });
  assert.equal(told, ['peer:connected', 'peer:disconnected']);
});

peers(
  'a new connection is the end of an old one, unless it was opened to see whether the other side is reached',
  async () => {
    await withWorld(MET, async (world) => {
      const isOpen = world.identify(1, 'inbound', NODE);
      await eventually(() => world.told.length > 0, 'the peer');
      world.connectAnew(1, 1_000);
      assert.ok(isOpen(), 'both dial at once');
      world.setProtocol(1, AUTO_NAT);
      world.connectAnew(1, 25_000);
      assert.ok(isOpen(), 'one was asked to dial');
      assert.equal(world.told, ['peer:connected']);
      world.setProtocol(1, names.request('status'));
      world.connectAnew(1, 25_000);
      assert.not(isOpen());
      assert.equal(world.told, ['peer:connected', 'peer:disconnected', 'gone']);
    });
  },
);

peers('what was opened to see whether the other side is reached, and hangs, keeps no new connection out', async () => {
  await withWorld(MET, async (world) => {
    const isOpen = world.identify(1, 'inbound', NODE);
    await eventually(() => world.told.length > 0, 'the peer');
    world.setProtocol(1, AUTO_NAT);
    world.connectAnew(1, 60_000);
    assert.not(isOpen());
  });
});

peers('a direct connection takes the place of one through a relay at once', async () => {
  await withWorld(MET, async (world) => {
    const isOpen = world.identify(1, 'outbound', NODE, { bytes: 1_000n });
    await eventually(() => world.told.length > 0, 'the peer');
    world.connectAnew(1, 1);
    assert.not(isOpen());
    assert.equal(world.told, ['peer:connected', 'peer:disconnected', 'gone']);
  });
});

peers('bootstrap nodes that come by themselves keep out none that was dialled, nor is any a stranger', async () => {
  await withWorld(MET, async (world) => {
    const come = [1, 2, 3, 4, 5, 6].map((number) => world.identify(number, 'inbound', HELPER));
    const dialled = [11, 12, 13, 14, 15].map((number) => world.identify(number, 'outbound', HELPER));
    const open = (all: readonly (() => boolean)[]) => all.filter((isOpen) => isOpen()).length;
    await eventually(() => open(come) === 4 && open(dialled) === 4, 'the others to be let go');
    assert.ok(dialled.slice(0, 4).every((isOpen) => isOpen()));
    assert.equal(world.told, ['gone', 'gone', 'gone'], 'they are not taken for peers of another network');
  });
});

peers.run();
