import { randomBytes } from 'node:crypto';
import { ListCompositeType } from '@chainsafe/ssz';
import type { Stream } from '@libp2p/interface';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Verdict } from '../../src/network/network.ts';
import { REQUEST_PROTOCOLS } from '../../src/network/protocols.ts';
import { concatBytes } from '../../src/primitives/bytes.ts';
import { Vote } from '../../src/primitives/consensus.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';
import { SignedTransaction } from '../../src/primitives/transaction.ts';
import { CertificatesRequest, MAX_BATCH_TRANSACTIONS, VoteMessage } from '../../src/primitives/wire.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { type Arrival, addressOf, connected, eventually, startNode, stopAll, type TestNode } from './harness.ts';
import { HostilePeer, names } from './hostile-peer.ts';
import { sampleBlock, sampleTransaction } from './samples.ts';

const hostile = suite<{ unhandled: unknown[] }>('network: hostile peers', { unhandled: [] });

const remember = (reason: unknown) => {
  unhandled.push(reason);
};
const unhandled: unknown[] = [];
hostile.before(() => void process.on('unhandledRejection', remember));
hostile.after(() => void process.off('unhandledRejection', remember));
hostile.after.each(() => assert.equal(unhandled, []));

const never = new AbortController().signal;
const Batch = new ListCompositeType(SignedTransaction, MAX_BATCH_TRANSACTIONS);
const garbage = () => Uint8Array.from(randomBytes(100));

const closed = async (stream: Stream) => {
  await eventually(() => stream.status !== 'open', 'the victim to end the stream');
};

/** What may be sent in place of a request. */
const BAD_REQUESTS: readonly [name: string, send: (stream: Stream) => void | Promise<void>][] = [
  ['garbage', (stream) => void stream.send(encodeFrame(garbage()))],
  [
    'a truncated message',
    async (stream) => {
      stream.send(Uint8Array.of(20, 1, 2, 3));
      await stream.close();
    },
  ],
  ['an empty message', (stream) => void stream.send(Uint8Array.of(0))],
  ['the announcement of 2^28 − 1 bytes', (stream) => void stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0x7f))],
  ['a length without end', (stream) => void stream.send(new Uint8Array(10).fill(0x80))],
  ['a length in a long form', (stream) => void stream.send(Uint8Array.of(0x80, 0x00))],
  ['a megabyte', (stream) => void stream.send(new Uint8Array(1024 * 1024).fill(1))],
];

/** A victim with an honest peer and a hostile one. */
async function scene(
  test: (victim: TestNode, attacker: HostilePeer, honest: TestNode) => Promise<void>,
  judge: (arrival: Arrival) => Verdict = () => 'accept',
): Promise<void> {
  const victim = await startNode(1, { judge, serve: { transactions: async () => [sampleTransaction(1).bytes] } });
  const honest = await startNode(2, { peers: [addressOf(victim)] });
  const attacker = await HostilePeer.start();
  try {
    await attacker.connect(victim);
    await connected(victim, 2);
    await withTimeout(test(victim, attacker, honest), 8_000, 'the attack');
    // whatever was done, others are served and heard as before
    const found = await honest.network.requestTransactions(victim.network.peerId, [new Uint8Array(32)], never);
    assert.equal(found, [sampleTransaction(1).bytes]);
    const before = victim.arrivals.length;
    await honest.network.publishVote(garbage());
    await eventually(() => victim.arrivals.length > before, 'an honest vote');
    assert.is(victim.network.peers().find(({ id }) => id === honest.network.peerId)?.score, 0);
  } finally {
    await Promise.all([attacker.stop(), stopAll([victim, honest])]);
  }
}

const scoreOf = (victim: TestNode, peer: string) => victim.network.peers().find(({ id }) => id === peer)?.score;

for (const protocol of REQUEST_PROTOCOLS) {
  hostile(`bad requests on ${protocol}: the stream is reset, the peer pays, nobody else notices`, () =>
    scene(async (victim, attacker) => {
      let score = 0;
      for (const [name, send] of BAD_REQUESTS) {
        if (name === 'an empty message' && protocol === 'txs') continue; // an empty list of ids is decodable; see requests
        await closed(await attacker.on(victim, names.request(protocol), send));
        await eventually(() => (scoreOf(victim, attacker.id) ?? -1000) < score, `${name}: a lower score`);
        score = scoreOf(victim, attacker.id) ?? score;
      }
      assert.ok(victim.log.some((line) => line.includes(`"protocol":"${protocol}"`) && line.includes('TRUNCATED')));
      assert.ok(victim.log.some((line) => line.includes(`"protocol":"${protocol}"`) && line.includes('OVERSIZED')));
    }),
  );
}

hostile('addresses that are none, told with identify, harm nobody', async () => {
  const announce = ['/dns4/2001:db8::1%x/tcp/9000', '/dns4/2130706433/tcp/9000'];
  const victim = await startNode(1, { discovery: 'server' });
  const attacker = await HostilePeer.start(undefined, { announce });
  try {
    await attacker.connect(victim);
    await connected(victim, 1);
    assert.is(victim.network.knowledge.knownPeers, 0);
    const listens = () => attacker.host.services.pubsub.getSubscribers(names.topic('vote')).length > 0;
    await eventually(listens, 'the attacker to know that the victim listens');
    await attacker.publish('vote', garbage());
    await eventually(() => victim.arrivals.length === 1, 'the victim to go on');
  } finally {
    await Promise.all([attacker.stop(), victim.stop()]);
  }
});

hostile('a stream that ends before anything was said is no offence: whoever opened it has given up', () =>
  scene(async (victim, attacker) => {
    for (const protocol of REQUEST_PROTOCOLS) {
      await closed(await attacker.on(victim, names.request(protocol), (stream) => stream.close()));
      const ended = (line: string) => line.includes(`"protocol":"${protocol}"`) && line.includes('ended before');
      await eventually(() => victim.log.some(ended), `the end of a ${protocol} stream`);
    }
    assert.is(scoreOf(victim, attacker.id), 0);
  }),
);

hostile('more streams than a peer may open are reset, and half-open ones harm nobody', () =>
  scene(async (victim, attacker) => {
    const streams = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        attacker.on(victim, names.request('blocks'), (stream) => void stream.send(Uint8Array.of(9))),
      ),
    );
    const open = () =>
      streams.filter((result) => result.status === 'fulfilled' && result.value.status === 'open').length;
    await eventually(() => open() <= 4, 'the surplus to be reset');
  }),
);

hostile('whoever asks, resets and asks again has no more work done at once than others', async () => {
  const { promise: over, resolve: finish } = Promise.withResolvers<void>();
  let underway = 0;
  const certificates = async () => {
    underway += 1;
    await over;
    underway -= 1;
    return [];
  };
  const victim = await startNode(1, { serve: { certificates } });
  const attacker = await HostilePeer.start();
  const request = encodeFrame(CertificatesRequest.serialize({ epoch: 0, from: 0, to: 1 }));
  const ask = () =>
    attacker.on(victim, names.request('certs'), (stream) => {
      // it may have been refused already
      if (stream.writeStatus === 'writable') stream.send(request);
    });
  const refused = () => victim.log.filter((line) => line.includes('"code":"BUSY"')).length;
  try {
    await attacker.connect(victim);
    await connected(victim, 1);
    for (let asked = 1; asked <= 30; asked++) {
      const stream = await ask();
      await eventually(() => underway + refused() === asked, 'a request to come');
      stream.abort(new Error('never mind'));
    }
    assert.is(underway, 20);
    assert.is(scoreOf(victim, attacker.id), 0, 'it may be us who are slow');
    finish();
    await eventually(() => underway === 0, 'the end of the work');
    const stream = await ask();
    await eventually(() => stream.remoteWriteStatus === 'closed', 'an answer');
    assert.not(stream.status === 'reset');
  } finally {
    await Promise.all([attacker.stop(), victim.stop()]);
  }
});

hostile('garbage in place of a gossip RPC is passed over', () =>
  scene(async (victim, attacker) => {
    await attacker.on(victim, '/meshsub/1.2.0', async (stream) => {
      for (let i = 0; i < 10; i++) stream.send(encodeFrame(garbage()));
      stream.send(Uint8Array.of(200, 1));
      await stream.close();
    });
  }),
);

hostile('a gossip stream without framing ends gossip with the peer, and so the connection', () =>
  scene(async (victim, attacker) => {
    await attacker.on(victim, '/meshsub/1.2.0', (stream) => void stream.send(new Uint8Array(64).fill(0xff)));
    await eventually(() => scoreOf(victim, attacker.id) === undefined, 'the disconnection');
    assert.ok(victim.log.some((line) => line.includes('gossip with the peer has ended')));
  }),
);

hostile('garbage, truncated and oversized messages on every topic are rejected until the peer is out', () => {
  const decodable = ({ topic, bytes }: Arrival): Verdict => {
    if (bytes.length === 100 && topic === 'vote') return 'accept'; // the honest one of the scene
    try {
      if (topic === 'tx') Batch.deserialize(bytes);
      else VoteMessage.deserialize(bytes);
      return 'accept';
    } catch {
      return 'reject';
    }
  };
  return scene(async (victim, attacker) => {
    const vote = { epoch: 0, kind: 0, slot: 1, hash: new Uint8Array(32), member: 0, signature: new Uint8Array(64) };
    const whole = concatBytes(Uint8Array.of(0), Vote.serialize(vote));
    const bad: [Arrival['topic'], Uint8Array][] = [
      ['vote', Uint8Array.from(randomBytes(99))],
      ['vote', whole.subarray(0, whole.length - 1)],
      ['vote', new Uint8Array(0)],
      ['vote', new Uint8Array(70_000)],
      ['tx', garbage()],
      ['tx', Batch.serialize([sampleTransaction(1).signed]).subarray(0, 50)],
      ['tx', new Uint8Array(2.5 * 1024 * 1024)],
      ['block', garbage()],
      ['block', sampleBlock(1).subarray(0, 200)],
      ['block', new Uint8Array(2.5 * 1024 * 1024)],
    ];
    let score = 0;
    for (const [topic, bytes] of bad.slice(0, -1)) {
      await attacker.publish(topic, bytes);
      await eventually(
        () => (scoreOf(victim, attacker.id) ?? -1000) < score,
        `a lower score for ${topic} of ${bytes.length}`,
      );
      score = scoreOf(victim, attacker.id) ?? score;
    }
    for (let i = 0; i < 3; i++) await attacker.publish('block', garbage());
    await eventually(() => scoreOf(victim, attacker.id) === undefined, 'the peer to be out');
    assert.is(victim.network.peers().length, 1);
  }, decodable);
});

/** What may be answered in place of transactions, and the error it is. */
const BAD_ANSWERS: readonly [answer: (stream: Stream) => void | Promise<void>, code: string][] = [
  [(stream) => sendAndClose(stream, encodeFrame(garbage())), 'MALFORMED'],
  [(stream) => sendAndClose(stream, Uint8Array.of(50, 1, 2)), 'TRUNCATED'],
  [(stream) => stream.close(), 'MALFORMED'],
  [(stream) => sendAndClose(stream, Uint8Array.of(0xff, 0xff, 0xff, 0x7f)), 'OVERSIZED'],
  [(stream) => sendAndClose(stream, Uint8Array.of(0, 0)), 'MALFORMED'],
  [(stream) => stream.abort(new Error('no')), 'RESET'],
];

async function sendAndClose(stream: Stream, bytes: Uint8Array): Promise<void> {
  stream.send(bytes);
  await stream.close();
}

hostile('bad answers are errors with a code, and all but a reset count against the peer', () =>
  scene(async (victim, attacker) => {
    let score = 0;
    for (const [answer, code] of BAD_ANSWERS) {
      await attacker.answer('txs', answer);
      const [result] = await Promise.allSettled([
        victim.network.requestTransactions(attacker.id, [new Uint8Array(32)], never),
      ]);
      assert.is(result.status, 'rejected');
      if (result.status === 'rejected') assert.is(result.reason.code, code);
      const now = scoreOf(victim, attacker.id) ?? score;
      assert.ok(code === 'RESET' ? now >= score : now < score, code);
      score = now;
    }
  }),
);

hostile('a peer that answers without end is stopped; one that never answers can be given up', () =>
  scene(async (victim, attacker) => {
    const range = { selector: 0, value: { from: 1, count: 128 } } as const;
    const small = encodeFrame(sampleBlock(1));
    await attacker.answer('blocks', (stream) => {
      for (let i = 0; i < 200; i++) stream.send(small);
    });
    let count = 0;
    try {
      for await (const _ of victim.network.requestBlocks(attacker.id, range, never)) count += 1;
      assert.unreachable();
    } catch (error) {
      assert.is((error as { code?: string }).code, 'MALFORMED');
    }
    assert.is(count, 128);

    await attacker.answer('blocks', (stream) => void stream.log('never answered'));
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('given up')), 50);
    const reading = victim.network.requestBlocks(attacker.id, range, controller.signal)[Symbol.asyncIterator]().next();
    const [result] = await Promise.allSettled([reading]);
    assert.is(result.status === 'rejected' && result.reason.message, 'given up');
  }),
);

hostile.run();
