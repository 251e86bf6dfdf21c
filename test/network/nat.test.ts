// Nodes that nobody can dial reach each other through a third one. Hole punching and AutoNAT look at public addresses only,
// and UPnP needs a router: nothing of the three happens on loopback.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Startable } from '@libp2p/interface';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { portsOf } from '../../src/network/nat.ts';
import { addressOf, connected, eventually, type NodeSettings, startNode, stopAll, type TestNode } from './harness.ts';

const nat = suite('network: behind a router');

/** It listens nowhere: all that reaches it comes through a relay. */
const HIDDEN: NodeSettings = { nat: true, listen: [] };
const PATIENCE_MS = 20_000;

async function relayedAddress(node: TestNode): Promise<string> {
  const find = () => node.network.addresses.find((address) => address.includes('/p2p-circuit/'));
  await eventually(() => find() !== undefined, 'a place at a relay', PATIENCE_MS);
  return find() ?? '';
}

nat('two hidden nodes become peers through the relay of a third', async () => {
  const relay = await startNode(1, { relay: true });
  const hidden = await startNode(2, { ...HIDDEN, peers: [addressOf(relay)] });
  const nodes = [relay, hidden];
  try {
    const address = await relayedAddress(hidden);
    assert.ok(address.startsWith(addressOf(relay)), address);
    const other = await startNode(3, { ...HIDDEN, peers: [addressOf(relay), address] });
    nodes.push(other);
    await Promise.all([connected(hidden, 2), connected(other, 2)]);
    const met = other.network.peers().find(({ id }) => id === hidden.network.peerId);
    assert.ok(met?.addresses[0]?.includes('/p2p-circuit'), met?.addresses[0]);
    await relay.stop();
    nodes.shift();
    await Promise.all([connected(hidden, 0), connected(other, 0)]);
  } finally {
    await stopAll(nodes);
  }
});

nat('who names an address at a relay gets there, behind a router or not', async () => {
  const relay = await startNode(1, { relay: true });
  const hidden = await startNode(2, { ...HIDDEN, peers: [addressOf(relay)] });
  const nodes = [relay, hidden];
  try {
    const other = await startNode(3, { peers: [await relayedAddress(hidden)] });
    nodes.push(other);
    await connected(hidden, 2);
    assert.ok(other.network.peers().some(({ id }) => id === hidden.network.peerId));
  } finally {
    await stopAll(nodes);
  }
});

nat('gossip and requests go through the relay', async () => {
  const relay = await startNode(1, { relay: true });
  const hidden = await startNode(2, {
    ...HIDDEN,
    peers: [addressOf(relay)],
    serve: { transactions: async () => [new Uint8Array(300).fill(7)] },
  });
  const nodes = [relay, hidden];
  try {
    const other = await startNode(3, { ...HIDDEN, peers: [await relayedAddress(hidden)] });
    nodes.push(other);
    // the relay is one too
    await connected(other, 2);
    const [answer] = await other.network.requestTransactions(
      hidden.network.peerId,
      [new Uint8Array(32)],
      new AbortController().signal,
    );
    assert.equal(answer, new Uint8Array(300).fill(7));
    await other.network.publishVote(Uint8Array.of(1, 2, 3));
    await eventually(() => hidden.arrivals.length === 1, 'a vote through the relay');
  } finally {
    await stopAll(nodes);
  }
});

nat('a router that is found late leaves nothing behind that would keep the process from ending', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  let searches = 0;
  const router = {
    id: 'router',
    family: 'IPv4',
    externalIp: async () => '84.10.1.1',
    stop: async () => undefined,
  };
  const routers = {
    async *findGateways() {
      searches += 1;
      if (searches === 2) yield router;
    },
  };
  const log = Object.assign(() => undefined, { error: () => undefined });
  const components = { logger: { forComponent: () => log }, events: new EventTarget(), addressManager: {} };
  const before = timers();
  const service = portsOf(routers as never, 200)(components as never) as unknown as Startable;
  await service.start();
  await eventually(() => searches === 2, 'the search in which it is found', PATIENCE_MS);
  await sleep(100); // that is over, and the next one has not begun
  await service.stop();
  assert.ok(timers() <= before, `${timers()} timers, ${before} before`);
});

nat.run();
