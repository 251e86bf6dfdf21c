// What a peer may ask for on each protocol: so many requests, and so many bytes of answers.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { REQUEST_PROTOCOLS, type RequestProtocol } from '../../src/network/protocols.ts';
import { DEFAULT_RATE_LIMITS } from '../../src/network/rate-limit.ts';
import { encodeFrame } from '../../src/primitives/frame.ts';
import { PeerBindings } from '../../src/primitives/peer-binding.ts';
import { SnapshotRequest } from '../../src/primitives/snapshot.ts';
import { BlocksRequest, CertificatesRequest, Status, TransactionsRequest } from '../../src/primitives/wire.ts';
import { eventually, startNode, statusOf, type TestNode } from './harness.ts';
import { HostilePeer, names } from './hostile-peer.ts';
import { sampleBlock, sampleCertificate, sampleTransaction } from './samples.ts';

const shares = suite('network: shares');

const REQUESTS: Readonly<Record<RequestProtocol, Uint8Array>> = {
  status: Status.serialize(statusOf()),
  blocks: BlocksRequest.serialize({ selector: 0, value: { from: 1, count: 2 } }),
  certs: CertificatesRequest.serialize({ epoch: 0, from: 1, to: 2 }),
  txs: TransactionsRequest.serialize([new Uint8Array(32)]),
  snapshot: SnapshotRequest.serialize({
    selector: 2,
    value: { hash: new Uint8Array(32), position: new Uint8Array(32) },
  }),
  validators: PeerBindings.serialize([]),
};
/** Those whose answers have no fixed small size. */
const SERVED = ['blocks', 'certs', 'txs', 'snapshot'] as const;
const ENOUGH = { burst: 1_000, perSecond: 1_000 };
const ALMOST_NONE = 0.001;

async function* messages(): AsyncIterable<Uint8Array> {
  yield sampleBlock(1, 900);
}

const serve = {
  blocks: messages,
  snapshot: messages,
  certificates: async () => [sampleCertificate(1)],
  transactions: async () => [sampleTransaction(1).bytes],
};

/** @returns whether there was an answer; none on a stream that was refused. */
async function ask(peer: HostilePeer, node: TestNode, protocol: RequestProtocol): Promise<boolean> {
  let bytes = 0;
  const stream = await peer.on(node, names.request(protocol), (opened) => {
    opened.addEventListener('message', ({ data }) => {
      bytes += data.byteLength;
    });
    // it may have been refused already
    if (opened.writeStatus === 'writable') opened.send(encodeFrame(REQUESTS[protocol]));
  });
  await stream.close().catch(() => undefined);
  const isOver = () => stream.status !== 'open' || stream.remoteWriteStatus === 'closed';
  await eventually(isOver, `${protocol}: the end of an answer`);
  return stream.status !== 'reset' && bytes > 0;
}

/** Exchange after exchange on one stream, until it is refused. */
async function exchange(peer: HostilePeer, node: TestNode): Promise<void> {
  const frame = encodeFrame(REQUESTS.status);
  const stream = await peer.on(node, names.request('status'), (opened) => {
    opened.addEventListener('message', () => opened.writeStatus === 'writable' && opened.send(frame));
    opened.send(frame);
  });
  await eventually(() => stream.status !== 'open', 'the end of the exchanges');
}

function isRefused(node: TestNode, peer: HostilePeer, protocol: RequestProtocol): boolean {
  const offences = node.network.peers().find(({ id }) => id === peer.id)?.offences ?? [];
  return offences.some(
    ({ kind, reason }) => kind === 'nuisance' && reason.startsWith(`its ${protocol} request: the peer has used up`),
  );
}

shares('requests past the share are refused and counted, on every protocol', async () => {
  const rateLimits = { ...DEFAULT_RATE_LIMITS, requests: { burst: 4, perSecond: ALMOST_NONE } };
  const node = await startNode(1, { rateLimits, serve });
  try {
    for (const protocol of REQUEST_PROTOCOLS) {
      const peer = await HostilePeer.start();
      try {
        await peer.connect(node);
        await eventually(() => node.network.peers().some(({ id }) => id === peer.id), 'a peer');
        if (protocol === 'status') await exchange(peer, node);
        else for (let request = 0; request < 6; request++) await ask(peer, node, protocol);
        await eventually(() => isRefused(node, peer, protocol), `${protocol}: a refusal`);
      } finally {
        await peer.stop();
      }
    }
  } finally {
    await node.stop();
  }
});

shares('bytes of answers past the share are owed, on every protocol that serves any', async () => {
  const rateLimits = { ...DEFAULT_RATE_LIMITS, requests: ENOUGH, bytes: { burst: 10, perSecond: ALMOST_NONE } };
  const node = await startNode(1, { rateLimits, serve });
  try {
    for (const protocol of SERVED) {
      const peer = await HostilePeer.start();
      try {
        await peer.connect(node);
        await eventually(() => node.network.peers().some(({ id }) => id === peer.id), 'a peer');
        assert.ok(await ask(peer, node, protocol), `${protocol}: answered once`);
        assert.not(await ask(peer, node, protocol), `${protocol}: answered twice`);
        await eventually(() => isRefused(node, peer, protocol), `${protocol}: a refusal`);
      } finally {
        await peer.stop();
      }
    }
  } finally {
    await node.stop();
  }
});

shares('an answer that was worked on is charged, even when the stream is reset before it is sent', async () => {
  const { promise: over, resolve: finish } = Promise.withResolvers<void>();
  let asked = 0;
  async function* blocks(): AsyncIterable<Uint8Array> {
    asked += 1;
    await over;
    yield* messages();
  }
  const rateLimits = { ...DEFAULT_RATE_LIMITS, requests: ENOUGH, bytes: { burst: 10, perSecond: ALMOST_NONE } };
  const node = await startNode(1, { rateLimits, serve: { blocks } });
  const peer = await HostilePeer.start();
  try {
    await peer.connect(node);
    await eventually(() => node.network.peers().some(({ id }) => id === peer.id), 'a peer');
    const stream = await peer.on(node, names.request('blocks'), (opened) => {
      opened.send(encodeFrame(REQUESTS.blocks));
    });
    await eventually(() => asked === 1, 'the request');
    stream.abort(new Error('never mind'));
    assert.ok(await ask(peer, node, 'status'), 'what comes after the reset is answered');
    finish();
    await eventually(() => node.log.some((line) => line.includes('request of a peer ended')), 'its end');
    assert.not(await ask(peer, node, 'blocks'));
    await eventually(() => isRefused(node, peer, 'blocks'), 'a refusal');
  } finally {
    await Promise.all([peer.stop(), node.stop()]);
  }
});

shares.run();
