import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Network, Verdict } from '../../src/network/network.ts';
import { equalBytes } from '../../src/primitives/bytes.ts';
import { MAX_GOSSIP_BYTES } from '../../src/primitives/wire.ts';
import {
  type Arrival,
  addressOf,
  connected,
  eventually,
  startMesh,
  startNode,
  stopAll,
  type TestNode,
} from './harness.ts';

const gossip = suite('network: gossip');

const TOPICS = ['tx', 'block', 'vote'] as const;

function publish(network: Network, topic: Arrival['topic'], bytes: Uint8Array): Promise<void> {
  if (topic === 'tx') return network.publishTransactions(bytes);
  return topic === 'block' ? network.publishProposal(bytes) : network.publishVote(bytes);
}

function message(bytes = 200): Uint8Array {
  return Uint8Array.from(randomBytes(bytes));
}

function has(node: TestNode, topic: Arrival['topic'], bytes: Uint8Array): boolean {
  return node.arrivals.some((arrival) => arrival.topic === topic && equalBytes(arrival.bytes, bytes));
}

/** Three nodes in a line: the ends know only the middle one. */
async function startLine(judgeInTheMiddle: () => Verdict): Promise<[TestNode, TestNode, TestNode]> {
  const middle = await startNode(2, { judge: judgeInTheMiddle });
  const first = await startNode(1, { peers: [addressOf(middle)] });
  const last = await startNode(3, { peers: [addressOf(middle)] });
  await Promise.all([connected(first, 1), connected(middle, 2), connected(last, 1)]);
  return [first, middle, last];
}

gossip('every topic reaches all of four nodes, from each of them', async () => {
  const nodes = await startMesh(4);
  try {
    for (const sender of nodes) {
      for (const topic of TOPICS) {
        const bytes = message(topic === 'vote' ? 200 : 50_000);
        await publish(sender.network, topic, bytes);
        const others = nodes.filter((node) => node !== sender);
        await eventually(() => others.every((node) => has(node, topic, bytes)), `${topic} at all nodes`);
        for (const node of others) {
          assert.is(node.arrivals.filter((arrival) => equalBytes(arrival.bytes, bytes)).length, 1, 'handled once');
        }
        assert.not(has(sender, topic, bytes), 'the sender does not hear itself');
      }
    }
  } finally {
    await stopAll(nodes);
  }
});

gossip('the first message after connecting arrives, in both directions and on every topic', async () => {
  for (const topic of TOPICS) {
    const a = await startNode(1);
    const fromA = message();
    const fromB = message();
    a.network.on('peer:connected', () => void publish(a.network, topic, fromA));
    const b = await startNode(2, { peers: [addressOf(a)] });
    b.network.on('peer:connected', () => void publish(b.network, topic, fromB));
    try {
      await eventually(() => has(b, topic, fromA) && has(a, topic, fromB), `first ${topic} messages`, 3_000);
    } finally {
      await stopAll([a, b]);
    }
  }
});

gossip('what is accepted is forwarded; what is ignored or rejected is not', async () => {
  let verdict: Verdict = 'accept';
  const [first, middle, last] = await startLine(() => verdict);
  try {
    for (const topic of TOPICS) {
      const expected = new Map<Verdict, Uint8Array>();
      for (verdict of ['reject', 'ignore', 'accept'] as const) {
        const bytes = message();
        expected.set(verdict, bytes);
        await publish(first.network, topic, bytes);
        await eventually(() => has(middle, topic, bytes), `${topic} in the middle`);
      }
      await eventually(() => has(last, topic, expected.get('accept') ?? message()), `accepted ${topic} at the end`);
      assert.not(has(last, topic, expected.get('reject') ?? message()));
      assert.not(has(last, topic, expected.get('ignore') ?? message()));
    }
  } finally {
    await stopAll([first, middle, last]);
  }
});

gossip('a handler that fails is logged and its message dropped', async () => {
  const [a, b] = await startMesh(2, {
    judge: () => {
      throw new Error('handler broke');
    },
  });
  if (a === undefined || b === undefined) throw new Error('no mesh');
  try {
    await a.network.publishVote(message());
    await eventually(() => b.log.some((line) => line.includes('handler broke')), 'log of the failure');
    assert.is(b.network.peers().length, 1);
    assert.is(b.network.peers()[0]?.score, 0);
  } finally {
    await stopAll([a, b]);
  }
});

gossip('rejected messages score down and at last disconnect; the peer stays out for a while', async () => {
  const judge = ({ bytes }: Arrival): Verdict => (bytes[0] === 0xff ? 'reject' : 'accept');
  const victim = await startNode(1, { judge });
  const sender = await startNode(2, { peers: [addressOf(victim)] });
  try {
    await Promise.all([connected(victim, 1), connected(sender, 1)]);
    const bad = () => Uint8Array.of(0xff, ...message(100));
    await sender.network.publishVote(bad());
    await eventually(() => (victim.network.peers()[0]?.score ?? 0) < 0, 'a lower score');
    for (let i = 0; i < 20; i++) await sender.network.publishVote(bad());
    await eventually(() => victim.network.peers().length === 0, 'disconnection');
    assert.ok(victim.log.some((line) => line.includes('too many offences')));
    await eventually(() => sender.log.some((line) => line.includes('closed before the handshake')), 'a refused dial');
    assert.is(victim.network.peers().length, 0);
  } finally {
    await stopAll([victim, sender]);
  }
});

gossip('a message sent again after the re-send interval arrives again; before it, it does not', async () => {
  const resendInterval = 400;
  const [a, b] = await startMesh(2, { resendInterval });
  if (a === undefined || b === undefined) throw new Error('no mesh');
  const bytes = message();
  const count = () => b.arrivals.filter((arrival) => equalBytes(arrival.bytes, bytes)).length;
  try {
    await a.network.publishVote(bytes);
    await a.network.publishVote(bytes);
    await eventually(() => count() === 1, 'the first time');
    await new Promise((resolve) => setTimeout(resolve, resendInterval));
    await a.network.publishVote(bytes);
    await eventually(() => count() === 2, 'the second time');
  } finally {
    await stopAll([a, b]);
  }
});

gossip('the bytes of a vote on another topic do not stand in the way of the vote', async () => {
  const [first, middle, last] = await startLine(() => 'accept');
  try {
    const bytes = message();
    await first.network.publishTransactions(bytes);
    await first.network.publishVote(bytes);
    await eventually(() => has(last, 'vote', bytes) && has(last, 'tx', bytes), 'both at the end of the line');
  } finally {
    await stopAll([first, middle, last]);
  }
});

gossip('a message of a megabyte arrives; one past the bound is not sent', async () => {
  const [a, b] = await startMesh(2);
  if (a === undefined || b === undefined) throw new Error('no mesh');
  try {
    const block = message(1024 * 1024);
    await a.network.publishProposal(block);
    await eventually(() => has(b, 'block', block), 'the block');
    for (const [topic, size] of [
      ['tx', MAX_GOSSIP_BYTES + 1],
      ['block', MAX_GOSSIP_BYTES + 1],
      ['vote', 70_000],
    ] as const) {
      try {
        await publish(a.network, topic, new Uint8Array(size));
        assert.unreachable();
      } catch (error) {
        assert.is((error as { code?: string }).code, 'TOO_LARGE');
      }
    }
  } finally {
    await stopAll([a, b]);
  }
});

gossip.run();
