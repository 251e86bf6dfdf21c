// Names are looked up before anybody is dialled, and what they lead to passes the gate as any address does.

import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { MultiaddrResolveOptions } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { peerIdOf } from '../../src/network/identity.ts';
import { dnsLookup, type Lookup, Names, systemLookup } from '../../src/network/names.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { addressOf, connected, eventually, type NodeSettings, seed, startNode, stopAll } from './harness.ts';

const names = suite('network: names');

const logger = pino({ level: 'silent' });

/** the library's, which is not used */
const silent = Object.assign(() => undefined, {}) as unknown as MultiaddrResolveOptions['log'];

function resolver(lookup: Lookup, isAllowed = () => true) {
  const one = new Names({ lookup: () => lookup, isAllowed, logger });
  return async (address: string) => (await one.resolve(multiaddr(address), { log: silent })).map(String);
}

names('a name becomes the addresses it leads to; over TLS it still says whose certificate is meant', async () => {
  const asked: string[] = [];
  const resolve = resolver(async (name, family) => {
    asked.push(`${name} ${family}`);
    return family === 4 ? ['192.0.2.7'] : ['2001:db8::7'];
  });
  const P = `p2p/${peerIdOf(seed(1))}`;
  const cases: readonly [address: string, found: readonly string[]][] = [
    [`/dns4/a.example/tcp/1/${P}`, [`/ip4/192.0.2.7/tcp/1/${P}`]],
    ['/dns6/a.example/tcp/1', ['/ip6/2001:db8::7/tcp/1']],
    ['/dns/a.example/tcp/1/ws', ['/ip4/192.0.2.7/tcp/1/ws', '/ip6/2001:db8::7/tcp/1/ws']],
    ['/dns4/a.example/tcp/443/wss', ['/ip4/192.0.2.7/tcp/443/tls/sni/a.example/ws']],
    ['/dns4/a.example/tcp/443/tls/ws', ['/ip4/192.0.2.7/tcp/443/tls/sni/a.example/ws']],
    ['/dns4/a.example/tcp/443/tls/sni/b.example/ws', ['/ip4/192.0.2.7/tcp/443/tls/sni/b.example/ws']],
    [`/dns4/a.example/tcp/1/${P}/p2p-circuit/${P}`, [`/ip4/192.0.2.7/tcp/1/${P}/p2p-circuit/${P}`]],
  ];
  for (const [address, found] of cases) assert.equal(await resolve(address), found, address);
  assert.equal(asked.slice(0, 4), ['a.example 4', 'a.example 6', 'a.example 4', 'a.example 6']);
  const one = new Names({ lookup: () => systemLookup, isAllowed: () => true, logger });
  for (const other of ['/ip4/192.0.2.7/tcp/1', '/dnsaddr/a.example', '/p2p-circuit']) {
    assert.not(one.canResolve(multiaddr(other)), other);
  }
});

names('of one name few addresses are dialled, and none that is no address', async () => {
  const many = Array.from({ length: 100 }, (_, i) => `192.0.2.${i}`);
  assert.is((await resolver(async () => many)('/dns4/a.example/tcp/1')).length, 4);
  assert.equal(await resolver(async () => ['fe80::1%eth0', 'b.example'])('/dns6/a.example/tcp/1'), []);
});

names('a name that leads nowhere, takes too long or must not be asked for leads nowhere', async () => {
  assert.equal(await resolver(() => Promise.reject(new Error('ENOTFOUND')))('/dns4/a.example/tcp/1'), []);
  assert.equal(await resolver(() => new Promise(() => undefined))('/dns4/a.example/tcp/1'), []);
  const untouched: Lookup = () => Promise.reject(new Error('it was asked'));
  assert.equal(await resolver(untouched, () => false)('/dns4/a.example/tcp/1'), []);
  // one family is enough
  const four = resolver((_, family) =>
    family === 4 ? Promise.resolve(['192.0.2.7']) : Promise.reject(new Error('no')),
  );
  assert.equal(await four('/dns/a.example/tcp/1'), ['/ip4/192.0.2.7/tcp/1']);
});

names('names that take long do not pile up', async () => {
  let underway = 0;
  const resolve = resolver(() => {
    underway += 1;
    return new Promise(() => undefined);
  });
  void Promise.all(Array.from({ length: 100 }, (_, i) => resolve(`/dns4/n${i}.example/tcp/1`)));
  await eventually(() => underway >= 32, 'lookups');
  assert.is(underway, 32);
});

names('the machine finds its own name, and the DNS is asked for no other way', async () => {
  assert.ok((await systemLookup('localhost', 4)).includes('127.0.0.1'));
  const [own] = await Promise.allSettled([dnsLookup()('no-such-name.invalid', 4)]);
  assert.is(own.status, 'rejected');
});

/** Counts who connects. */
async function listener(): Promise<{ server: Server; port: number; came: () => number }> {
  let came = 0;
  const server = createServer((socket) => {
    came += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port, came: () => came };
}

/** A node that has heard of a peer under this name. */
async function withHearsay(settings: NodeSettings, test: (came: () => number, looked: () => number) => Promise<void>) {
  await withTempDir(async (directory) => {
    const { server, port, came } = await listener();
    const peerBook = join(directory, 'peers.json');
    const peer = { id: peerIdOf(seed(9)), addresses: [`/dns4/node.example/tcp/${port}`], last_success: 0 };
    await writeFile(peerBook, JSON.stringify({ version: 1, peers: [peer] }));
    let looked = 0;
    const lookup: Lookup = async () => {
      looked += 1;
      return ['127.0.0.1'];
    };
    const node = await startNode(1, { discovery: 'client', peerBook, lookup, ...settings });
    try {
      await test(came, () => looked);
    } finally {
      await node.stop();
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

names('a public name that leads into the own network is not dialled', () =>
  withHearsay({ network: 'public' }, async (came, looked) => {
    await eventually(() => looked() > 0, 'the lookup', 20_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.is(came(), 0);
  }),
);

names('on a private network it is', () =>
  withHearsay({}, async (came) => {
    await eventually(() => came() > 0, 'the dial', 20_000);
  }),
);

names('a name that leads to a banned host is not dialled', async () => {
  const friend = await startNode(2);
  const lookup: Lookup = async () => ['127.0.0.1'];
  const named = addressOf(friend).replace('/ip4/127.0.0.1/', '/dns4/node.example/');
  const node = await startNode(1, { lookup });
  try {
    await node.network.ban('127.0.0.1', 60_000, 'of the test');
    node.network.addPeer(named);
    await eventually(() => node.log.some((line) => line.includes('could not dial')), 'the dial');
    assert.is(node.network.peers().length, 0);
    await node.network.unban('127.0.0.1');
    await connected(node, 1);
    assert.match(node.network.peers()[0]?.addresses[0] ?? '', /^\/ip4\/127\.0\.0\.1\//, 'counted as what it leads to');
  } finally {
    await stopAll([friend, node]);
  }
});

names.run();
