import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import { peerIdFromString } from '@libp2p/peer-id';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { NetworkErrorCode } from '../../src/network/errors.ts';
import { encodeTransactions } from '../../src/network/messages.ts';
import type { Network } from '../../src/network/network.ts';
import { DEFAULT_RATE_LIMITS } from '../../src/network/rate-limit.ts';
import { equalBytes } from '../../src/primitives/bytes.ts';
import { Certificate } from '../../src/primitives/consensus.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';
import type { SnapshotRequest } from '../../src/primitives/snapshot.ts';
import { type BlocksRequest, MAX_HASHES_PER_REQUEST, TransactionsRequest } from '../../src/primitives/wire.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { addressOf, connected, eventually, type NodeSettings, startNode, stopAll, type TestNode } from './harness.ts';
import { HostilePeer, names } from './hostile-peer.ts';
import { sampleBlock, sampleCertificate, sampleTransaction } from './samples.ts';

const requests = suite('network: requests');

const never = new AbortController().signal;
setMaxListeners(0, never);

async function startPair(settings: NodeSettings): Promise<[client: TestNode, server: TestNode]> {
  const server = await startNode(1, settings);
  const client = await startNode(2, { peers: [addressOf(server)] });
  await Promise.all([connected(server, 1), connected(client, 1)]);
  return [client, server];
}

async function withPair(
  settings: NodeSettings,
  test: (network: Network, server: string, nodes: { client: TestNode; server: TestNode }) => Promise<void>,
): Promise<void> {
  const [client, server] = await startPair(settings);
  try {
    await withTimeout(test(client.network, server.network.peerId, { client, server }), 5_000, 'the requests');
  } finally {
    await stopAll([client, server]);
  }
}

async function collect(blocks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const block of blocks) all.push(block);
  return all;
}

async function rejects(work: Promise<unknown>): Promise<void> {
  const [{ status }] = await Promise.allSettled([work]);
  assert.is(status, 'rejected');
}

async function fails(work: Promise<unknown>, code: NetworkErrorCode): Promise<void> {
  try {
    await work;
  } catch (error) {
    assert.is((error as { code?: string }).code, code);
    return;
  }
  assert.unreachable(`expected ${code}`);
}

requests('blocks by range and by hash', async () => {
  const chain = new Map(Array.from({ length: 5 }, (_, height) => [height, sampleBlock(height)]));
  const asked: BlocksRequest[] = [];
  async function* blocks(request: BlocksRequest): AsyncIterable<Uint8Array> {
    asked.push(request);
    if (request.selector === 1) yield chain.get(3) ?? new Uint8Array(0);
    else
      for (let i = 0; i < request.value.count; i++) {
        const block = chain.get(request.value.from + i);
        if (block !== undefined) yield block;
      }
  }
  await withPair({ serve: { blocks } }, async (network, server) => {
    const range: BlocksRequest = { selector: 0, value: { from: 1, count: 128 } };
    const found = await collect(network.requestBlocks(server, range, never));
    assert.equal(
      found,
      [1, 2, 3, 4].map((height) => chain.get(height)),
    );
    const hash = new Uint8Array(32).fill(3);
    assert.equal(await collect(network.requestBlocks(server, { selector: 1, value: [hash] }, never)), [chain.get(3)]);
    assert.equal(asked, [range, { selector: 1, value: [hash] }]);
    const beyond: BlocksRequest = { selector: 0, value: { from: 99, count: 1 } };
    assert.equal(await collect(network.requestBlocks(server, beyond, never)), []);
  });
});

requests('certificates and transactions', async () => {
  const certificates = [sampleCertificate(1), sampleCertificate(2)];
  const transactions = [0, 1, 2].map((nonce) => sampleTransaction(nonce));
  const serve = {
    certificates: async () => certificates,
    transactions: async (ids: Uint8Array[]) =>
      transactions.filter(({ id }) => ids.some((wanted) => equalBytes(wanted, id))).map(({ bytes }) => bytes),
  };
  await withPair({ serve }, async (network, server) => {
    const answer = await network.requestCertificates(server, { epoch: 0, from: 1, to: 2 }, never);
    assert.equal(
      answer.map((value) => Certificate.serialize(value)),
      certificates.map((value) => Certificate.serialize(value)),
    );
    const wanted = transactions.slice(1).map(({ id }) => id);
    const found = await network.requestTransactions(server, [...wanted, new Uint8Array(32)], never);
    assert.equal(
      found,
      transactions.slice(1).map(({ bytes }) => bytes),
    );
    assert.equal(await network.requestTransactions(server, [new Uint8Array(32)], never), []);
  });
});

requests('snapshots: one answer to offers and chunks, as many boundaries as were asked for', async () => {
  const asked: SnapshotRequest[] = [];
  let messages = 1;
  async function* snapshot(request: SnapshotRequest): AsyncIterable<Uint8Array> {
    asked.push(request);
    for (let i = 0; i < messages; i++) yield Uint8Array.of(i);
  }
  const position = new Uint8Array(32).fill(7);
  const offers: SnapshotRequest = { selector: 0, value: { above: 5 } };
  const boundaries: SnapshotRequest = { selector: 1, value: { from: 3, count: 2 } };
  const chunk: SnapshotRequest = { selector: 2, value: { hash: position, position } };
  await withPair({ serve: { snapshot } }, async (network, server, { client, server: served }) => {
    for (const request of [offers, boundaries, chunk]) {
      assert.equal(await collect(network.requestSnapshot(server, request, never)), [Uint8Array.of(0)]);
    }
    assert.equal(asked, [offers, boundaries, chunk]);
    messages = 0;
    assert.equal(await collect(network.requestSnapshot(server, chunk, never)), [], 'it has none');
    messages = 2;
    assert.is((await collect(network.requestSnapshot(server, boundaries, never))).length, 2);
    for (const request of [offers, chunk])
      await fails(collect(network.requestSnapshot(server, request, never)), 'MALFORMED');
    messages = 3;
    await fails(collect(network.requestSnapshot(server, boundaries, never)), 'MALFORMED');
    assert.is(client.network.peers()[0]?.score, -30, 'who sends too much pays for it');
    const before = served.network.peers()[0]?.score ?? 0;
    for (const count of [0, 129]) {
      await fails(collect(network.requestSnapshot(server, { selector: 1, value: { from: 0, count } }, never)), 'RESET');
    }
    assert.ok((served.network.peers()[0]?.score ?? 0) < before, 'and who asks for too much');
  });
});

requests('an answer ends at its bound, after one block at least', async () => {
  const large = sampleBlock(1, 1.9 * 1024 * 1024);
  let read = 0;
  async function* blocks(): AsyncIterable<Uint8Array> {
    for (;;) {
      read += 1;
      yield large;
    }
  }
  await withPair({ serve: { blocks } }, async (network, server) => {
    const range: BlocksRequest = { selector: 0, value: { from: 1, count: 128 } };
    const found = await collect(network.requestBlocks(server, range, never));
    assert.is(found.length, 2);
    assert.ok(found.every((block) => equalBytes(block, large)));
    assert.is(read, 3, 'the server reads no further than it can send');
  });
});

requests('more certificates than fit are cut, not refused', async () => {
  const certificates = Array.from({ length: 100 }, (_, slot) => sampleCertificate(slot, 500));
  await withPair({ serve: { certificates: async () => certificates } }, async (network, server) => {
    const answer = await network.requestCertificates(server, { epoch: 0, from: 0, to: 99 }, never);
    assert.ok(answer.length > 50 && answer.length < 100);
    assert.is(answer[0]?.slot, 0);
  });
});

requests('a consumer that stops early, or aborts, ends the exchange on both sides', async () => {
  let finished = 0;
  async function* blocks(): AsyncIterable<Uint8Array> {
    try {
      for (let height = 0; ; height++) {
        yield sampleBlock(height);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      finished += 1;
    }
  }
  const range: BlocksRequest = { selector: 0, value: { from: 1, count: 128 } };
  await withPair({ serve: { blocks } }, async (network, server) => {
    for await (const block of network.requestBlocks(server, range, never)) {
      assert.ok(block.length > 0);
      break;
    }
    await eventually(() => finished === 1, 'the server to stop');
    const controller = new AbortController();
    const reason = new Error('enough');
    try {
      for await (const _ of network.requestBlocks(server, range, controller.signal)) controller.abort(reason);
      assert.unreachable();
    } catch (error) {
      assert.is(error, reason);
    }
    await eventually(() => finished === 2, 'the server to stop again');
    assert.is(network.peers().length, 1);
  });
});

requests('errors have codes', async () => {
  const serve = {
    certificates: async () => {
      throw new Error('disk on fire');
    },
  };
  await withPair({ serve }, async (network, server, nodes) => {
    await fails(network.requestTransactions(network.peerId, [new Uint8Array(32)], never), 'NOT_CONNECTED');
    await fails(network.requestCertificates(server, { epoch: 0, from: 0, to: 1 }, never), 'RESET');
    assert.ok(nodes.server.log.some((line) => line.includes('disk on fire')));
    await nodes.client.stop();
    await fails(network.publishVote(new Uint8Array(1)), 'NOT_RUNNING');
  });
});

requests('a request the protocol does not allow is refused and counted', async () => {
  await withPair({}, async (network, server, nodes) => {
    await fails(
      collect(network.requestBlocks(server, { selector: 0, value: { from: 0, count: 129 } }, never)),
      'RESET',
    );
    await fails(collect(network.requestBlocks(server, { selector: 0, value: { from: 0, count: 0 } }, never)), 'RESET');
    await fails(collect(network.requestBlocks(server, { selector: 1, value: [] }, never)), 'RESET');
    await fails(network.requestCertificates(server, { epoch: 0, from: 5, to: 1 }, never), 'RESET');
    await fails(network.requestTransactions(server, [], never), 'RESET');
    const hashes = Array.from({ length: MAX_HASHES_PER_REQUEST + 1 }, () => new Uint8Array(32));
    await rejects(collect(network.requestBlocks(server, { selector: 1, value: hashes }, never)));
    assert.ok((nodes.server.network.peers()[0]?.score ?? 0) <= -50);
  });
});

requests('who has not passed the handshake gets no answers, and is not blamed for asking', async () => {
  let asked = 0;
  const transactions = async () => {
    asked += 1;
    return [];
  };
  const server = await startNode(1, { serve: { transactions } });
  const stranger = await HostilePeer.start();
  const isAnswered = async () => {
    const stream = await stranger.on(server, names.request('txs'), () => undefined);
    try {
      stream.send(encodeFrame(TransactionsRequest.serialize([new Uint8Array(32)])));
      for await (const _ of stream) return true;
    } catch {
      // reset
    }
    return false;
  };
  const ask = () => withTimeout(isAnswered(), 5_000, 'the end of a request');
  try {
    await stranger.answer('status', (stream) => void stream.log('never answered'));
    await stranger.connect(server);
    assert.is(await ask(), false);
    assert.is(asked, 0);
    await stranger.host.hangUp(peerIdFromString(server.network.peerId));
    await stranger.tellStatus({});
    await stranger.connect(server);
    await connected(server, 1);
    assert.is(server.network.peers()[0]?.score, 0);
    assert.is(await ask(), true);
  } finally {
    await stopAll([server]);
    await stranger.stop();
  }
});

requests('a peer is answered as soon as it takes itself for connected', async () => {
  const server = await startNode(1);
  const client = await startNode(2);
  try {
    const answer = new Promise<Uint8Array[]>((resolve, reject) => {
      client.network.on('peer:connected', ({ id }) => {
        client.network.requestTransactions(id, [new Uint8Array(32)], never).then(resolve, reject);
      });
    });
    client.network.addPeer(addressOf(server));
    assert.equal(await withTimeout(answer, 5_000, 'the answer'), []);
  } finally {
    await stopAll([client, server]);
  }
});

requests('a peer that asks too much is refused, and served again later', async () => {
  const rateLimits = {
    ...DEFAULT_RATE_LIMITS,
    requests: { burst: 3, perSecond: 10 },
    bytes: { burst: 1e6, perSecond: 1e6 },
  };
  await withPair({ rateLimits }, async (network, server, nodes) => {
    const ask = () => network.requestTransactions(server, [new Uint8Array(32)], never);
    const results = await Promise.allSettled([ask(), ask(), ask(), ask(), ask(), ask()]);
    assert.ok(results.filter(({ status }) => status === 'rejected').length >= 1);
    assert.ok(nodes.server.log.some((line) => line.includes('RATE_LIMITED')));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await ask();
    assert.is(network.peers().length, 1, 'and the status exchange has gone on');
  });
});

requests('whoever asks for more than it is granted here waits here: nobody has a reason to blame it', async () => {
  await withPair({}, async (network, server, nodes) => {
    const ask = () => network.requestTransactions(server, [new Uint8Array(32)], never);
    const blocks = () => collect(network.requestBlocks(server, { selector: 0, value: { from: 1, count: 1 } }, never));
    const answers = await Promise.all(Array.from({ length: 35 }, () => [ask(), blocks()]).flat());
    assert.is(answers.length, 70);
    assert.is(nodes.server.network.peers()[0]?.score, 0);
  });
});

/** Something that waits until four ask for it at once. */
function wantedByFour(): () => Promise<void> {
  const all = Promise.withResolvers<void>();
  let asking = 0;
  return () => {
    asking += 1;
    if (asking === 4) all.resolve();
    return all.promise;
  };
}

const askFourTimes = (network: Network, peer: string) =>
  Promise.all(Array.from({ length: 4 }, () => network.requestTransactions(peer, [new Uint8Array(32)], never)));

requests('a request that takes us too long is refused, not left lying; that says nothing of the peer', async () => {
  const hung = new Promise<never>(() => undefined);
  async function* blocks(): AsyncIterable<Uint8Array> {
    yield sampleBlock(1);
    await hung;
  }
  const four = wantedByFour();
  const transactions = () => four().then(() => []);
  await withPair({ serve: { blocks, certificates: () => hung, transactions } }, async (network, server, nodes) => {
    const range: BlocksRequest = { selector: 0, value: { from: 1, count: 2 } };
    await Promise.all([
      fails(collect(network.requestBlocks(server, range, never)), 'RESET'),
      fails(network.requestCertificates(server, { epoch: 0, from: 0, to: 1 }, never), 'RESET'),
    ]);
    for (const { network } of [nodes.client, nodes.server]) assert.is(network.peers()[0]?.score, 0);
    // nor is less asked of it afterwards
    await askFourTimes(network, server);
  });
});

requests('who gives requests up at a node that is slow, again and again, is not blamed', async () => {
  const { promise: over, resolve: finish } = Promise.withResolvers<void>();
  let underway = 0;
  const transactions = async () => {
    underway += 1;
    await over;
    return [];
  };
  await withPair({ serve: { transactions } }, async (network, server, nodes) => {
    const busy = () => nodes.server.log.filter((line) => line.includes('"code":"BUSY"')).length;
    for (let asked = 1; asked <= 22; asked++) {
      const controller = new AbortController();
      const answer = network.requestTransactions(server, [new Uint8Array(32)], controller.signal);
      const ended = rejects(answer);
      await eventually(() => underway + busy() === asked, 'a request');
      controller.abort(new Error('somebody else was faster'));
      await ended;
    }
    assert.is(busy(), 2);
    finish();
    for (const { network: one } of [nodes.client, nodes.server]) assert.is(one.peers()[0]?.score, 0);
  });
});

/** Requests of each kind under way at a server that takes its time; `end` ends the connection. */
async function cut(end: (nodes: { client: TestNode; server: TestNode }) => Promise<void>): Promise<void> {
  let underway = 0;
  const { promise: over, resolve: finish } = Promise.withResolvers<void>();
  const slow = async () => {
    underway += 1;
    await over;
    return [];
  };
  async function* blocks(): AsyncIterable<Uint8Array> {
    yield sampleBlock(1);
    yield* await slow();
  }
  async function* snapshot(): AsyncIterable<Uint8Array> {
    yield* await slow();
  }
  const serve = { blocks, snapshot, certificates: slow, transactions: slow };
  await withPair({ serve }, async (network, server, nodes) => {
    const answers = Array.from({ length: 2 }, () => [
      network.requestCertificates(server, { epoch: 0, from: 0, to: 1 }, never),
      network.requestTransactions(server, [new Uint8Array(32)], never),
      collect(network.requestBlocks(server, { selector: 0, value: { from: 1, count: 2 } }, never)),
      collect(network.requestSnapshot(server, { selector: 0, value: { above: 1 } }, never)),
    ]).flat();
    const ended = Promise.allSettled(answers);
    await eventually(() => underway === answers.length, 'the requests');
    await end(nodes);
    for (const result of await ended) {
      assert.is(result.status === 'rejected' && result.reason.code, 'RESET', 'nothing passes for a whole answer');
    }
    finish();
    for (const { log } of [nodes.client, nodes.server]) {
      assert.equal(
        log.filter((line) => line.includes('offence of a peer')),
        [],
      );
    }
  });
}

requests('a peer that stops is not blamed for the requests under way', () => cut(({ server }) => server.stop()));

requests('nor is one that lets us go', () =>
  cut(async ({ client, server }) => {
    await server.network.ban(client.network.peerId, 1_000, 'by hand');
  }),
);

requests('nor one that we let go', () =>
  cut(async ({ client }) => {
    await client.network.ban('127.0.0.1', 1_000, 'by hand');
  }),
);

requests('nor one that dies, in the middle of a message', async () => {
  const client = await startNode(1);
  const peer = await HostilePeer.start();
  let asked = 0;
  try {
    for (const protocol of ['certs', 'txs', 'blocks'] as const) {
      await peer.answer(protocol, (stream) => {
        asked += 1;
        stream.send(Uint8Array.of(50, 1, 2));
      });
    }
    await peer.connect(client);
    await connected(client, 1);
    const answers = [
      client.network.requestCertificates(peer.id, { epoch: 0, from: 0, to: 1 }, never),
      client.network.requestTransactions(peer.id, [new Uint8Array(32)], never),
      collect(client.network.requestBlocks(peer.id, { selector: 0, value: { from: 1, count: 2 } }, never)),
    ];
    const ended = Promise.allSettled(answers);
    await eventually(() => asked === answers.length, 'the requests');
    // what the kernel does for a process that has been killed
    for (const connection of peer.host.getConnections() as unknown as { maConn: { socket: Socket } }[]) {
      connection.maConn.socket.end();
    }
    for (const result of await withTimeout(ended, 5_000, 'the end of the requests')) {
      assert.is(result.status === 'rejected' && result.reason.code, 'RESET');
    }
    assert.not(client.log.some((line) => line.includes('offence of a peer')));
  } finally {
    await stopAll([client]);
    await peer.stop();
  }
});

requests('a peer that does not speak a protocol has refused nothing', async () => {
  const node = await startNode(1);
  const other = await HostilePeer.start();
  try {
    const four = wantedByFour();
    await other.answer('txs', async (stream) => {
      await four();
      stream.send(encodeFrame(encodeTransactions([])));
      await stream.close();
    });
    await other.connect(node);
    await connected(node, 1);
    await fails(node.network.requestCertificates(other.id, { epoch: 0, from: 0, to: 1 }, never), 'RESET');
    await withTimeout(askFourTimes(node.network, other.id), 5_000, 'four requests at once');
  } finally {
    await other.stop();
    await node.stop();
  }
});

requests('a peer that owes bytes waits', async () => {
  const rateLimits = {
    ...DEFAULT_RATE_LIMITS,
    requests: { burst: 100, perSecond: 100 },
    bytes: { burst: 1_000, perSecond: 2_000 },
  };
  const block = sampleBlock(1, 900);
  async function* blocks(): AsyncIterable<Uint8Array> {
    yield block;
    yield block;
  }
  const range: BlocksRequest = { selector: 0, value: { from: 1, count: 2 } };
  await withPair({ rateLimits, serve: { blocks } }, async (network, server) => {
    assert.is((await collect(network.requestBlocks(server, range, never))).length, 2);
    await fails(collect(network.requestBlocks(server, range, never)), 'RESET');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.is((await collect(network.requestBlocks(server, range, never))).length, 2);
  });
});

requests.run();
