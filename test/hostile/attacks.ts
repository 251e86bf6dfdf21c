// What a hostile peer does to those it meets, one harm to a name: hostile.bench.ts measures what each costs.

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SerializedList } from '@chainsafe/ssz';
import type { Stream } from '@libp2p/interface';
import { GOSSIP_TOPICS, type GossipTopic, MAX_MESSAGE_BYTES, REQUEST_PROTOCOLS } from '../../src/network/protocols.ts';
import { CompactProposal } from '../../src/primitives/block.ts';
import { FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';
import { SignedTransaction } from '../../src/primitives/transaction.ts';
import { BlocksRequest, GossipProposal, GossipVote, TransactionBatch } from '../../src/primitives/wire.ts';
import { eventually } from '../e2e/harness/wait.ts';
import { HostilePeer } from '../network/hostile-peer.ts';

export interface World {
  readonly genesisHash: Uint8Array;
  /** multiaddrs of those it goes for */
  readonly victims: readonly string[];
  /** where their consensus is */
  now(): Promise<{ readonly epoch: number; readonly slot: number }>;
  /** Dials those to whom there is no connection. */
  meet(peer: HostilePeer): Promise<void>;
}

export interface Attack {
  readonly forgetful?: boolean;
  /** before it meets anybody */
  prepare?(peer: HostilePeer, world: World): Promise<void>;
  /** again and again, while it is connected to any of them */
  round?(peer: HostilePeer, world: World): Promise<void>;
}

const random = (bytes: number) => Uint8Array.from(randomBytes(bytes));
/** Messages of one round, by their kind: what checks signatures first, and what is hardly read. */
const MANY = 200;
const FEW = 10;
/** Slots past the front one for which votes are taken, and for which they are not. */
const NEAR_SLOTS = 32;
const FAR_SLOTS = 1_000_000;
const CLAIMED_HEIGHT = 1_000_000;
const STREAMS = 5_000;
const STREAMS_AT_ONCE = 200;
const REQUESTS_AT_ONCE = 16;
const REMEMBERED_MESSAGES = 1_000;
const DRIP_MS = 1_000;

export const ATTACKS: Readonly<Record<string, Attack>> = {
  'junk on every topic': {
    round: (peer) => onEveryTopic(peer, () => random(100 + Math.floor(Math.random() * 900)), MANY),
  },
  'messages past the largest': {
    async round(peer) {
      for (const topic of GOSSIP_TOPICS) await publish(peer, topic, random(MAX_MESSAGE_BYTES[topic] + 1));
    },
  },
  'all it hears, again': {
    forgetful: true,
    async prepare(peer) {
      peer.host.services.pubsub.addEventListener('message', ({ detail: { topic, data } }) => {
        const name = GOSSIP_TOPICS.find((each) => peer.names.topic(each) === topic);
        if (name !== undefined && heard.length < REMEMBERED_MESSAGES) heard.push([name, data]);
      });
    },
    async round(peer) {
      for (const [topic, data] of heard) await publish(peer, topic, data);
    },
  },
  'votes and proposals of far slots': {
    round: (peer, world) => contradict(peer, world, FAR_SLOTS),
  },
  'bad signatures': {
    async round(peer, world) {
      await contradict(peer, world, NEAR_SLOTS);
      for (let n = 0; n < FEW; n++) await publish(peer, 'tx', forgedBatch());
    },
  },
  'streams without end': {
    async round(peer) {
      const protocols = [...REQUEST_PROTOCOLS.map((name) => peer.names.request(name)), '/no/such/protocol'];
      const open = (connection: { newStream(protocol: string, options: object): Promise<Stream> }, n: number) =>
        connection.newStream(protocols[n % protocols.length] as string, { maxOutboundStreams: STREAMS });
      await Promise.allSettled(
        peer.host
          .getConnections()
          .flatMap((connection) => Array.from({ length: STREAMS_AT_ONCE }, (_, n) => open(connection, n))),
      );
    },
  },
  'requests without end': {
    async round(peer) {
      const request = encodeFrame(BlocksRequest.serialize({ selector: 0, value: { from: 1, count: 128 } }));
      const ask = async (connection: { newStream(protocol: string, options: object): Promise<Stream> }) => {
        const stream = await connection.newStream(peer.names.request('blocks'), { maxOutboundStreams: STREAMS });
        stream.send(request);
        await stream.close();
        for await (const _ of stream);
      };
      const connections = peer.host.getConnections();
      await Promise.allSettled(
        connections.flatMap((connection) => Array.from({ length: REQUESTS_AT_ONCE }, () => ask(connection))),
      );
    },
  },
  'a false height, and another block than was asked for': {
    async prepare(peer, world) {
      await world.meet(peer);
      const block = await firstBlock(peer);
      await Promise.all(peer.host.getConnections().map((connection) => connection.close()));
      await claim(peer, world, async (stream) => {
        stream.send(block);
        await stream.close();
      });
    },
  },
  'a false height, and no answers': {
    prepare: (peer, world) => claim(peer, world, () => undefined),
  },
  'a false height, and a byte a second': {
    prepare: (peer, world) =>
      claim(peer, world, async (stream) => {
        for (const byte of encodeFrame(random(1_000))) {
          if (stream.status !== 'open') return;
          stream.send(Uint8Array.of(byte));
          await sleep(DRIP_MS);
        }
      }),
  },
  'junk, under a new peer id each time': {
    async round(_, world) {
      const another = await HostilePeer.start(world.genesisHash);
      try {
        await world.meet(another);
        while (another.host.getConnections().length > 0) await onEveryTopic(another, () => random(100), FEW);
      } finally {
        await another.stop();
      }
    },
  },
};

const heard: [GossipTopic, Uint8Array][] = [];

/** Nobody may be there, or take it. */
async function publish(peer: HostilePeer, topic: GossipTopic, bytes: Uint8Array): Promise<void> {
  await peer.publish(topic, bytes).catch(() => undefined);
}

async function onEveryTopic(peer: HostilePeer, make: () => Uint8Array, count: number): Promise<void> {
  for (let n = 0; n < count; n++) for (const topic of GOSSIP_TOPICS) await publish(peer, topic, make());
  await sleep(10);
}

/** Votes and proposals in the right form, signed by nobody, some for slots up to so many past the front one. */
async function contradict(peer: HostilePeer, world: World, slots: number): Promise<void> {
  const { epoch, slot: front } = await world.now();
  for (let n = 0; n < MANY; n++) {
    const slot = front + slots - (n % NEAR_SLOTS);
    const vote = { epoch, kind: n % 2 === 0 ? NOTAR : FINAL, slot, hash: random(32), member: n % 4 } as const;
    const message = { selector: 0, value: { ...vote, signature: random(64) } } as const;
    await publish(peer, 'vote', GossipVote.serialize({ attempt: 0, message }));
  }
  for (let n = 0; n < FEW; n++) {
    const slot = front + slots - n;
    const proposal = { ...CompactProposal.defaultValue(), epoch, slot, parentSlot: slot - 1, signature: random(64) };
    await publish(peer, 'block', GossipProposal.serialize({ attempt: 0, proposal }));
  }
}

function forgedBatch(): Uint8Array {
  const value = { to: random(20), amount: 1n, memo: new Uint8Array() };
  const transactions = Array.from({ length: 100 }, () => {
    const transaction = { sender: random(32), nonce: 0, fee: 100_000n, validUntil: 0, action: { selector: 0, value } };
    return SignedTransaction.serialize({ transaction, signature: random(64) } as SignedTransaction);
  });
  return TransactionBatch.serialize(SerializedList.fromArray(transactions));
}

/** Says to be far ahead, and answers all that it is asked in one way. */
async function claim(
  peer: HostilePeer,
  { genesisHash }: World,
  answer: (stream: Stream) => void | Promise<void>,
): Promise<void> {
  await peer.tellStatus({ genesisHash, oldestHeight: 1, finalizedHeight: CLAIMED_HEIGHT, finalizedHash: random(32) });
  for (const protocol of REQUEST_PROTOCOLS) if (protocol !== 'status') await peer.answer(protocol, answer);
}

/** @returns an answer with the first block of the chain, as somebody gives it; before the handshake nobody does. */
async function firstBlock(peer: HostilePeer): Promise<Uint8Array> {
  const request = encodeFrame(BlocksRequest.serialize({ selector: 0, value: { from: 1, count: 1 } }));
  return eventually('somebody gives a block', async () => {
    const stream = await peer.host.getConnections()[0]?.newStream(peer.names.request('blocks'));
    stream?.send(request);
    await stream?.close();
    const pieces: Uint8Array[] = [];
    for await (const piece of stream ?? []) pieces.push(piece.subarray());
    return pieces.length > 0 && Uint8Array.from(Buffer.concat(pieces));
  });
}
