// Who connects and is no peer yet: silent connections keep nobody out, whoever came first.

import { connect, type Socket } from 'node:net';
import { multiaddr } from '@multiformats/multiaddr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Arrivals, type ArrivalsOptions, type Incoming } from '../../src/network/arrivals.ts';
import { MAX_FRAME_BYTES } from '../../src/network/web-sockets.ts';
import { addressOf, connected, eventually, startNode, stopAll } from './harness.ts';

const arrivals = suite('network: arrivals');

/** Connections that never say a word, from four addresses; each is opened again when it is closed. @returns how to end it */
async function besiege(port: number, count: number): Promise<() => void> {
  const sockets = new Set<Socket>();
  let isOver = false;
  const open = (host: string) => {
    if (isOver) return;
    const socket = connect({ port, host: '127.0.0.1', localAddress: host });
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      setTimeout(open, 50, host);
    });
  };
  for (let i = 0; i < count; i++) {
    open(`127.0.0.${2 + (i % 4)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await eventually(() => [...sockets].some((socket) => !socket.connecting), 'a connection of the siege');
  return () => {
    isOver = true;
    for (const socket of sockets) socket.destroy();
  };
}

arrivals('silent connections of a few addresses keep no honest node out', async () => {
  const victim = await startNode(1, { network: 'public' });
  const end = await besiege(Number(addressOf(victim).split('/')[4]), 80);
  const honest = await startNode(2, { peers: [addressOf(victim)], network: 'public' });
  try {
    await connected(victim, 1);
  } finally {
    end();
    await stopAll([victim, honest]);
  }
});

const UPGRADE = [
  'GET / HTTP/1.1',
  'Host: a',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  '\r\n',
].join('\r\n');

/** A connection to the port, which is not ended in return. @param said at once. @param then what follows once there is an answer */
function knock(port: number, said: string, then?: Uint8Array): { readonly socket: Socket; isOver: boolean } {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const knocking = { socket, isOver: false };
  socket.on('error', () => undefined);
  for (const event of ['end', 'close']) {
    socket.on(event, () => {
      knocking.isOver = true;
    });
  }
  socket.on('data', () => undefined);
  if (then !== undefined) socket.once('data', () => socket.write(then));
  socket.write(said);
  return knocking;
}

async function withWebSocketPort(test: (port: number) => Promise<void>): Promise<void> {
  const victim = await startNode(1, { network: 'public', listen: ['/ip4/127.0.0.1/tcp/0/ws'] });
  const honest = await startNode(2, { peers: [addressOf(victim)], network: 'public' });
  try {
    await connected(victim, 1);
    await test(Number(addressOf(victim).split('/')[4]));
    assert.is(victim.network.peers().length, 1);
    assert.is(honest.network.peers().length, 1);
  } finally {
    await stopAll([victim, honest]);
  }
}

arrivals('a WebSocket port ends connections that go no further: at once, in the request, after it', () =>
  withWebSocketPort(async (port) => {
    const all = ['', 'GET / HTTP/1.1\r\n', UPGRADE].map((said) => knock(port, said));
    await eventually(() => all.every(({ isOver }) => isOver), 'the end of all three', 20_000);
    for (const { socket } of all) socket.destroy();
  }),
);

/** A masked frame of binary data whose header says that it has so many bytes. */
function frameOf(bytes: number): Uint8Array {
  const header = Buffer.alloc(14);
  header.writeUInt16BE(0x82ff);
  header.writeBigUInt64BE(BigInt(bytes), 2);
  return header;
}

arrivals('a WebSocket frame that breaks the rules, or is too large, ends its connection and nothing else', () =>
  withWebSocketPort(async (port) => {
    const all = [Uint8Array.of(0xff, 0xff), frameOf(MAX_FRAME_BYTES + 1)].map((frame) => knock(port, UPGRADE, frame));
    await eventually(() => all.every(({ isOver }) => isOver), 'the end of both', 3_000);
    for (const { socket } of all) socket.destroy();
  }),
);

arrivals('of connections that are no WebSocket yet, the oldest goes when there are too many', () =>
  withWebSocketPort(async (port) => {
    const first = knock(port, '');
    const others: ReturnType<typeof knock>[] = [];
    await eventually(
      () => {
        others.push(knock(port, ''));
        return first.isOver;
      },
      'the end of the first',
      3_000,
    );
    assert.ok(others.length >= 60 && !others.at(-1)?.isOver);
    for (const { socket } of [first, ...others]) socket.destroy();
  }),
);

/** A connection as far as it is looked at. */
class Connection extends EventTarget {
  status = 'open';
  readonly remoteAddr;

  constructor(address: string) {
    super();
    this.remoteAddr = multiaddr(address);
  }

  abort(): void {
    this.status = 'aborted';
    this.dispatchEvent(new Event('close'));
  }
}

function start(changes: Partial<ArrivalsOptions> = {}) {
  const clock = { now: 0 };
  const guests = new Arrivals({
    maxConnectionsPerIp: 16,
    network: 'public',
    isFriend: () => false,
    isPeer: (peer) => peer.startsWith('peer'),
    now: () => clock.now,
    ...changes,
  });
  /** @param peer whose it turns out to be. @returns undefined for one that is refused */
  const come = (address: string, peer?: string): Connection | undefined => {
    clock.now += 150;
    const connection = new Connection(address);
    const incoming = connection as unknown as Incoming;
    if (!guests.admit(incoming)) return undefined;
    if (peer !== undefined) guests.identify(peer, incoming);
    return connection;
  };
  return { clock, come };
}

const isOpen = (one: Connection | undefined) => one?.status === 'open';

arrivals('where strangers are many, the largest neighbourhood loses its oldest', () => {
  const { come } = start();
  const first = come('/ip4/192.0.2.1/tcp/1');
  const crowd = Array.from({ length: 127 }, (_, i) => come(`/ip4/198.51.100.${i}/tcp/1`));
  assert.ok([first, ...crowd].every(isOpen));
  const later = [come('/ip4/203.0.113.1/tcp/1'), come('/ip4/203.0.113.2/tcp/1', 'somebody')];
  assert.ok([first, ...later].every(isOpen));
  assert.equal(crowd.slice(0, 4).map(isOpen), [false, false, true, true]);
});

arrivals('peers are not strangers, however many', () => {
  const { come } = start();
  const peers = Array.from({ length: 300 }, (_, i) => come(`/ip4/198.51.100.${i % 250}/tcp/1`, `peer ${i}`));
  for (let i = 0; i < 200; i++) come(`/ip4/192.0.2.${i}/tcp/1`);
  assert.ok(peers.every(isOpen));
});

arrivals('nobody takes the place of who comes from where a configured peer is', () => {
  const { come } = start({ isFriend: (ip) => ip === '192.0.2.1' });
  const friend = come('/ip4/192.0.2.1/tcp/1');
  for (let i = 0; i < 400; i++) come(`/ip4/10.${i % 200}.${i % 7}.1/tcp/1`);
  assert.ok(isOpen(friend));
  const others = Array.from({ length: 16 }, (_, i) => come(`/ip4/192.0.2.1/tcp/${i}`));
  assert.ok(others.every(isOpen));
  assert.not(isOpen(friend));
});

arrivals('so many of one address, of an IPv6 /64, and twice as many of a /48: then its oldest stranger goes', () => {
  const { come } = start({ maxConnectionsPerIp: 2 });
  const four = [come('/ip4/192.0.2.7/tcp/1', 'peer'), come('/ip4/192.0.2.7/tcp/2/ws'), come('/ip4/192.0.2.8/tcp/3')];
  assert.ok(four.every(isOpen));
  assert.ok(isOpen(come('/ip4/192.0.2.7/tcp/4', 'peer')));
  assert.equal(four.map(isOpen), [true, false, true]);
  assert.is(come('/ip4/192.0.2.7/tcp/5'), undefined, 'both are connections of peers');
  four[0]?.abort();
  assert.ok(isOpen(come('/ip4/192.0.2.7/tcp/6')));
  const six = Array.from({ length: 6 }, (_, i) => come(`/ip6/2001:db8:0:${i}::1/tcp/1`));
  assert.equal(six.map(isOpen), [false, false, true, true, true, true]);
  const [a, b, c] = [1, 2, 3].map((i) => come(`/ip6/2001:db8:1::${i}/tcp/1`));
  assert.equal([a, b, c].map(isOpen), [false, true, true]);
  const local = Array.from({ length: 9 }, (_, i) => come(`/ip4/127.0.0.1/tcp/${i}`));
  assert.ok(local.every(isOpen), 'this machine itself is not counted');
});

arrivals('so many a second of one address', () => {
  const { come, clock } = start();
  const hurry = (address: string) => {
    clock.now = 0;
    return isOpen(come(address));
  };
  const taken = Array.from({ length: 20 }, () => hurry('/ip4/192.0.2.7/tcp/1')).filter(Boolean).length;
  assert.is(taken, 10);
  const site = Array.from({ length: 40 }, (_, i) => hurry(`/ip6/2001:db8:0:${i}::1/tcp/1`)).filter(Boolean).length;
  assert.is(site, 20);
  clock.now = 1_000;
  assert.ok(isOpen(come('/ip4/192.0.2.7/tcp/1')));
});

arrivals('of one peer the two newest', () => {
  const { come } = start();
  const three = [1, 2, 3].map((i) => come(`/ip4/192.0.2.${i}/tcp/1`, 'peer'));
  assert.equal(three.map(isOpen), [false, true, true]);
});

arrivals.run();
