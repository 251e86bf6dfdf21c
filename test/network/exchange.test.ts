// One request to a peer, between two bare hosts: what its end says of the peer.

import type { Socket } from 'node:net';
import type { Connection, Stream } from '@libp2p/interface';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Course, exchange } from '../../src/network/exchange.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { HostilePeer, names } from './hostile-peer.ts';

const exchanges = suite('network: exchange');

const never = new AbortController().signal;
const protocol = names.request('txs');

/** What a process leaves behind that has been killed. */
function endSocket(connection: Connection | undefined): void {
  (connection as unknown as { maConn: { socket: Socket } } | undefined)?.maConn.socket.end();
}

/** Asks one host that does `act` in place of answering. @returns whether it has reset the stream */
async function wasReset(act: (stream: Stream, peer: HostilePeer) => void, maxInboundStreams = 32): Promise<boolean> {
  const [peer, asker] = await Promise.all([HostilePeer.start(), HostilePeer.start()]);
  try {
    await peer.host.handle(protocol, (stream) => act(stream, peer), { maxInboundStreams });
    const connection = await asker.host.dial(peer.host.getMultiaddrs());
    const course: Course = { peer: peer.id, connection, since: 0, bytes: 0, isReset: false };
    const answer = exchange(course, { what: 'an answer', protocol, request: new Uint8Array(1), maxFrame: 100 }, never);
    const [result] = await withTimeout(Promise.allSettled([answer.next()]), 5_000, 'the end of the request');
    assert.is(result?.status === 'rejected' && result.reason.code, 'RESET');
    return course.isReset;
  } finally {
    await Promise.all([peer.host.stop(), asker.host.stop()]);
  }
}

exchanges('a peer that resets the stream refuses; one whose connection ends does not', async () => {
  assert.is(await wasReset((stream) => stream.abort(new Error('no'))), true);
  assert.is(await wasReset(() => undefined, 0), true, 'before the request is sent');
  assert.is(await wasReset((_, { host }) => endSocket(host.getConnections()[0])), false);
  const end = (stream: Stream, { host }: HostilePeer) => {
    stream.send(Uint8Array.of(50, 1, 2));
    endSocket(host.getConnections()[0]);
  };
  assert.is(await wasReset(end), false, 'in the middle of a message');
});

exchanges.run();
