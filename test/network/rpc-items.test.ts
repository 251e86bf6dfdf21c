// What a stream of gossip asks for, counted in the library's own encoding, in whatever pieces it comes.

import { RPC } from '@chainsafe/libp2p-gossipsub/message';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RpcItems } from '../../src/network/rpc-items.ts';
import { concatBytes } from '../../src/primitives/bytes.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';

const items = suite('network: items of gossip');

const message = (bytes: number) => ({ topic: '/aitbc/00000000/vote/1', data: new Uint8Array(bytes).fill(0xff) });
const control = {
  ihave: [{ topicID: 'a', messageIDs: [new Uint8Array(20)] }],
  iwant: [],
  graft: [],
  prune: [],
  idontwant: [],
};

const RPCS: readonly [bytes: Uint8Array, items: number][] = [
  [RPC.encode({ subscriptions: [], messages: [message(1)] }), 2],
  [RPC.encode({ subscriptions: [], messages: [] }), 1],
  [RPC.encode({ subscriptions: [{ subscribe: true, topic: 'a' }], messages: [message(200), message(0)], control }), 5],
  [RPC.encode({ subscriptions: [], messages: Array.from({ length: 300 }, () => message(3)) }), 301],
  [RPC.encode({ subscriptions: [], messages: [message(100_000)] }), 2],
];
const STREAM = concatBytes(...RPCS.map(([bytes]) => encodeFrame(bytes)));
const ALL = RPCS.reduce((sum, [, count]) => sum + count, 0);

items('every RPC, message, subscription and group of control messages is one, however they are cut', () => {
  assert.ok(STREAM.length > 100_000);
  for (const size of [1, 2, 3, 7, 64, 1_000, 65_536, STREAM.length]) {
    const counter = new RpcItems();
    let count = 0;
    for (let from = 0; from < STREAM.length; from += size) count += counter.count(STREAM.subarray(from, from + size));
    assert.is(count, ALL, `pieces of ${size}`);
  }
});

items('what can not be decoded is passed over up to the next RPC', () => {
  const good = encodeFrame(RPC.encode({ subscriptions: [], messages: [message(5)] }));
  const bad: readonly [bytes: Uint8Array, items: number][] = [
    [Uint8Array.of(0x13, 1, 2, 3), 2], // a wire type that begins a group
    [Uint8Array.of(0x17, 1, 2, 3), 2], // a wire type that is none
    [Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0x7f, 1), 2], // a field longer than its RPC
    [new Uint8Array(1_000).fill(0x80), 1], // a number without end
    [Uint8Array.of(0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x0d, 1, 2, 3, 4, 0x08, 0x80, 0x01), 4], // fields of unknown use
  ];
  for (const [bytes, count] of bad) {
    const counter = new RpcItems();
    assert.is(counter.count(encodeFrame(bytes)), count);
    assert.is(counter.count(good), 2);
  }
});

items.run();
