import { Registry } from 'prom-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLogger, silentLogger } from '../../src/telemetry/logger.ts';
import { createChainMetrics } from '../../src/telemetry/metrics/chain.ts';
import { createConsensusMetrics } from '../../src/telemetry/metrics/consensus.ts';
import { createDiscoveryMetrics } from '../../src/telemetry/metrics/discovery.ts';
import { createMempoolMetrics } from '../../src/telemetry/metrics/mempool.ts';
import { createNetworkMetrics } from '../../src/telemetry/metrics/network.ts';
import { registerProcessMetrics, registerSignatureQueue } from '../../src/telemetry/metrics/process.ts';
import { createRpcMetrics } from '../../src/telemetry/metrics/rpc.ts';
import { registerSyncMetrics } from '../../src/telemetry/metrics/sync.ts';
import { registerValidatorMetrics } from '../../src/telemetry/metrics/validator.ts';
import { metricsServer } from '../../src/telemetry/metrics-server.ts';

const metrics = suite('telemetry/metrics');

function everything(registry: Registry) {
  registerSyncMetrics(registry, () => ({ target: 9, progress: 0.5, blocksPerSecond: 3, bytesPerSecond: undefined }));
  registerValidatorMetrics(registry, () => ({
    epoch: 3,
    weight: 250_000,
    totalWeight: 1_000_000,
    proposed: 7,
    missed: 1,
    participated: 30,
    blocks: 32,
    jailed: false,
    tombstoned: false,
  }));
  registerProcessMetrics(registry, { version: '1.2.3', commit: 'abc1234' });
  registerSignatureQueue(registry, () => 5);
  return {
    chain: createChainMetrics(registry),
    consensus: createConsensusMetrics(registry),
    mempool: createMempoolMetrics(registry, () => ({ size: 3, bytes: 700 })),
    discovery: createDiscoveryMetrics(registry, () => ({ knownPeers: 17, routingTable: 5 })),
    network: createNetworkMetrics(registry, () => ({
      peers: { good: 4, marked: 0, poor: 0 },
      bans: { node: 0, operator: 0 },
      privatePeers: 1,
      validators: { members: 4, bound: 3, connected: 2 },
      clockOffsetMs: 0,
    })),
    rpc: createRpcMetrics(registry),
  };
}

interface Family {
  name: string;
  help: string;
  type: string;
}

function families(text: string): Family[] {
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name = '', help = '', type = '']) => ({
    name,
    help,
    type,
  }));
}

/** The rules of `promtool check metrics` that concern names and help texts. */
function complaints({ name, help, type }: Family): string[] {
  const found: string[] = [];
  if (help.trim() === '') found.push('no help text');
  if (type === 'counter' && !name.endsWith('_total')) found.push('counter without _total');
  if (type !== 'counter' && name.endsWith('_total')) found.push('_total on what is no counter');
  if (type !== 'histogram' && /_bucket$/.test(name)) found.push('_bucket on what is no histogram');
  if (type !== 'histogram' && type !== 'summary' && /_(count|sum)$/.test(name)) found.push('reserved suffix');
  if (/[a-z][A-Z]/.test(name)) found.push('camelCase');
  if (!/^[a-z_][a-z0-9_]*$/.test(name)) found.push('characters outside a-z, 0-9 and _');
  if (/_(milliseconds|microseconds|nanoseconds|minutes|hours|days|kilobytes|megabytes|bits)(_|$)/.test(name)) {
    found.push('no base unit');
  }
  if (/_(ms|us|ns|sec|secs|kb|mb|b)(_|$)/.test(name)) found.push('abbreviated unit');
  if (new RegExp(`_${type}(_|$)`).test(name)) found.push('type in the name');
  return found.map((complaint) => `${name}: ${complaint}`);
}

metrics('follow the naming rules, but for the one documented name', async () => {
  const registry = new Registry();
  everything(registry);
  const all = families(await registry.metrics());
  assert.ok(all.length > 25, `${all.length} families`);
  assert.equal(all.flatMap(complaints), ['blockchain_consensus_rounds: counter without _total']);
});

metrics('carry the published names', async () => {
  const registry = new Registry();
  const { chain, consensus, rpc } = everything(registry);
  chain.blocks.inc();
  chain.transactions.inc(12);
  consensus.rounds.inc();
  rpc.requests.observe({ route: '/rpc/get_head', status: '200' }, 0.002);
  const text = await registry.metrics();
  for (const line of [
    'blockchain_blocks_total 1',
    'blockchain_transactions_total 12',
    'blockchain_consensus_rounds 1',
    'blockchain_network_peers 4',
    'blockchain_mempool_size 3',
    'blockchain_mempool_bytes 700',
    'blockchain_crypto_signature_queue 5',
    'blockchain_validator_weight_ratio 0.25',
    'blockchain_validator_proposals_due 8',
    'blockchain_validator_participation_ratio 0.9375',
    'blockchain_validator_jailed 0',
    'blockchain_build_info{version="1.2.3",commit="abc1234"} 1',
    'blockchain_rpc_request_seconds_count{route="/rpc/get_head",status="200"} 1',
  ]) {
    assert.ok(text.includes(`${line}\n`), line);
  }
  assert.match(text, /^nodejs_eventloop_lag_seconds /m);
  assert.match(text, /^nodejs_heap_size_used_bytes /m);
  assert.not.match(text, /nodejs_active_\w+_total/);
});

metrics('of two nodes in one process do not mix', async () => {
  const [first, second] = [new Registry(), new Registry()];
  createChainMetrics(first).blocks.inc(7);
  createChainMetrics(second);
  assert.match(await first.metrics(), /^blockchain_blocks_total 7$/m);
  assert.match(await second.metrics(), /^blockchain_blocks_total 0$/m);
});

metrics('are served at /metrics and nowhere else', async () => {
  const registry = new Registry();
  everything(registry);
  const server = metricsServer({ registry, host: '127.0.0.1', port: 0, logger: silentLogger() });
  await server.start();
  try {
    const url = `http://127.0.0.1:${server.port}`;
    const answer = await fetch(`${url}/metrics`);
    assert.is(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.match(await answer.text(), /^blockchain_height 0$/m);
    assert.is((await fetch(`${url}/`)).status, 404);
    assert.is((await fetch(`${url}/metrics`, { method: 'POST' })).status, 405);
  } finally {
    await server.stop();
  }
});

metrics('server names the port and the setting when the port is taken', async () => {
  const options = { registry: new Registry(), host: '127.0.0.1', logger: silentLogger() };
  const holder = metricsServer({ ...options, port: 0 });
  await holder.start();
  const second = metricsServer({ ...options, port: holder.port });
  try {
    await second.start();
    assert.unreachable('the port was taken');
  } catch (error) {
    assert.is((error as { code?: string }).code, 'ADDRESS_IN_USE');
    assert.match((error as Error).message, new RegExp(`127\\.0\\.0\\.1:${holder.port}.*METRICS_PORT`));
  } finally {
    await second.stop();
    await holder.stop();
  }
});

metrics('server logs a failing collector and answers 500', async () => {
  const registry = new Registry();
  createMempoolMetrics(registry, () => {
    throw new Error('closed');
  });
  const lines: string[] = [];
  const stream = { write: (line: string) => lines.push(line) } as unknown as NodeJS.WritableStream;
  const server = metricsServer({
    registry,
    host: '127.0.0.1',
    port: 0,
    logger: createLogger({ level: 'info', stream }),
  });
  await server.start();
  try {
    assert.is((await fetch(`http://127.0.0.1:${server.port}/metrics`)).status, 500);
    assert.match(lines.join(''), /a page could not be made/);
  } finally {
    await server.stop();
  }
});

metrics.run();
