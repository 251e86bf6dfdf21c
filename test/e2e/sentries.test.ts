// A validator that only its own full nodes reach: it votes and leads like the others, nobody else learns where it is, and who
// knows it all the same is not let in.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dataPaths } from '../../src/node/data-dir.ts';
import { HostilePeer } from '../network/hostile-peer.ts';
import { AuthorityNetwork } from './harness/authorities.ts';
import { ledAfter, votedAfter } from './harness/checks.ts';
import type { TestNode } from './harness/devnet.ts';
import { eventually } from './harness/wait.ts';

const HIDDEN = 3;
const EPOCH_MS = 3_600_000;

const sentries = suite('a validator behind sentries');
let network: AuthorityNetwork;
let hidden: TestNode;
let others: readonly TestNode[];
let guards: readonly TestNode[];
/** multiaddr and peer id of the one that nobody knows */
let address: string;
let id: string;

/** Replaces settings of a node that has not started. */
async function configure({ directory }: TestNode, settings: Readonly<Record<string, unknown>>): Promise<void> {
  const { config } = dataPaths(directory);
  const names = Object.keys(settings).join('|');
  const rest = (await readFile(config, 'utf8')).replace(new RegExp(`^(?:# )?(?:${names}):.*\n`, 'gm'), '');
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  await writeFile(config, `${rest}\n${lines.join('')}`);
}

sentries.before(async () => {
  network = await AuthorityNetwork.create({
    authorities: 4,
    accounts: 0,
    keys: [],
    parameters: { blockTime: 250, epochDuration: EPOCH_MS },
    settings: { discovery: 'server' },
  });
  hidden = network.nodes[HIDDEN] as TestNode;
  others = network.nodes.slice(0, HIDDEN);
  const known = network.addresses.slice(0, HIDDEN);
  address = network.addresses[HIDDEN] as string;
  id = address.split('/p2p/')[1] as string;
  for (const [index, node] of others.entries()) {
    await configure(node, { bootstrap_peers: known.filter((_, other) => other !== index) });
  }
  guards = [
    await network.follower('sentry-a', known, { privatePeers: [id] }),
    await network.follower('sentry-b', known, { privatePeers: [id] }),
  ];
  const infos = await Promise.all([...others, ...guards].map((node) => node.start()));
  const ways = infos.slice(HIDDEN).map(({ p2pAddresses }) => p2pAddresses.find((one) => !one.includes('/ws')));
  await configure(hidden, { sentries: ways, bootstrap_peers: known, discovery: 'auto' });
  await hidden.start();
  await Promise.all([...network.nodes, ...guards].map((node) => node.ready()));
});

sentries.after(() => network.close());

async function takesPart(): Promise<void> {
  const height = await hidden.rpc.height();
  await eventually('it votes', () => votedAfter(hidden, height + 2));
  await eventually('it leads', () => ledAfter(hidden, height));
}

sentries('it votes and leads, with its sentries as its only peers', async () => {
  await takesPart();
  const guardIds = await Promise.all(guards.map(async ({ rpc }) => (await rpc.networkInfo()).peer_id));
  assert.equal((await hidden.rpc.peers()).map((peer) => peer.id).sort(), guardIds.sort());
  assert.equal((await hidden.rpc.networkInfo()).addresses, []);
});

sentries('a stranger that knows its address is not let in', async () => {
  const stranger = await HostilePeer.start(network.genesisHash);
  try {
    await stranger.connect({ network: { addresses: [address] } }).catch(() => undefined);
    await eventually('the connection ends', () => stranger.host.getConnections().length === 0);
    assert.is((await hidden.rpc.peers()).length, guards.length);
  } finally {
    await stranger.stop();
  }
});

sentries('without one of its sentries it goes on', async () => {
  await guards[0]?.stop();
  await takesPart();
});

sentries('nobody learns of it: neither from RPC, nor from peer books, nor who validates as which peer', async () => {
  const world = [...others, ...guards.slice(1)];
  for (const { rpc } of world) {
    const peers = await rpc.peers();
    assert.ok(peers.length >= 2, 'it has peers');
    assert.not(JSON.stringify([peers, await rpc.networkInfo()]).includes(id));
  }
  const validators = (await others[0]?.rpc.peers())?.flatMap(({ validator }) => validator ?? []);
  assert.is(validators?.length, 2, 'the other validators are known');
  await Promise.all(world.map((node) => node.stop()));
  for (const { directory } of [...world, ...guards.slice(0, 1)]) {
    const book = await readFile(join(directory, 'peers.json'), 'utf8').catch(() => '');
    assert.not(book.includes(id));
  }
  const book = await readFile(join(guards[1]?.directory ?? '', 'peers.json'), 'utf8');
  assert.ok(JSON.parse(book).peers.length >= 2, 'the sentry has a book, with others in it');
});

sentries.run();
