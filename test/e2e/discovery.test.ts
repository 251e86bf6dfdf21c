// Strangers that know one address become one network, which stays one when that address is gone.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import type { BootstrapInfo } from '../../src/node/bootstrap.ts';
import { OpenNetwork } from './harness/open-network.ts';
import { type NodeProcess, run } from './harness/program.ts';
import { eventually } from './harness/wait.ts';

const NODES = 12;

const strangers = suite('strangers');
let network: OpenNetwork;
let boot: NodeProcess<BootstrapInfo>;
let info: BootstrapInfo;

strangers.before(async () => {
  network = await OpenNetwork.create();
  boot = network.bootstrap('boot');
  info = await boot.started;
});

strangers.after(async () => {
  await boot.kill();
  await network.close();
});

function tcpOf(addresses: readonly string[]): string {
  const address = addresses.find((one) => !one.includes('/ws'));
  if (address === undefined) throw new Error(`no TCP address among ${addresses.join(', ')}`);
  return address;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(info.metricsUrl)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

strangers(`${NODES} nodes given one bootstrap address form one mesh`, async () => {
  await network.add(NODES, tcpOf(info.p2pAddresses));
  await network.untilMesh();
});

strangers('the bootstrap node knows them all, says how it is, and takes no part', async () => {
  await eventually(
    'the bootstrap node to know everyone',
    async () => (await metric('blockchain_network_peers')) === NODES,
  );
  await eventually(
    'most of them to be in its routing table',
    async () => (await metric('blockchain_network_routing_table_peers')) >= NODES / 2,
  );
  assert.ok((await metric('blockchain_network_dht_queries_total')) > 0);
  assert.ok((await metric('process_resident_memory_bytes')) > 0);
  const health = await fetch(info.healthUrl);
  assert.is(health.status, 200);
  const { status, peers, known_peers: known } = (await health.json()) as Record<string, unknown>;
  assert.equal([status, peers, known], ['ok', NODES, NODES]);
  const url = new URL(info.healthUrl);
  assert.is(url.hostname, '127.0.0.1');
  assert.is((await fetch(new URL('/livez', url))).status, 200);
  assert.is((await fetch(new URL('/rpc/get_head', url))).status, 404);
  for (const node of network.nodes) {
    const ids = (await node.rpc.peers()).map(({ id }) => id);
    assert.not(info.p2pAddresses.some((address) => ids.some((id) => address.endsWith(id))));
  }
});

strangers('the bootstrap node keeps its identity, and is found again', async () => {
  const exit = await boot.end('SIGTERM');
  assert.is(exit.code, EXIT.ok, exit.stderr);
  const port = tcpOf(info.p2pAddresses).split('/')[4] ?? '';
  boot = network.bootstrap('boot', '--p2p-port', port);
  const again = await boot.started;
  assert.is(tcpOf(again.p2pAddresses), tcpOf(info.p2pAddresses));
  info = again;
  await eventually('nodes to come back', async () => (await metric('blockchain_network_peers')) >= NODES / 2, 120_000);
});

strangers('without it the network goes on, and a newcomer that knows any node joins', async () => {
  await boot.kill();
  const any = network.nodes[NODES - 1];
  if (any === undefined) throw new Error('no nodes');
  await network.untilMesh();
  const [newcomer] = await network.add(1, tcpOf((await any.rpc.networkInfo()).addresses));
  await network.untilMesh();
  await eventually('the newcomer to have chosen peers', async () => {
    const peers = (await newcomer?.rpc.peers()) ?? [];
    return peers.filter(({ direction }) => direction === 'outbound').length >= 2;
  });
});

strangers('a node that restarts finds the network in its peer book', async () => {
  const node = network.nodes[1];
  if (node === undefined) throw new Error('no nodes');
  await node.stop();
  const book = JSON.parse(await readFile(join(node.directory, 'peers.json'), 'utf8'));
  assert.ok(book.peers.length >= 4, `${book.peers.length} known`);
  await node.start();
  await network.untilMesh();
});

strangers('bootstrap: what is wrong is said before anything starts', async () => {
  const genesis = ['--network', 'open', '--genesis-file', join(network.folder, 'genesis.json')];
  const free = ['--p2p-port', '0', '--p2p-ws-port', '0', '--rpc-port', '0', '--metrics-port', '0'];
  const at = (name: string) => ['--data-dir', join(network.folder, name), '--p2p-host', '127.0.0.1'];
  const bad = await run(['bootstrap', ...genesis, ...at('bad'), '--bootstrap-peers', '127.0.0.1:9000']);
  assert.is(bad.code, EXIT.config);
  assert.match(bad.stderr, /bootstrap_peers.*127\.0\.0\.1:9000.*multiaddrs like/s);
  const other = await run(['bootstrap', ...genesis, '--data-dir', network.folder, ...free]);
  assert.is(other.code, EXIT.data);
  const noGenesis = await run(['bootstrap', '--network', 'nosuch', ...at('bad'), ...free]);
  assert.is(noGenesis.code, EXIT.config);
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number };
  const taken = await run(['bootstrap', ...genesis, ...at('bad'), ...free, '--p2p-port', String(port)]);
  holder.close();
  assert.is(taken.code, EXIT.environment);
  assert.match(taken.stderr, new RegExp(`${port}`));
  const help = await run(['bootstrap', '--help']);
  assert.is(help.code, EXIT.ok);
  for (const option of ['--announce-addresses', '--relay', '--max-peers', '--metrics-port', '--data-dir']) {
    assert.ok(help.stdout.includes(option), option);
  }
});

strangers.run();
