// Which addresses are taken from strangers: those of the known shapes, and none whose text would not lead back to them.

import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { directAddress, isTakenFromStrangers, reachOf, subnetOf } from '../../src/network/addresses.ts';
import { peerIdOf } from '../../src/network/identity.ts';
import { concatBytes, utf8 } from '../../src/primitives/bytes.ts';
import { Random } from '../sim/random.ts';
import { seed } from './harness.ts';

const addresses = suite('network: addresses');

const PEER = peerIdOf(seed(1));
const RELAY = peerIdOf(seed(2));
const IP_AND_PORT = Uint8Array.of(4, 8, 8, 8, 8, 6, 0x0f, 0xa1);
const PORT = Uint8Array.of(6, 0x0f, 0xa1);
const SNI = Uint8Array.of(0xc1, 0x03);
const TLS = Uint8Array.of(0xc0, 0x03);
const WS = Uint8Array.of(0xdd, 0x03);
const DNS = Uint8Array.of(0x35);
const P2P = Uint8Array.of(0xa5, 0x03);

/** An address as a stranger may send it: bytes that no text gives. */
function fromBytes(...parts: (Uint8Array | string)[]): Multiaddr {
  const bytes = parts.map((part) =>
    typeof part === 'string' ? concatBytes(Uint8Array.of(part.length), utf8(part)) : part,
  );
  return multiaddr(concatBytes(...bytes));
}

addresses('host, port, WebSocket or not, and whose it is: these are taken, and read back as they are', () => {
  for (const host of ['ip4/8.8.8.8', 'ip6/2a00:1::7', 'dns/n.example', 'dns4/n_1.example.', 'dns6/n.example']) {
    for (const over of ['', '/ws', '/wss', '/tls/ws', '/tls/sni/n.example/ws']) {
      for (const peer of [undefined, PEER]) {
        const way = `/${host}/tcp/4001${over}`;
        const told = multiaddr(`${way}${peer === undefined ? '' : `/p2p/${peer}`}`);
        // as it comes from the wire
        const direct = directAddress(multiaddr(told.bytes));
        assert.is(direct?.way.toString(), way);
        assert.is(direct?.peer, peer);
        assert.ok(multiaddr(direct?.way.toString()).equals(direct?.way ?? told));
        assert.is(reachOf(told), 'public');
        assert.ok(isTakenFromStrangers(told));
      }
    }
  }
});

addresses('any other shape is none, and leads nowhere', () => {
  const others = [
    '/ip4/8.8.8.8',
    '/tcp/4001',
    '/ip4/8.8.8.8/udp/4001',
    '/ip4/8.8.8.8/udp/4001/quic-v1',
    '/ip4/8.8.8.8/udp/1/tcp/4001',
    '/ip4/8.8.8.8/tcp/4001/tcp/4002',
    '/ip4/8.8.8.8/tcp/4001/tls',
    '/ip4/8.8.8.8/tcp/4001/ws/tls',
    '/ip4/8.8.8.8/tcp/4001/tls/sni/n.example',
    '/ip4/8.8.8.8/tcp/4001/sni/n.example/ws',
    '/ip4/8.8.8.8/tcp/4001/http-path/x',
    `/ip4/8.8.8.8/tcp/4001/p2p/${PEER}/ws`,
    `/ip4/8.8.8.8/tcp/4001/p2p/${RELAY}/p2p/${PEER}`,
    `/p2p/${PEER}`,
    `/p2p/${PEER}/ip4/8.8.8.8/tcp/4001`,
    '/ip6zone/eth0/ip6/fe80::1/tcp/4001',
    '/dnsaddr/n.example/tcp/4001',
    '/dns4/localhost%2f/tcp/4001',
    '/unix/tmp%2fsocket',
  ].map((text) => multiaddr(text));
  const tricks = [
    fromBytes(IP_AND_PORT, SNI, 'a/b'),
    fromBytes(IP_AND_PORT, TLS, SNI, 'a/b', WS),
    fromBytes(IP_AND_PORT, SNI, 'a', WS),
    fromBytes(DNS, 'a/tcp/1/p2p', PORT),
    fromBytes(DNS, 'a b.example', PORT),
    fromBytes(IP_AND_PORT, P2P, '\x01\x02\x03'),
  ];
  for (const address of [...others, ...tricks]) {
    const name = Buffer.from(address.bytes).toString('latin1');
    assert.is(directAddress(address), undefined, name);
    assert.is(reachOf(address), 'nowhere', name);
    assert.not(isTakenFromStrangers(address), name);
  }
});

addresses('of those through a relay the ones are remembered whose relay is at a direct address', () => {
  const relay = `/ip4/8.8.8.8/tcp/4001/p2p/${RELAY}`;
  for (const [text, taken] of [
    [`${relay}/p2p-circuit`, true],
    [`${relay}/p2p-circuit/p2p/${PEER}`, true],
    [`${relay}/p2p-circuit/ip4/8.8.4.4/tcp/1`, false],
    [`${relay}/p2p-circuit/p2p/${PEER}/p2p-circuit/p2p/${PEER}`, false],
    [`/ip4/8.8.8.8/tcp/4001/p2p-circuit/p2p/${PEER}`, false],
    [`/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`, false],
  ] as const) {
    assert.is(isTakenFromStrangers(multiaddr(text)), taken, text);
    assert.is(reachOf(multiaddr(text)), 'nowhere', text);
  }
});

addresses('whatever bytes the library takes for an address, what is taken of it reads back, and nothing throws', () => {
  const random = new Random(1);
  const samples = [
    `/ip4/8.8.8.8/tcp/4001/tls/ws/p2p/${PEER}`,
    '/ip6/2a00::1/tcp/1/tls/sni/a.bc/ws',
    '/dns4/ab.cd/tcp/77/ws',
    `/ip4/8.8.8.8/tcp/4001/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`,
  ].map((text) => multiaddr(text).bytes);
  let taken = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = (samples[round % samples.length] ?? new Uint8Array()).slice(
      0,
      random.chance(0.3) ? random.integer(20) : 99,
    );
    bytes[random.integer(bytes.length)] = random.integer(256);
    const address = parsed(bytes);
    if (address === undefined) continue;
    isTakenFromStrangers(address);
    subnetOf(address);
    const direct = directAddress(address);
    if (direct === undefined) continue;
    taken += 1;
    assert.ok(multiaddr(direct.way.toString()).equals(direct.way), direct.way.toString());
  }
  assert.ok(taken > 1_000, `${taken}`);
});

function parsed(bytes: Uint8Array): Multiaddr | undefined {
  try {
    return multiaddr(bytes);
  } catch {
    return undefined;
  }
}

addresses.run();
