// How long a snapshot is looked for and who is waited for: peers that hang or only promise hold up neither the blocks nor
// those who have one.

import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SnapshotOffers } from '../../src/primitives/snapshot.ts';
import { SnapshotClient } from '../../src/sync/snapshot-client.ts';
import { SnapshotPeers } from '../../src/sync/snapshot-peers.ts';
import { SnapshotSearch } from '../../src/sync/snapshot-search.ts';
import { SnapshotSync } from '../../src/sync/snapshot-sync.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { hang, stream, until } from './fixture.ts';
import {
  type Answer,
  chunks,
  closeSource,
  fresh,
  HEIGHT,
  hanging,
  hash,
  honest,
  hurried,
  isAtHead,
  Network,
  near,
  openSource,
  peer,
  SNAPSHOT,
  type SnapshotPeer,
  source,
  synced,
  verify,
  withoutPast,
} from './snapshot-fixture.ts';

const test = suite('snapshot search');
test.before(openSource);
test.after(closeSource);

test('a peer that does not answer holds nobody up', () => {
  let reason: unknown;
  const silent: Answer = async function* (request, signal) {
    if (request.selector === 2) {
      await hang(signal).catch((error: unknown) => {
        reason = error;
        throw error;
      });
    }
    yield* honest(request, signal);
  };
  return synced([peer('honest', honest), peer('silent', silent)], {}, async (result) => {
    await isAtHead(result);
    assert.ok(result.network.snapshotRequests.some(([id, { selector }]) => id === 'silent' && selector === 2));
    assert.is((reason as DOMException).name, 'AbortError', 'it was not waited for until its time was up');
  });
});

/** Offers snapshots that nobody has. */
const boasting = (answer: Answer): Answer =>
  async function* (request, signal) {
    if (request.selector !== 0) yield* answer(request, signal);
    else {
      const offer = (number: number) => ({
        epoch: 9,
        height: 9_000_000 + number,
        hash: randomBytes(32),
        entries: 1,
        bytes: 1,
      });
      yield SnapshotOffers.serialize(Array.from({ length: 8 }, (_, number) => offer(number)));
    }
  };

test('what is offered and never proved holds up no block', async () => {
  const reasons: unknown[] = [];
  const liars = ['x', 'y', 'z'].map((id) => peer(id, boasting(hanging(reasons, (selector) => selector === 1)), 2e7));
  await synced([...liars, peer('honest', honest)], { mode: 'auto' }, async ({ node, network }) => {
    assert.equal(node.chain.head.hash, source.chain.head.hash);
    assert.is(node.store.base, undefined);
    assert.ok(
      network.snapshotRequests.some(([, { selector }]) => selector === 0),
      'it looked for one',
    );
    assert.equal(reasons, [], 'nobody waited for it');
  });
});

test('who hangs does not hide who has a snapshot', async () => {
  const reasons: unknown[] = [];
  const liars = ['x', 'y', 'z'].map((id) => peer(id, boasting(hanging(reasons, (selector) => selector === 1)), 2e7));
  const node = await fresh();
  // Blocks above the snapshot do not wait for another one: until they are there no time passes.
  const now = () => (node.chain.head.height < HEIGHT ? 0 : hurried());
  await synced([...liars, peer('honest', honest)], { node, now }, async (result) => {
    await isAtHead(result);
    const asked = (id: string) =>
      result.network.snapshotRequests.filter(([one, { selector }]) => one === id && selector === 1).length;
    // Once before the snapshot is there, and perhaps once above it.
    for (const { id } of liars) assert.ok(asked(id) <= 2, 'its other offers come after those of others');
    assert.ok(reasons.length >= 3);
    for (const reason of reasons) assert.is((reason as DOMException).name, 'AbortError');
  });
});

test('blocks do not wait for a state that does not come', async () => {
  const reasons: unknown[] = [];
  const first = hanging(reasons, (selector) => selector === 2 && chunks > 1);
  await synced([peer('liar', first)], { now: hurried }, async ({ node }) => {
    assert.equal(node.chain.head.hash, source.chain.head.hash);
    assert.is(node.store.base, undefined, 'by blocks');
    assert.ok(await node.store.unfinishedRestoration(), 'it was proved');
  });
  assert.is((reasons[0] as DOMException).name, 'AbortError', 'its time was not waited for');
});

test('it is looked for until it is proved, however long that takes', async () => {
  const begun = hurried();
  const slow: Answer = async function* (request, signal) {
    while (request.selector === 1 && hurried() < begun + 25_000)
      await new Promise((resolve) => setTimeout(resolve, 20));
    yield* honest(request, signal);
  };
  const peers = [{ ...withoutPast('slow'), snapshot: slow }];
  await synced(peers, { mode: 'auto', node: await near(), now: hurried, height: HEIGHT }, async (result) => {
    await isAtHead(result);
    const walks = result.network.snapshotRequests.filter(([, { selector }]) => selector === 1);
    assert.is(walks.length, 1, 'it was asked once');
  });
});

test('who claims the next block and never sends it keeps nobody from a snapshot', async () => {
  let passed = 0;
  const hung: AbortSignal[] = [];
  const liar: SnapshotPeer = {
    ...peer('liar', () => stream()),
    async *blocks(_, signal) {
      passed = 120_000;
      hung.push(signal);
      await hang(signal);
      yield* [];
    },
  };
  const now = () => performance.now() + passed;
  const peers = [liar, withoutPast('a')];
  await synced(peers, { mode: 'auto', node: await near(), now, height: SNAPSHOT }, async ({ node, network }) => {
    assert.is(node.store.base?.height, SNAPSHOT);
    assert.is(network.asked[0], 'liar');
    await until('its blocks not to be waited for', () => hung[0]?.aborted === true);
    assert.is((hung[0] as AbortSignal).reason.name, 'AbortError', 'but for the snapshot, not for the time');
  });
});

test('where blocks have come meanwhile no snapshot is taken', async () => {
  const node = await near();
  let isWalking = false;
  const slow: Answer = async function* (request, signal) {
    if (request.selector === 1) {
      isWalking = true;
      await until('blocks', () => node.chain.head.height > 2);
    }
    yield* honest(request, signal);
  };
  const peers = () => [
    { ...withoutPast('slow'), snapshot: slow },
    ...(isWalking ? [peer('whole', () => stream())] : []),
  ];
  await synced(peers, { mode: 'auto', node, height: HEIGHT }, async ({ network }) => {
    assert.is(node.store.base, undefined);
    assert.ok(network.snapshotRequests.some(([, { selector }]) => selector === 1));
  });
});

test('while nobody has one it is asked for ever more rarely', async () => {
  const node = await fresh();
  const network = new Network([peer('liar', () => stream(), 2e7)]);
  const pauses: number[] = [];
  const snapshot = new SnapshotSync({
    network,
    chain: node.chain,
    mode: 'auto',
    store: node.store,
    trust: { refusal: () => undefined, start: () => Promise.reject(new Error('nothing is to be proved')) },
    genesisHash: hash,
    verify,
    onSynced: () => assert.unreachable(),
    now: () => 0,
    logger: pino({ level: 'info' }, { write: (line: string) => void pauses.push(JSON.parse(line).seconds) }),
  });
  const over = new AbortController();
  const run = snapshot.run(over.signal, () => 'distance').catch(() => 'aborted');
  assert.not(snapshot.isComing, 'blocks do not wait for it');
  await until('the second time', () => pauses.length === 2);
  assert.equal(pauses, [2, 4]);
  assert.is(network.snapshotRequests.length, 2);
  over.abort();
  assert.is(await run, 'aborted');
  await node.remove();
});

test('who was still to prove something when the search ended has his turn after all others', async () => {
  const node = await fresh();
  const reasons: unknown[] = [];
  const liar = peer(
    'liar',
    hanging(reasons, (selector) => selector === 1),
  );
  const network = new Network([liar, peer('honest', honest)]);
  const peers = new SnapshotPeers({ network, logger: silentLogger() });
  const search = new SnapshotSearch({
    client: new SnapshotClient(network),
    peers,
    trust: { start: async () => ({ epoch: 1, validatorsRoot: new Uint8Array(32), height: 0 }) },
    store: node.store,
    genesisHash: hash,
    verify,
  });
  const over = new AbortController();
  const candidates = await search.candidates(1, over.signal);
  const only = candidates.map((candidate) => ({ ...candidate, peers: ['liar'] }));
  const proof = search.prove(only, over.signal).catch((error: unknown) => error);
  while (!network.snapshotRequests.some(([, { selector }]) => selector === 1)) await new Promise(setImmediate);
  over.abort();
  await withTimeout(proof, 5000, 'the end of the search');
  assert.equal(peers.inTurn(), ['honest', 'liar']);
  assert.equal(network.reported, [], 'its time was not up');
  await node.remove();
});

test.run();
