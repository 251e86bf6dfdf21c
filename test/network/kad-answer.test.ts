// An answer of the DHT on its way to the library: put together, and cut to twenty peers of each kind.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KadAnswer, withFewPeers } from '../../src/network/kad-answer.ts';
import { concatBytes, utf8 } from '../../src/primitives/bytes.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';

const kadAnswer = suite('network: kad answer');

const FIND_NODE = Uint8Array.of(0x08, 4);
const KEY = Uint8Array.of(0x12, 3, 1, 2, 3);
const MAX_BYTES = 4_096;

function closer(number: number): Uint8Array {
  const name = utf8(`peer ${number}`);
  return concatBytes(Uint8Array.of(0x42, name.length), name);
}

function provider(number: number): Uint8Array {
  return concatBytes(Uint8Array.of(0x4a), closer(number).subarray(1));
}

function list(count: number, form: (number: number) => Uint8Array): Uint8Array {
  return concatBytes(...Array.from({ length: count }, (_, number) => form(number)));
}

kadAnswer('the first twenty of each kind stay, in their order, and everything else', () => {
  const few = concatBytes(FIND_NODE, list(20, closer), KEY, list(20, provider));
  assert.equal(withFewPeers(few), few);
  const later = concatBytes(closer(100), provider(100), Uint8Array.of(0x50, 0x80, 0x01));
  const many = concatBytes(FIND_NODE, list(20, closer), closer(20), KEY, list(20, provider), provider(20), later);
  assert.equal(withFewPeers(many), concatBytes(few, Uint8Array.of(0x50, 0x80, 0x01)));
  assert.equal(withFewPeers(new Uint8Array()), new Uint8Array());
});

kadAnswer('peers are counted however the message hides them, or it is none', () => {
  const none = [
    // field 8 said to be a number, which the library reads as a peer all the same
    Uint8Array.of(0x40, 0x02, 1, 2),
    Uint8Array.of(0x48, 0x02, 1, 2),
    Uint8Array.of(0x45, 1, 2, 3, 4),
    // field 8 with a longer tag than it needs
    Uint8Array.of(0xc2, 0x80, 0x00, 1, 0),
    // in a group
    concatBytes(Uint8Array.of(0x7b), closer(1), Uint8Array.of(0x7c)),
    Uint8Array.of(0x7d, 1, 2, 3, 4),
    // cut short
    closer(1).subarray(0, 4),
    Uint8Array.of(0x42),
    Uint8Array.of(0x08),
    Uint8Array.of(0x08, 0x80),
    concatBytes(Uint8Array.of(0x08), new Uint8Array(12).fill(0x80)),
  ];
  for (const bytes of none) {
    assert.throws(
      () => withFewPeers(concatBytes(FIND_NODE, bytes)),
      (error: Error) => error instanceof RangeError,
      Buffer.from(bytes).toString('hex'),
    );
  }
});

kadAnswer('it is given once it is whole, in whatever pieces it comes, and nothing after it', () => {
  const message = concatBytes(FIND_NODE, list(30, closer));
  const cut = encodeFrame(concatBytes(FIND_NODE, list(20, closer)));
  const frame = encodeFrame(message);
  for (const size of [1, 2, 7, 100, frame.length]) {
    const answer = new KadAnswer(MAX_BYTES);
    const given: (Uint8Array | undefined)[] = [];
    const all = concatBytes(frame, frame);
    for (let at = 0; at < all.length; at += size) given.push(answer.add(all.subarray(at, at + size)));
    const whole = given.filter((bytes) => bytes !== undefined);
    assert.equal(whole, [cut]);
    assert.is(
      given.findIndex((bytes) => bytes !== undefined),
      Math.ceil(frame.length / size) - 1,
    );
  }
  assert.equal(new KadAnswer(MAX_BYTES).add(Uint8Array.of(0)), Uint8Array.of(0), 'an empty one');
});

kadAnswer('one that is too long is refused by what it says of itself', () => {
  const start = encodeFrame(new Uint8Array(MAX_BYTES + 1)).subarray(0, 2);
  assert.throws(() => new KadAnswer(MAX_BYTES).add(start), /at most 4096/);
  assert.throws(() => new KadAnswer(MAX_BYTES).add(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)), /28 bits/);
});

kadAnswer.run();
