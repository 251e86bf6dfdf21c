// Who did not help with a snapshot is asked after all others, and what counts against a peer.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withDeadline } from '../../src/network/deadline.ts';
import { StoreError } from '../../src/store/errors.ts';
import { SyncError } from '../../src/sync/errors.ts';
import { SnapshotPeers } from '../../src/sync/snapshot-peers.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { hang, TestNetwork } from './fixture.ts';

const test = suite('peers with snapshots');

function withPeers(...ids: string[]) {
  const network = new TestNetwork(...ids.map((id) => ({ id, height: 1 })));
  return { network, peers: new SnapshotPeers({ network, logger: silentLogger() }) };
}

test('who did not help comes last, who helps comes first again', () => {
  const { network, peers } = withPeers('a', 'b', 'c');
  peers.failed('a', new Error('reset'));
  peers.didNotHelp('b');
  assert.equal(peers.inTurn(), ['c', 'a', 'b']);
  peers.failed('a', new Error('reset'));
  assert.equal(peers.inTurn(), ['c', 'b', 'a']);
  peers.helped('a');
  assert.equal(peers.inTurn(), ['a', 'c', 'b']);
  assert.equal(network.reports, []);
});

test('who leaves a question hanging comes last, who lies is not asked again', async () => {
  const { network, peers } = withPeers('silent', 'liar', 'honest');
  const late = withDeadline(5, 'an answer', new AbortController().signal, hang);
  await late.catch((error: unknown) => peers.failed('silent', error));
  peers.failed('liar', new SyncError('WRONG_CHUNK', 'no'));
  assert.equal(network.reports, ['liar: untrue']);
  assert.equal(peers.inTurn(), ['honest', 'silent']);
  peers.forgive();
  assert.equal(peers.inTurn(), ['honest', 'silent', 'liar']);
});

test('a store that fails is nobody else to blame', () => {
  const { network, peers } = withPeers('a');
  assert.throws(() => peers.failed('a', new StoreError('IO', 'disk')), /disk/);
  assert.equal(network.reports, []);
});

test.run();
