// Gossip between four processes on loopback: how long a vote takes to reach the other three, and what a delivery costs.
// Run with `node --import tsx test/perf/network.bench.ts`. Prints; it is no part of the tests.
// The same file is the node of each process: it says where it listens, publishes on command and tells what arrived when.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { toHex } from '../../src/primitives/bytes.ts';
import { addressOf, connected, type NodeSettings, startNode, type TestNode } from '../network/harness.ts';
import { report } from './cpu.ts';

const NODES = 4;
const VOTE_BYTES = 200;
const BLOCK_BYTES = 256 * 1024;
/** Idle: one message at a time, far enough apart that nothing queues. */
const IDLE_VOTES = 300;
const IDLE_PAUSE_MS = 10;
const BUSY_VOTES = 2_000;
const IDLE_MS = 2_000;

type Command =
  | { start: number; peers: string[] }
  | { publish: 'vote' | 'block'; bytes: number; count: number; pause: number }
  | 'cpu'
  | 'stop';
type Answer = { address: string } | { connected: true } | { arrived: number[] } | { published: true } | { cpu: number };

const now = () => performance.timeOrigin + performance.now();
const tell = (answer: Answer) => void process.send?.(answer);

async function node(): Promise<void> {
  let arrived: number[] = [];
  let running: TestNode | undefined;
  const known = new Set<string>();
  const settings: NodeSettings = {
    resendInterval: 1_500,
    statusInterval: 2_000,
    judge: ({ bytes }) => {
      const id = toHex(bytes.subarray(0, 32));
      if (known.has(id)) return 'ignore';
      known.add(id);
      arrived.push(now() - new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0));
      return 'accept';
    },
  };
  process.once('disconnect', () => void running?.stop());
  process.on('message', async (command: Command) => {
    if (command === 'cpu') {
      const { user, system } = process.cpuUsage();
      tell({ arrived });
      arrived = [];
      tell({ cpu: (user + system) / 1000 });
    } else if (command === 'stop') {
      process.disconnect();
    } else if ('start' in command) {
      running = await startNode(command.start, { ...settings, peers: command.peers });
      tell({ address: addressOf(running) });
      await connected(running, NODES - 1);
      tell({ connected: true });
    } else {
      for (let i = 0; i < command.count; i++) {
        const bytes = crypto.getRandomValues(new Uint8Array(Math.min(command.bytes, 64)));
        const message = new Uint8Array(command.bytes);
        message.set(bytes);
        new DataView(message.buffer).setFloat64(0, now());
        if (command.publish === 'vote') await running?.network.publishVote(message);
        else await running?.network.publishProposal(message);
        await new Promise((resolve) => setTimeout(resolve, command.pause));
      }
      tell({ published: true });
    }
  });
}

async function main(): Promise<void> {
  const self = fileURLToPath(import.meta.url);
  const children = Array.from({ length: NODES }, () => fork(self, ['node'], { execArgv: ['--import', 'tsx'] }));
  const received = children.map((): Answer[] => []);
  for (const [index, child] of children.entries())
    child.on('message', (answer: Answer) => received[index]?.push(answer));
  const next = async <K extends string>(index: number, key: K): Promise<Extract<Answer, Record<K, unknown>>> => {
    for (;;) {
      const queue = received[index] ?? [];
      const found = queue.findIndex((answer) => key in answer);
      if (found >= 0) return queue.splice(found, 1)[0] as Extract<Answer, Record<K, unknown>>;
      await once(children[index] as (typeof children)[number], 'message');
    }
  };
  const totals = async () => {
    for (const child of children) child.send('cpu');
    const times = await Promise.all(children.map(async (_, i) => (await next(i, 'arrived')).arrived));
    const cpu = await Promise.all(children.map(async (_, i) => (await next(i, 'cpu')).cpu));
    return { times: times.flat().sort((a, b) => a - b), cpu: cpu.reduce((sum, value) => sum + value, 0) };
  };

  const peers: string[] = [];
  for (const [index, child] of children.entries()) {
    child.send({ start: index + 1, peers } satisfies Command);
    peers.push((await next(index, 'address')).address);
  }
  await Promise.all(children.map((_, index) => next(index, 'connected')));

  const round = async (name: string, publish: 'vote' | 'block', bytes: number, count: number, pause: number) => {
    const before = await totals();
    const start = now();
    const each = Math.ceil(count / NODES);
    for (const child of children) child.send({ publish, bytes, count: each, pause: pause * NODES } satisfies Command);
    await Promise.all(children.map((_, index) => next(index, 'published')));
    const seconds = (now() - start) / 1000;
    await new Promise((resolve) => setTimeout(resolve, 300));
    const after = await totals();
    const at = (share: number) => after.times[Math.floor(after.times.length * share)] ?? Number.NaN;
    report(`${name}: p50`, at(0.5), 'ms');
    report(`${name}: p99`, at(0.99), 'ms');
    report(`${name}: rate`, (each * NODES) / seconds, '/s');
    report(`${name}: deliveries of ${each * NODES * (NODES - 1)}`, after.times.length, '');
    report(`${name}: CPU of all nodes per delivery`, (after.cpu - before.cpu) / after.times.length, 'ms');
  };
  await round('warm-up', 'vote', VOTE_BYTES, 2_000, 1);
  const idle = await totals();
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  report('CPU of all nodes when nothing is sent', ((await totals()).cpu - idle.cpu) / (IDLE_MS / 1000), 'ms/s');
  await round('200 B votes, idle', 'vote', VOTE_BYTES, IDLE_VOTES, IDLE_PAUSE_MS);
  await round('200 B votes, busy', 'vote', VOTE_BYTES, BUSY_VOTES, 1);
  await round('256 KiB blocks', 'block', BLOCK_BYTES, 40, 50);
  for (const child of children) child.send('stop');
}

await (process.argv[2] === 'node' ? node() : main());
