// `aitbc-node devnet`: one command, several validators that finalize together, and nothing left behind however it ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { devnetNodeDirectory, devnetPorts, PORTS_PER_NODE } from '../../src/node/devnet.ts';
import type { NodeInfo } from '../../src/node/lifecycle.ts';
import { programFile } from '../../src/node/package-root.ts';
import { listen } from '../../src/telemetry/listen.ts';
import { runCli } from '../cli/run-cli.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { TestNode, temporaryFolder } from './harness/devnet.ts';
import { freePorts } from './harness/ports.ts';
import { Rpc } from './harness/rpc.ts';
import { eventually, PATIENCE_MS } from './harness/wait.ts';

const VALIDATORS = 4;

const command = suite('devnet command');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let directory: string;
let basePort: number;
let child: ChildProcess | undefined;

command.before(async () => {
  folder = await temporaryFolder();
  directory = join(folder.path, 'devnet');
  basePort = await freePorts(VALIDATORS * PORTS_PER_NODE);
});

command.after(async () => {
  child?.kill('SIGKILL');
  await allGone();
  await folder.remove();
});

command('four processes on the ports that the guide names finalize the same chain; SIGINT stops all', async () => {
  const { infos } = await startDevnet();
  assert.equal(
    infos.map(({ rpcUrl, wsUrl, metricsUrl }) => [rpcUrl, wsUrl, metricsUrl]),
    infos.map((_, index) => {
      const { rpcPort, wsPort, metricsPort } = devnetPorts(basePort, index);
      const host = '127.0.0.1';
      return [`http://${host}:${rpcPort}`, `ws://${host}:${wsPort}`, `http://${host}:${metricsPort}/metrics`];
    }),
  );
  assert.is(new Set(infos.map(({ validatorAddress }) => validatorAddress)).size, VALIDATORS);
  const blocks = await Promise.all(infos.map(({ rpcUrl }) => eventually('block 3', () => new Rpc(rpcUrl).block(3))));
  assert.is(new Set(blocks.map(({ hash }) => hash)).size, 1);
  assert.equal(await end('SIGINT'), { code: 0, signal: null });
  await allGone();
});

command('a port in use is said before any node starts, with the option that chooses others', async () => {
  const other = createServer();
  const { rpcPort } = devnetPorts(basePort, VALIDATORS - 1);
  await listen(other, { host: '127.0.0.1', port: rpcPort, setting: 'rpcPort' });
  try {
    const args = [
      'devnet',
      '--validators',
      String(VALIDATORS),
      '--base-port',
      String(basePort),
      '--data-dir',
      directory,
    ];
    const { code, stdout, stderr } = await runCli(args);
    assert.is(code, 5);
    assert.is(stdout, '');
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${rpcPort} is in use.*\n.*--base-port`));
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});

command('the next time the same network goes on; one that is killed is reported and can be brought back', async () => {
  const { infos, stderr } = await startDevnet();
  const first = new Rpc(infos[0]?.rpcUrl ?? '');
  await eventually('more blocks than before', async () => (await first.height()) > 3);
  const config = join(devnetNodeDirectory(directory, 2), 'config.yaml');
  process.kill(await pidOf(2), 'SIGKILL');
  await eventually('the report', () => stderr().includes(`aitbc-node start --config ${config}`));
  const again = new TestNode(directory, ['start', '--config', config], join(folder.path, 'again.log'));
  try {
    await again.start();
    await again.ready();
  } finally {
    await again.kill();
  }
  assert.equal(await end('SIGTERM'), { code: 0, signal: null });
  await allGone();
});

command('when it is killed, its nodes end by themselves', async () => {
  await startDevnet();
  assert.equal(await end('SIGKILL'), { code: null, signal: 'SIGKILL' });
  await allGone();
});

async function startDevnet(): Promise<{ infos: readonly NodeInfo[]; stderr: () => string }> {
  const args = ['devnet', '--validators', String(VALIDATORS), '--base-port', String(basePort), '--data-dir', directory];
  const started = spawn(process.execPath, [programFile(), ...args, '--json'], {
    env: { PATH: process.env.PATH, HOME: tmpdir() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  let stdout = '';
  let stderr = '';
  started.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  started.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const line = await eventually('the devnet is up', () => {
    if (started.exitCode !== null) throw new Error(`it has ended:\n${stderr}`);
    return stdout.includes('\n') && stdout;
  });
  const { nodes } = JSON.parse(line) as { nodes: NodeInfo[] };
  assert.is(nodes.length, VALIDATORS);
  return { infos: nodes, stderr: () => stderr };
}

function end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const ending = child as ChildProcess;
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    ending.once('exit', (code, by) => resolve({ code, signal: by }));
  });
  ending.kill(signal);
  return withTimeout(ended, PATIENCE_MS, `the devnet ends after ${signal}`);
}

/** The process that holds, or held last, the data directory of a node. */
async function pidOf(index: number): Promise<number> {
  const owner = join(devnetNodeDirectory(directory, index), 'lock', 'owner.json');
  return (JSON.parse(await readFile(owner, 'utf8')) as { pid: number }).pid;
}

/** Resolves when no node of the devnet runs any more. */
async function allGone(): Promise<void> {
  for (let index = 0; index < VALIDATORS; index++) {
    const pid = await pidOf(index);
    await eventually(`node ${index} is gone`, () => !isAlive(pid));
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // ESRCH
  }
}

command.run();
