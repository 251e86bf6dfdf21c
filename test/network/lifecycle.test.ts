import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { NetworkError } from '../../src/network/errors.ts';
import { peerIdOf } from '../../src/network/identity.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { addressOf, connected, eventually, seed, startMesh, startNode, stopAll } from './harness.ts';

const lifecycle = suite('network: lifecycle');

async function errorOf(work: Promise<unknown>): Promise<NetworkError> {
  try {
    await work;
  } catch (error) {
    return error as NetworkError;
  }
  throw new Error('expected an error');
}

lifecycle('the peer id follows from the seed, known before the start and the one libp2p has', async () => {
  const node = await startNode(7);
  try {
    assert.is(node.network.peerId, peerIdOf(seed(7)));
    assert.ok(addressOf(node).endsWith(`/p2p/${node.network.peerId}`));
  } finally {
    await node.stop();
  }
  assert.is((await errorOf(startNode(1, { identitySeed: new Uint8Array(31) }))).code, 'BAD_IDENTITY');
});

lifecycle('a port in use is an error that names the address, for TCP and WebSocket', async () => {
  const holder = await startNode(1, { listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] });
  try {
    for (const address of holder.network.addresses) {
      const taken = address.split('/p2p/')[0] ?? '';
      const error = await errorOf(startNode(2, { listen: ['/ip4/127.0.0.1/tcp/0', taken] }));
      assert.is(error.code, 'ADDRESS_IN_USE');
      assert.ok(error.message.includes(`127.0.0.1:${taken.split('/')[4]}`), error.message);
    }
  } finally {
    await holder.stop();
  }
});

lifecycle('bad addresses are errors before anything starts', async () => {
  for (const settings of [
    { listen: ['127.0.0.1:9000'] },
    { peers: ['/ip4/127.0.0.1/tcp/9000'] },
    { peers: ['/ip4/127.0.0.1/tcp/9000/p2p/12D3KooWmistyped'] },
    { announce: ['nowhere'] },
  ]) {
    assert.is((await errorOf(startNode(1, settings))).code, 'BAD_ADDRESS', JSON.stringify(settings));
  }
  assert.is((await errorOf(startNode(1, { listen: ['/ip4/192.0.2.1/tcp/0'] }))).code, 'CANNOT_LISTEN');
});

lifecycle('a configured peer that can not be reached is said once, and one that is this node itself', async () => {
  const friend = await startNode(2);
  const gone = addressOf(friend);
  await friend.stop();
  const own = `/ip4/127.0.0.1/tcp/1/p2p/${peerIdOf(seed(1))}`;
  const node = await startNode(1, { peers: [gone, own] });
  const warnings = (text: string) => node.log.filter((line) => line.includes(text));
  try {
    assert.is(warnings('is this node itself').length, 1);
    await eventually(() => warnings('can not be reached').length > 0, 'the warning', 20_000);
    assert.match(warnings('can not be reached')[0] ?? '', /ECONNREFUSED/);
    assert.ok(warnings('can not be reached')[0]?.includes(gone));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.is(warnings('can not be reached').length, 1);
    assert.is(warnings('Tried to dial self').length, 0);
  } finally {
    await node.stop();
  }
});

lifecycle('nodes talk over WebSocket', async () => {
  const a = await startNode(1, { listen: ['/ip4/127.0.0.1/tcp/0/ws'] });
  const b = await startNode(2, { listen: [], peers: [addressOf(a)] });
  try {
    await Promise.all([connected(a, 1), connected(b, 1)]);
    assert.ok(addressOf(a).includes('/ws/'));
    await b.network.publishVote(Uint8Array.of(1, 2, 3));
    await eventually(() => a.arrivals.length === 1, 'a vote over WebSocket');
  } finally {
    await stopAll([a, b]);
  }
});

lifecycle('with the DHT component in either mode nodes connect, gossip and stop', async () => {
  const nodes = [await startNode(1, { discovery: 'server' })];
  nodes.push(await startNode(2, { discovery: 'server', peers: nodes.map(addressOf) }));
  nodes.push(await startNode(3, { discovery: 'client', peers: nodes.map(addressOf) }));
  try {
    await Promise.all(nodes.map((node) => connected(node, 2)));
    await nodes[2]?.network.publishVote(Uint8Array.of(1, 2, 3));
    await eventually(() => nodes[0]?.arrivals.length === 1 && nodes[1]?.arrivals.length === 1, 'the vote');
  } finally {
    await stopAll(nodes);
  }
});

lifecycle('the observer counts gossip and requests', async () => {
  const counts = new Map<string, number>();
  const count = (...key: readonly (string | number)[]) => {
    counts.set(key.join(' '), (counts.get(key.join(' ')) ?? 0) + 1);
  };
  const observer = {
    gossipPublished: count.bind(null, 'published'),
    gossipReceived: count.bind(null, 'received'),
    gossipJudged: count.bind(null, 'judged'),
    offence: () => undefined,
    requestServed: (protocol: string, direction: string, outcome: string) => count(protocol, direction, outcome),
  };
  const [a, b] = await startMesh(2, { observer, judge: ({ bytes }) => (bytes[0] === 1 ? 'accept' : 'ignore') });
  if (a === undefined || b === undefined) throw new Error('no mesh');
  try {
    await a.network.publishVote(Uint8Array.of(1, 1, 1));
    await a.network.publishTransactions(Uint8Array.of(2, 2));
    await a.network.requestTransactions(b.network.peerId, [new Uint8Array(32)], new AbortController().signal);
    await eventually(() => b.arrivals.length === 2, 'both messages');
    const keys = ['published vote 3', 'received vote 3', 'judged vote accept', 'published tx 2', 'judged tx ignore'];
    for (const key of [...keys, 'txs inbound ok', 'txs outbound ok']) assert.is(counts.get(key), 1, key);
    assert.ok((counts.get('status outbound ok') ?? 0) >= 2);
  } finally {
    await stopAll([a, b]);
  }
});

lifecycle('start and stop again on the same object; stop is allowed at any time', async () => {
  const node = await startNode(1);
  await node.stop();
  await node.stop();
  assert.equal(node.network.addresses, []);
  assert.equal(node.network.peers(), []);
  await node.network.start(node.handlers);
  assert.ok(node.network.addresses.length > 0);
  await node.stop();
});

lifecycle('a process with two connected networks ends by itself once they have stopped', async () => {
  const script = fileURLToPath(new URL('./stops-by-itself.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8');
  await withTimeout(once(child.stdout, 'data'), 10_000, 'the networks to stop');
  // a second for a timer that libp2p leaves behind, and some for a busy machine
  const [code] = await withTimeout(once(child, 'exit'), 3_000, 'the process to end');
  assert.is(code, 0);
});

lifecycle.run();
