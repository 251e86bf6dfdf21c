// Starts that must not happen: each ends with a sentence about what is wrong, the documented exit code and no stack, before
// anything listens; and a node that runs is not disturbed by the attempt.

import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { dataPaths } from '../../src/node/data-dir.ts';
import { devnetPorts, initDevnetNode } from '../../src/node/devnet.ts';
import { TestNode, temporaryFolder } from './harness/devnet.ts';
import { freePorts } from './harness/ports.ts';
import { type Exit, type RunOptions, run } from './harness/program.ts';

const ANY_PORTS = ['rpc', 'ws', 'metrics', 'p2p', 'p2p-ws'].flatMap((port) => [`--${port}-port`, '0']);

const start = suite('starts that fail');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
/** initialized, and started by none of these tests but as they say */
let directory: string;

start.before(async () => {
  folder = await temporaryFolder();
  directory = join(folder.path, 'node');
  await initDevnetNode(directory, undefined);
});

start.after(() => folder.remove());

start('an unknown key in the config file: which one was meant', async () => {
  const file = join(folder.path, 'unknown.yaml');
  await writeFile(file, `data_dir: ${directory}\nrpc_prot: 9080\n`);
  assertRefused(await run(['start', '--config', file]), EXIT.config, /rpc_prot.*unknown\.yaml:2.*`rpc_port`/s);
});

start('a value without a unit, or with a wrong one: what is allowed', async () => {
  for (const value of ['10', '10 parsecs']) {
    const exit = await attempt([], { environment: { RPC_TIMEOUT: value } });
    assertRefused(exit, EXIT.config, /rpc_timeout \(environment RPC_TIMEOUT\).*250ms or 1s/s);
  }
});

start('a port that is taken: which one, and what to set', async () => {
  const ports = devnetPorts(await freePorts(5), 0);
  const settings = {
    rpcPort: 'rpc',
    wsPort: 'ws',
    metricsPort: 'metrics',
    p2pPort: 'p2p',
    p2pWsPort: 'p2p-ws',
  } as const;
  for (const [name, flag] of Object.entries(settings)) {
    const port = ports[name as keyof typeof settings];
    const holder = await occupy(port);
    const args = Object.entries(settings).flatMap(([key, option]) => [
      `--${option}-port`,
      String(ports[key as keyof typeof settings]),
    ]);
    try {
      const setting = new RegExp(`${flag.replace('-', '[_-]')}[_-]port`, 'i');
      const exit = await run(['start', '--data-dir', directory, ...args]);
      assertRefused(exit, EXIT.environment, new RegExp(`\\b${port}\\b`));
      assert.match(exit.stderr, setting);
    } finally {
      holder.close();
    }
  }
});

start('a port used twice', async () => {
  const args = ['start', '--data-dir', directory, '--rpc-port', '9080', '--ws-port', '9080'];
  assertRefused(await run(args), EXIT.config, /9080 is already that of rpc_port/);
});

start('a data directory of another genesis', async () => {
  const other = join(folder.path, 'other');
  await initDevnetNode(other, 5000);
  const node = new TestNode(other, ['start', '--data-dir', other, ...ANY_PORTS], join(folder.path, 'other.log'));
  await node.start();
  await node.stop();
  const published = join(folder.path, 'published.json');
  await copyFile('networks/devnet/genesis.json', published);
  const exit = await run(['start', '--data-dir', other, '--genesis-file', published, ...ANY_PORTS]);
  assertRefused(exit, EXIT.data, /holds a chain with genesis [0-9a-f]{64}, this network's is [0-9a-f]{64}/);
});

start('a data directory that a running node holds, with the same ports or others', async () => {
  const held = join(folder.path, 'held');
  await initDevnetNode(held, undefined);
  const { rpcPort, wsPort, metricsPort, p2pPort, p2pWsPort } = devnetPorts(await freePorts(5), 0);
  const samePorts = [
    ...['--rpc-port', String(rpcPort), '--ws-port', String(wsPort), '--metrics-port', String(metricsPort)],
    ...['--p2p-port', String(p2pPort), '--p2p-ws-port', String(p2pWsPort)],
  ];
  const node = new TestNode(held, ['start', '--data-dir', held, ...samePorts], join(folder.path, 'held.log'));
  try {
    await node.start();
    await node.ready();
    const holder = new RegExp(`in use by process ${node.process.pid}\\b`);
    for (const ports of [samePorts, ANY_PORTS]) {
      assertRefused(await run(['start', '--data-dir', held, ...ports]), EXIT.data, holder);
    }
    assertRefused(await run(['db', 'verify', '--data-dir', held]), EXIT.data, holder);
    const height = await node.rpc.height();
    assert.ok((await node.rpc.block(height)).hash);
    assert.is((await node.rpc.fetch('health')).status, 200, 'the running node is not disturbed');
    assert.is((await node.stop()).code, EXIT.ok);
  } finally {
    await node.kill();
  }
});

start('too few file descriptors', async () => {
  const exit = await attempt([], { wrapper: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'] });
  assertRefused(exit, EXIT.environment, /may open 64 files, and a node needs 1024.*ulimit -n 1024/s);
});

start('a consensus mode or block time that genesis does not have', async () => {
  assertRefused(await attempt([], { environment: { CONSENSUS_MODE: 'pos' } }), EXIT.config, /consensus_mode/);
  assertRefused(await attempt(['--block-time', '3s']), EXIT.config, /block_time \(--block-time\): is 3s.*has 1s/s);
});

start('a validator address that is not that of the key', async () => {
  const bob = 'ait1dvlw5gz0yl3v05ysv57ucvd0v2ffm7cefzk0uv';
  assertRefused(
    await attempt([], { environment: { VALIDATOR_ADDRESS: bob } }),
    EXIT.config,
    /validator_address.*is ait1dvl.*validates for ait13yk/s,
  );
  const mistyped = `${bob.slice(0, -1)}w`;
  assertRefused(await attempt([], { environment: { VALIDATOR_ADDRESS: mistyped } }), EXIT.config, /validator_address/);
  assertRefused(await attempt(['--validator-key', 'nobody']), EXIT.data, /nobody/);
});

start('a network that is only a template', async () => {
  assertRefused(
    await run(['start', '--network', 'mainnet', '--data-dir', join(folder.path, 'mainnet')]),
    EXIT.config,
    /no public network exists yet/,
  );
});

start('a directory that is none of ours', async () => {
  const strange = join(folder.path, 'strange');
  await mkdir(strange);
  await writeFile(join(strange, 'letter.txt'), 'Dear reader');
  assertRefused(await run(['start', '--data-dir', strange, ...ANY_PORTS]), EXIT.data, /no config\.yaml/);
  assert.is(await readFile(join(strange, 'letter.txt'), 'utf8'), 'Dear reader');
});

start('a signer record that is missing, torn, altered or of another network, and nothing replaces it', async () => {
  const { signerRecord } = dataPaths(directory);
  const node = new TestNode(
    directory,
    ['start', '--data-dir', directory, ...ANY_PORTS],
    join(folder.path, 'signer.log'),
  );
  await node.start();
  await node.ready();
  await node.stop();
  const whole = await readFile(signerRecord);

  await rm(signerRecord);
  assertRefused(await attempt([]), EXIT.data, /record/);
  assert.not(existsSync(signerRecord));

  await writeFile(signerRecord, whole.subarray(0, 10));
  assertRefused(await attempt([]), EXIT.data, /record/);

  const altered = Uint8Array.from(whole);
  altered[Math.floor(whole.length / 2)] = (altered[Math.floor(whole.length / 2)] ?? 0) ^ 1;
  await writeFile(signerRecord, altered);
  assertRefused(await attempt([]), EXIT.data, /record/);

  const other = join(folder.path, 'foreign');
  await initDevnetNode(other, 7000);
  await copyFile(dataPaths(other).signerRecord, signerRecord);
  assertRefused(await attempt([]), EXIT.data, /record/);

  await writeFile(signerRecord, whole);
  await node.start();
  await node.stop();
});

function attempt(args: readonly string[], options: RunOptions = {}): Promise<Exit> {
  return run(['start', '--network', 'devnet', '--data-dir', directory, ...ANY_PORTS, ...args], options);
}

function occupy(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** The reason is on stderr, for people: no stack, and no log that says it started. */
function assertRefused({ code, stdout, stderr }: Exit, expected: number, message: RegExp): void {
  assert.is(code, expected, stderr);
  assert.match(stderr, /^error: /m);
  assert.match(stderr, message);
  assert.not.match(stderr, /\n\s+at /);
  assert.not.match(stdout, /"started"/);
}

start.run();
