// What the switch does where a router is on the way, without hosts: which packets pass, and what is written in them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { destination, type Endpoint, flowOf, TCP, UDP } from './frames.ts';
import { type Site, Wires } from './wires.ts';

const SITES: readonly Site[] = [
  { kind: 'public', address: '31.1.1.1' },
  { kind: 'public', address: '41.1.1.1' },
  { kind: 'router', address: '192.168.1.1', outside: '84.10.1.1' },
  { kind: 'home', address: '192.168.1.2', router: 2 },
  { kind: 'home', address: '192.168.1.3', router: 2 },
  { kind: 'router', address: '192.168.1.1', outside: '95.10.1.1' },
  { kind: 'home', address: '192.168.1.2', router: 5 },
];
const [SERVER, OTHER, ROUTER, INSIDE, BESIDE, FAR_ROUTER, FAR_INSIDE] = [1, 2, 3, 4, 5, 6, 7] as const;
const server = end('31.1.1.1:9000');
const inside = end('192.168.1.2:9000');
const outside = end('84.10.1.1:9000');

const routers = suite('a router on the way');

routers('what leaves a home carries the public address and the same port, and the answer comes in', () => {
  for (const protocol of [TCP, UDP]) {
    const wires = new Wires(SITES);
    const question = packetOf(protocol, inside, server, ROUTER);
    assert.is(wires.route(question, INSIDE), SERVER);
    assert.is(destination(question), SERVER);
    assert.equal(flowOf(question), { protocol, from: outside, to: server });
    assert.ok(hasRightHeader(question));
    const answer = packetOf(protocol, server, outside, ROUTER);
    assert.is(wires.route(answer, SERVER), INSIDE);
    assert.is(destination(answer), INSIDE);
    assert.equal(flowOf(answer), { protocol, from: server, to: inside });
    assert.ok(hasRightHeader(answer));
  }
});

routers('nothing enters that nobody inside has asked for: neither of strangers, nor from another port', () => {
  const wires = new Wires(SITES);
  assert.is(wires.route(packetOf(TCP, server, outside, ROUTER), SERVER), undefined);
  wires.route(packetOf(TCP, inside, server, ROUTER), INSIDE);
  assert.is(wires.route(packetOf(TCP, end('41.1.1.1:9000'), outside, ROUTER), OTHER), undefined);
  assert.is(wires.route(packetOf(TCP, end('31.1.1.1:9001'), outside, ROUTER), SERVER), undefined);
  assert.is(wires.route(packetOf(UDP, server, outside, ROUTER), SERVER), undefined);
  assert.is(wires.route(packetOf(TCP, server, inside, INSIDE), SERVER), undefined, 'private addresses lead nowhere');
});

routers('a port stands for the same end inside whomever it talks to, and no two ends share one', () => {
  const wires = new Wires(SITES);
  const ports = [
    [inside, INSIDE, server],
    [inside, INSIDE, end('41.1.1.1:80')],
    [end('192.168.1.3:9000'), BESIDE, server],
    [end('192.168.1.3:9000'), BESIDE, end('41.1.1.1:80')],
  ] as const;
  const seen = ports.map(([from, host, to]) => {
    const packet = packetOf(TCP, from, to, ROUTER);
    wires.route(packet, host);
    return flowOf(packet)?.from.port;
  });
  assert.equal(seen, [9000, 9000, 9001, 9001]);
});

routers('two behind routers meet when both send: the first packet is lost, and opens the way for the other', () => {
  const wires = new Wires(SITES);
  const [here, there] = [end('84.10.1.1:9000'), end('95.10.1.1:9000')];
  const first = packetOf(TCP, inside, there, ROUTER);
  assert.is(wires.route(first, INSIDE), undefined);
  const second = packetOf(TCP, inside, here, FAR_ROUTER);
  assert.is(wires.route(second, FAR_INSIDE), INSIDE);
  assert.equal(flowOf(second), { protocol: TCP, from: there, to: inside });
  assert.is(wires.route(packetOf(TCP, inside, there, ROUTER), INSIDE), FAR_INSIDE);
});

routers('a port that was asked for passes everybody on, and answers leave from it, until it is given back', () => {
  const wires = new Wires(SITES);
  const door = { address: '84.10.1.1', port: 9123 };
  wires.setForwards({ [ROUTER]: [{ protocol: TCP, port: 9123, to: inside }] });
  const stranger = packetOf(TCP, end('41.1.1.1:5000'), door, ROUTER);
  assert.is(wires.route(stranger, OTHER), INSIDE);
  assert.equal(flowOf(stranger)?.to, inside);
  const answer = packetOf(TCP, inside, end('41.1.1.1:5000'), ROUTER);
  assert.is(wires.route(answer, INSIDE), OTHER);
  assert.equal(flowOf(answer)?.from, door);
  wires.setForwards({});
  assert.is(wires.route(packetOf(TCP, end('41.1.1.1:5001'), door, ROUTER), OTHER), undefined);
});

routers('at home: the router answers at its address inside and hears calls to all, others hear nothing', () => {
  const wires = new Wires(SITES);
  assert.is(wires.route(packetOf(TCP, inside, end('192.168.1.1:80'), ROUTER), INSIDE), ROUTER);
  assert.is(wires.route(packetOf(UDP, inside, end('239.255.255.250:1900'), 250), INSIDE), ROUTER);
  assert.is(wires.route(packetOf(UDP, end('192.168.1.1:1900'), inside, INSIDE), ROUTER), INSIDE);
  assert.is(wires.route(packetOf(UDP, end('192.168.1.1:1900'), inside, FAR_INSIDE), ROUTER), undefined);
  assert.is(wires.route(packetOf(TCP, inside, outside, ROUTER), INSIDE), undefined, 'it turns no packets round');
  assert.is(wires.route(packetOf(UDP, server, end('239.255.255.250:1900'), 250), SERVER), undefined);
});

routers('what has no ports stays at home', () => {
  const wires = new Wires(SITES);
  assert.is(wires.route(packetOf(1, inside, server, ROUTER), INSIDE), undefined);
  const piece = packetOf(UDP, inside, server, ROUTER);
  piece.writeUInt16BE(0x2000, 28);
  assert.is(wires.route(piece, INSIDE), undefined);
});

function end(text: string): Endpoint {
  const [address = '', port] = text.split(':');
  return { address, port: Number(port) };
}

/** In a frame for the host numbered `host`; 20 bytes of TCP, or 8 and 12 of UDP. The header says that its checksum is 0. */
function packetOf(protocol: number, from: Endpoint, to: Endpoint, host: number): Buffer {
  const packet = Buffer.alloc(8 + 14 + 20 + 20);
  packet.set([2, 0, 0, 0, 0, host], 8);
  packet.writeUInt16BE(0x0800, 20);
  packet[22] = 0x45;
  packet.writeUInt16BE(40, 24);
  packet[31] = protocol;
  packet.set(from.address.split('.').map(Number), 34);
  packet.set(to.address.split('.').map(Number), 38);
  packet.writeUInt16BE(from.port, 42);
  packet.writeUInt16BE(to.port, 44);
  return packet;
}

/** A header of IPv4 sums up to nothing but ones. */
function hasRightHeader(packet: Buffer): boolean {
  let total = 0;
  for (let at = 22; at < 42; at += 2) total += packet.readUInt16BE(at);
  return (total & 0xffff) + (total >>> 16) === 0xffff;
}

routers.run();
