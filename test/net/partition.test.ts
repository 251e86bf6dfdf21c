// Four validators on hosts of their own, cut off from each other in silence: what may go on goes on, what may not halts,
// nothing forks, and when the links are back all are one network again soon.

import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { baseTimeout } from '../../src/primitives/parameters.ts';
import { votedAfter } from '../e2e/harness/checks.ts';
import type { TestNode } from '../e2e/harness/devnet.ts';
import { assertKept, Load, underLoad } from '../e2e/harness/load.ts';
import { eventually } from '../e2e/harness/wait.ts';
import { Wallet as NewWallet, type Wallet } from '../e2e/harness/wallet.ts';
import { HostedNetwork } from './hosted-network.ts';
import { HostSuite } from './namespaces.ts';
import { FULL, LENIENCE, report } from './size.ts';

const USERS = 8;
/** The longest that a node may wait until it dials a lost peer again. */
const REDIAL_MS = 5_000;
/** A connection that is cut for less than the three status exchanges without an answer survives; one cut for more does not. */
const CUTS_MS = FULL ? [5_000, 9_000, 60_000] : [12_000];
const SOME_BLOCKS = FULL ? 40 : 10;

const partitions = new HostSuite('partitions', import.meta.url);
let network: HostedNetwork;
let users: Wallet[];
let receiver: string;

partitions.around(
  async () => {
    network = await HostedNetwork.start(4);
    users = await network.users(USERS);
    receiver = new NewWallet(network.genesisHash).address;
  },
  () => network.close(),
);

for (const cut of CUTS_MS) {
  partitions.test(`two and two for ${cut / 1000} s: a halt, no fork, and soon after it one chain`, async () => {
    await underLoad(new Load(network.nodes, users, receiver), async (load) => {
      await eventually('transfers run', () => load.finalized.size > USERS);
      await network.hosts.set([0, 1], [2, 3], { cut: true });
      const halted = await haltOf(network.nodes, cut);
      await network.hosts.setAll({});
      const healed = performance.now();
      await reach(halted + 1);
      const allowed = 2 * baseTimeout(network.genesis.parameters) + REDIAL_MS;
      const took = performance.now() - healed;
      report(`cut for ${cut} ms: every node finalizes again after ${took.toFixed(0)} ms, ${allowed} allowed`);
      assert.ok(took <= LENIENCE * allowed, `finalizing again after ${took} ms`);
      await load.stop();
      await oneChain(load);
    });
  });
}

partitions.test('three and one: the three go on, the one catches up and votes', async () => {
  const [alone, others] = [network.node(3), network.nodes.slice(0, 3)];
  await underLoad(new Load(others, users, receiver), async (load) => {
    await network.hosts.set([0, 1, 2], [3], { cut: true });
    await eventually(
      'the three lead',
      async () => (await alone.rpc.height()) + SOME_BLOCKS < ((await others[0]?.rpc.height()) ?? 0),
    );
    const stuck = await alone.rpc.height();
    await network.progress(SOME_BLOCKS, others);
    assert.ok((await alone.rpc.height()) <= stuck + 1, 'nothing reaches the one');
    const before = await (others[0] as TestNode).rpc.height();
    await network.hosts.setAll({});
    await reach(before);
    await eventually('its vote counts', () => votedAfter(alone, before));
    await load.stop();
    await oneChain(load);
  });
});

partitions.long('one is heard by another and does not hear it: all four go on, by way of the others', async () => {
  await underLoad(new Load(network.nodes, users, receiver), async (load) => {
    await network.hosts.setOneWay([1], [0], { cut: true });
    await network.progress(SOME_BLOCKS);
    await eventually('the two know that they have lost each other', async () =>
      (await peerCounts([0, 1])).every((count) => count === 2),
    );
    await network.progress(SOME_BLOCKS);
    await network.hosts.setAll({});
    await fullMesh();
    await load.stop();
    await oneChain(load);
  });
});

partitions.long('one hears everybody and nobody hears it: the others go on, and it does when it is heard', async () => {
  const [mute, others] = [network.node(2), [0, 1, 3].map((host) => network.node(host))];
  await underLoad(new Load(others, users, receiver), async (load) => {
    await network.hosts.setOneWay([2], [0, 1, 3], { cut: true });
    await network.progress(SOME_BLOCKS, others);
    await eventually('it is given up', async () => (await peerCounts([2]))[0] === 0);
    await network.progress(SOME_BLOCKS, others);
    await network.hosts.setAll({});
    const before = await (others[0] as TestNode).rpc.height();
    await reach(before);
    await eventually('its vote counts', () => votedAfter(mute, before));
    await fullMesh();
    await load.stop();
    await oneChain(load);
  });
});

/** @returns the height at which the nodes stand still for the whole cut. One block may have been under way. */
async function haltOf(nodes: readonly TestNode[], milliseconds: number): Promise<number> {
  const start = performance.now();
  const baseline = Math.max(...(await network.heights(nodes)));
  await sleep(milliseconds - (performance.now() - start));
  const height = Math.max(...(await network.heights(nodes)));
  assert.ok(height <= baseline + 1, `two of four finalize nothing: ${baseline}, then ${height}`);
  return height;
}

async function reach(height: number): Promise<void> {
  await eventually(`height ${height} everywhere`, async () =>
    (await network.heights()).every((reached) => reached >= height),
  );
}

function peerCounts(hosts: readonly number[]): Promise<number[]> {
  return Promise.all(hosts.map(async (host) => (await network.node(host).rpc.peers()).length));
}

async function fullMesh(): Promise<void> {
  await eventually('all are peers', async () => (await peerCounts([0, 1, 2, 3])).every((count) => count === 3));
}

/** What was reported final is there, everywhere, and nobody is blamed for what the network did. */
async function oneChain(load: Load): Promise<void> {
  await network.assertOneChain();
  for (const { rpc } of network.nodes) {
    await assertKept(load.finalized, rpc);
    const blamed = (await rpc.peers()).filter(({ offences }) => offences.length > 0);
    assert.equal(blamed, []);
  }
}

partitions.run();
