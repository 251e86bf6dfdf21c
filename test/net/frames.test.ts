// The parts of the switch that need no hosts: what it reads in packets, and what links do to them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../sim/random.ts';
import { destination, writeChecksum } from './frames.ts';
import { GOOD_LINK, Queue } from './links.ts';

/** A SYN of a Linux host as it stood on a wire, checksums and all, in a frame for the host numbered 2. */
const SYN = Buffer.from(
  '0800000000000100' +
    '0200000000020200000000010800' +
    '4500003c1c4640004006b1e6ac100a63ac100a0c' +
    'd4310050000000010000000050020200' +
    '00000000' +
    '0204055c',
  'hex',
);

const switching = suite('the switch between hosts');

switching('hosts are known by the last byte of their hardware address; what is not IPv4 has no destination', () => {
  assert.is(destination(SYN), 2);
  const other = Buffer.from(SYN);
  other.writeUInt16BE(0x86dd, 20);
  assert.is(destination(other), undefined);
  assert.is(destination(SYN.subarray(0, 30)), undefined);
});

switching('a checksum is right: with it the segment sums up to nothing but ones, whatever stood there before', () => {
  for (const length of [44, 45]) {
    const packet = Buffer.concat([SYN.subarray(0, 62), Buffer.from([1, 2, 3, 4, 5])]);
    packet.writeUInt16BE(length, 24);
    writeChecksum(packet);
    assert.is(segmentSum(packet, length), 0xffff);
    const again = Buffer.from(packet);
    again.writeUInt16BE(0x1234, 58);
    writeChecksum(again);
    assert.equal(again, packet);
  }
});

switching('UDP goes without one', () => {
  const packet = Buffer.from(SYN);
  packet[31] = 17;
  packet.writeUInt16BE(44, 24);
  packet.writeUInt16BE(0x1234, 48);
  writeChecksum(packet);
  assert.is(packet.readUInt16BE(48), 0);
});

switching('a packet that is shorter than it says is left alone', () => {
  const packet = Buffer.from(SYN.subarray(0, 50));
  writeChecksum(packet);
  assert.equal(packet, SYN.subarray(0, 50));
});

switching('links lose the part that they should, delay within their jitter, and keep the order', () => {
  const random = new Random(7);
  const link = { ...GOOD_LINK, loss: 0.02, delay: 100, jitter: 25 };
  const queue = new Queue<number>();
  const arrivals = Array.from({ length: 20_000 }, (_, at) => ({
    at: at * 60,
    arrival: queue.add(at, link, at * 60, random),
  }));
  const lost = arrivals.filter(({ arrival }) => arrival === undefined).length;
  assert.ok(lost > 300 && lost < 500, `${lost} of 20,000 lost`);
  const arrived = arrivals.flatMap(({ at, arrival }) =>
    arrival === undefined ? [] : [{ took: arrival - at, arrival }],
  );
  assert.ok(arrived.every(({ took }) => took >= 75 && took <= 125));
  assert.ok(arrived.every(({ arrival }, index) => index === 0 || arrival >= (arrived[index - 1]?.arrival ?? 0)));
});

switching('packets leave in the order in which they came, whichever timer is first', () => {
  const random = new Random(7);
  const far = { ...GOOD_LINK, delay: 100, jitter: 25 };
  const queue = new Queue<string>();
  const first = queue.add('first', far, 0, random) ?? 0;
  const second = queue.add('second', far, 0.5, random) ?? 0;
  // without delay from now on
  assert.is(queue.add('third', GOOD_LINK, 1, random), second);
  assert.equal(queue.take(first - 0.1), []);
  assert.equal(queue.take(second), ['first', 'second', 'third']);
  assert.equal(queue.take(first), []);
  assert.is(queue.length, 0);
});

switching('nothing passes a link that is cut, and a good one takes no time', () => {
  const queue = new Queue<string>();
  assert.is(queue.add('packet', { ...GOOD_LINK, cut: true }, 5, new Random(1)), undefined);
  assert.is(queue.add('packet', GOOD_LINK, 5, new Random(1)), 5);
});

/** Of the pseudo header and the segment of an IPv4 packet of so many bytes. */
function segmentSum(packet: Buffer, length: number): number {
  const words = Buffer.concat([
    packet.subarray(34, 42),
    Buffer.from([0, 6, 0, length - 20]),
    packet.subarray(42, 22 + length),
  ]);
  const even = words.length % 2 === 0 ? words : Buffer.concat([words, Buffer.alloc(1)]);
  let total = 0;
  for (let at = 0; at < even.length; at += 2) total += even.readUInt16BE(at);
  return (total & 0xffff) + (total >>> 16);
}

switching.run();
