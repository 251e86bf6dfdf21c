// How often a receiver tells the sender that it may send more: seldom, and still often enough for any amount of data.

import '../../src/polyfills.ts';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import type { Libp2p, Stream, StreamMuxerFactory } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { createLibp2p } from 'libp2p';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ENOUGH_BYTES, ENOUGH_STREAMS, fewWindowUpdates } from '../../src/network/window-updates.ts';
import { eventually, startNode } from './harness.ts';
import { HostilePeer } from './hostile-peer.ts';

const updates = suite('network: window updates');

const PROTOCOL = '/test/1';
const WINDOW_BYTES = 256 * 1024;
const DATA = 0;
const UPDATE = 1;

type CreateMuxer = (components: unknown) => StreamMuxerFactory;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly length: number;
}

const library: CreateMuxer = yamux({ streamOptions: { maxStreamWindowSize: WINDOW_BYTES } });
const ours = fewWindowUpdates(library);

/** @param bytes begin with a frame; what is no whole header at the end is left out. */
function framesOf(bytes: Uint8Array): Frame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: Frame[] = [];
  for (let at = 0; at + 12 <= bytes.length; ) {
    const [type, flags] = [view.getUint8(at + 1), view.getUint16(at + 2)];
    const [stream, length] = [view.getUint32(at + 4), view.getUint32(at + 8)];
    frames.push({ type, flags, stream, length });
    at += 12 + (type === DATA ? length : 0);
  }
  return frames;
}

function recording(create: CreateMuxer, { sent = [] as Frame[], received = [] as Frame[] }): CreateMuxer {
  return (components) => {
    const factory = create(components);
    return {
      protocol: factory.protocol,
      createStreamMuxer: (connection) => {
        const send = connection.send.bind(connection);
        connection.send = (data) => {
          sent.push(...framesOf(data.subarray()));
          return send(data);
        };
        connection.addEventListener('message', ({ data }) => received.push(...framesOf(data.subarray())));
        return factory.createStreamMuxer(connection);
      },
    };
  };
}

/** Those that only say how much more may come. */
function plainUpdates(frames: readonly Frame[]): Frame[] {
  return frames.filter(({ type, flags }) => type === UPDATE && flags === 0);
}

const bytesOf = (frames: readonly Frame[]) => frames.reduce((sum, { length }) => sum + length, 0);

function startHost(muxer: CreateMuxer): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [muxer],
    connectionMonitor: { enabled: false },
  });
}

interface Pair {
  /** what the receiver's muxer has sent */
  readonly sent: Frame[];
  readonly open: () => Promise<Stream>;
}

/** @param receive what the receiver does with each stream that the sender opens. */
async function withPair(
  muxers: { readonly sender: CreateMuxer; readonly receiver: CreateMuxer },
  receive: (stream: Stream) => void,
  act: (pair: Pair) => Promise<void>,
): Promise<void> {
  const sent: Frame[] = [];
  const sender = await startHost(muxers.sender);
  const receiver = await startHost(recording(muxers.receiver, { sent }));
  try {
    await receiver.handle(PROTOCOL, receive);
    await act({ sent, open: () => sender.dialProtocol(receiver.getMultiaddrs(), PROTOCOL) });
  } finally {
    await Promise.all([sender.stop(), receiver.stop()]);
  }
}

/** Bytes that have come, whatever stream they came on. */
class Counter {
  bytes = 0;

  readonly read = (stream: Stream) => {
    stream.addEventListener('message', ({ data }) => {
      this.bytes += data.byteLength;
    });
  };

  async arrived(bytes: number): Promise<void> {
    await eventually(() => this.bytes >= bytes, `${bytes} bytes`, 20_000);
  }
}

for (const [name, sender] of [
  ['of its own kind', ours],
  ['without it', library],
] as const) {
  updates(`many windows of data come from a peer ${name}, over a stream on which nothing goes back`, async () => {
    const TOTAL_BYTES = 32 * WINDOW_BYTES;
    const counter = new Counter();
    await withPair({ sender, receiver: ours }, counter.read, async ({ sent, open }) => {
      const stream = await open();
      const before = sent.length;
      stream.send(new Uint8Array(TOTAL_BYTES));
      await counter.arrived(TOTAL_BYTES);
      const told = plainUpdates(sent.slice(before));
      assert.ok(told.every(({ length }) => length >= ENOUGH_BYTES));
      const untold = TOTAL_BYTES - bytesOf(told);
      assert.ok(untold >= 0 && untold < ENOUGH_BYTES, `${untold} of ${TOTAL_BYTES} bytes`);
    });
  });
}

for (const isAnswered of [false, true]) {
  updates(`messages that are ${isAnswered ? '' : 'not '}answered cost few frames beside them`, async () => {
    const MESSAGES = 60;
    const MESSAGE_BYTES = 3_000;
    const counts: number[] = [];
    for (const receiver of [library, ours]) {
      const counter = new Counter();
      const answer = (stream: Stream) => {
        stream.addEventListener('message', () => {
          if (isAnswered) stream.send(new Uint8Array(1));
        });
        counter.read(stream);
      };
      await withPair({ sender: ours, receiver }, answer, async ({ sent, open }) => {
        const stream = await open();
        const before = sent.length;
        for (let number = 1; number <= MESSAGES; number++) {
          stream.send(new Uint8Array(MESSAGE_BYTES));
          await counter.arrived(number * MESSAGE_BYTES);
        }
        counts.push(plainUpdates(sent.slice(before)).length);
      });
    }
    const needed = Math.floor((MESSAGES * MESSAGE_BYTES) / ENOUGH_BYTES);
    assert.ok((counts[0] as number) >= MESSAGES / 2, `${counts[0]} by the library alone`);
    assert.ok((counts[1] as number) <= needed, `${counts[1]}, ${needed} needed`);
  });
}

updates('a sender whose reader stands still is held back, and goes on with it', async () => {
  const TOTAL_BYTES = 8 * WINDOW_BYTES;
  const counter = new Counter();
  const streams: Stream[] = [];
  const stand = (stream: Stream) => {
    streams.push(stream);
    stream.pause();
    counter.read(stream);
  };
  await withPair({ sender: ours, receiver: ours }, stand, async ({ sent, open }) => {
    const stream = await open();
    assert.not(stream.send(new Uint8Array(TOTAL_BYTES)));
    const reader = streams[0] as Stream;
    const waiting = () => stream.writeBufferLength + reader.readBufferLength === TOTAL_BYTES;
    await eventually(() => waiting() && reader.readBufferLength > 0, 'all that may come has come');
    assert.ok(reader.readBufferLength <= WINDOW_BYTES, `${reader.readBufferLength} bytes`);
    assert.equal(
      plainUpdates(sent).filter(({ stream }) => String(stream) === reader.id),
      [],
    );
    reader.resume();
    await counter.arrived(TOTAL_BYTES);
  });
});

updates('of streams that have ended little is left, however many there were', async () => {
  const STREAMS = 2 * ENOUGH_STREAMS;
  const counter = new Counter();
  const streams: Stream[] = [];
  const receive = (stream: Stream) => {
    streams.push(stream);
    counter.read(stream);
  };
  await withPair({ sender: ours, receiver: ours }, receive, async ({ sent, open }) => {
    for (let number = 1; number <= STREAMS; number++) {
      const stream = await open();
      stream.send(new Uint8Array(10));
      await counter.arrived(20 * number - 10);
      stream.send(new Uint8Array(10));
      await counter.arrived(20 * number);
      stream.abort(new Error('enough'));
      await eventually(() => streams.at(-1)?.status === 'reset', 'the end of the stream');
    }
    const told = new Set(plainUpdates(sent).map(({ stream }) => stream));
    const left = streams.filter(({ id }) => !told.has(Number(id))).length;
    assert.ok(left < ENOUGH_STREAMS, `${left} of ${STREAMS}`);
    // the sender passes over what it was told of streams that are no more
    const last = await open();
    last.send(new Uint8Array(10));
    await counter.arrived(20 * STREAMS + 10);
  });
});

updates('a node does so: votes that it only hears cost no frames', async () => {
  const VOTES = 50;
  const received: Frame[] = [];
  const node = await startNode(1, { judge: () => 'ignore' });
  const peer = await HostilePeer.start(undefined, { muxer: recording(yamux(), { received }) });
  try {
    await peer.connect(node);
    await eventually(
      () => peer.host.services.pubsub.getSubscribers(peer.names.topic('vote')).length === 1,
      'a listener',
    );
    const before = received.length;
    for (let number = 1; number <= VOTES; number++) {
      await peer.publish('vote', Uint8Array.of(1, number));
      await eventually(() => node.arrivals.length === number, 'the vote');
    }
    const told = plainUpdates(received.slice(before)).length;
    assert.ok(told < VOTES / 4, `${told} frames for ${VOTES} votes`);
  } finally {
    await Promise.all([peer.stop(), node.stop()]);
  }
});

updates.run();
