// What a transaction costs on the wire on its first way to everybody: real hosts and real mempools on loopback in one
// process, every byte that their sockets write counted, less what they write when nothing is sent. There are no blocks
// here, and nothing is announced again. `make bench-wire`. Prints; it is no part of the tests.

import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../../src/cli/bench/statistics.ts';
import { TransactionRelay } from '../../src/node/transaction-relay.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { Account, setup } from '../mempool/fixture.ts';
import { addressOf, connected, eventually, startNode, type TestNode } from '../network/harness.ts';
import { report } from './cpu.ts';

const SIZES = [4, 10, 20] as const;
/** Transactions that a client sends to one node at once; after a pause (ms) the next client, to the next node. */
const GROUPS = [
  { group: 1, pause: 50, times: 200 },
  { group: 10, pause: 100, times: 50 },
  { group: 100, pause: 400, times: 10 },
] as const;
const IDLE_MS = 5_000;
const SETTLE_MS = 2_000;

/** Of this process; two for each connection. */
const sockets = new Set<Socket>();
let closed = 0;
for (const channel of ['net.client.socket', 'net.server.socket']) {
  subscribe(channel, (message) => {
    const { socket } = message as { socket: Socket };
    sockets.add(socket);
    socket.once('close', () => {
      closed += socket.bytesWritten;
      sockets.delete(socket);
    });
  });
}
const written = () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, closed);

interface Relayed {
  readonly node: TestNode;
  readonly relay: TransactionRelay;
  readonly mempool: ReturnType<typeof setup>['mempool'];
  /** of the messages: all in it was known */
  useless: number;
  /** of topic tx that had to be judged */
  messages: number;
}

for (const size of SIZES) {
  const transactions = GROUPS.reduce((sum, { group, times }) => sum + group * times, 0);
  const accounts = Array.from({ length: transactions }, (_, index) => new Account(index));
  const nodes = await network(size, accounts);
  try {
    const before = written();
    await sleep(IDLE_MS);
    const idle = (written() - before) / IDLE_MS;
    report(`${size} nodes: idle, each`, (1000 * idle) / size, 'B/s');
    for (const way of GROUPS) await measure(nodes, accounts.splice(0, way.group * way.times), way, idle);
  } finally {
    for (const { node, relay } of nodes) {
      relay.stop();
      await node.stop();
    }
  }
}

async function measure(
  nodes: readonly Relayed[],
  accounts: readonly Account[],
  { group, pause }: { readonly group: number; readonly pause: number },
  idle: number,
) {
  const sent = accounts.map((account) => account.pay());
  for (const node of nodes) Object.assign(node, { useless: 0, messages: 0 });
  const before = written();
  const start = performance.now();
  const delays: number[] = [];
  const submitted = new Map<string, { readonly node: Relayed; readonly at: number }>();
  const listeners = nodes.map((node) => {
    const listener = ({ idHex }: { idHex: string }) => {
      const one = submitted.get(idHex);
      if (one !== undefined && one.node !== node) delays.push(performance.now() - one.at);
    };
    node.mempool.on('accepted', listener);
    return () => node.mempool.off('accepted', listener);
  });
  for (let turn = 0; turn * group < sent.length; turn++) {
    await sleep(Math.max(0, start + turn * pause - performance.now()));
    const node = nodes[turn % nodes.length] as Relayed;
    for (const one of sent.slice(turn * group, (turn + 1) * group)) {
      submitted.set(one.idHex, { node, at: performance.now() });
      void node.relay.submit(one);
    }
  }
  const holdsAll = ({ mempool }: Relayed) => sent.every(({ idHex }) => mempool.has(idHex));
  await eventually(() => nodes.every(holdsAll), 'all to hold all', 60_000);
  await sleep(SETTLE_MS);
  for (const off of listeners) off();
  const bytes = written() - before - idle * (performance.now() - start);
  const size = sent.reduce((sum, one) => sum + one.bytes.length, 0) / sent.length;
  const each = bytes / sent.length / (nodes.length - 1);
  const name = `${nodes.length} nodes, ${group} at once`;
  report(`${name}: on the wire for each receiver`, each, `B of ${size.toFixed(0)} B`);
  report(`${name}: as often as it must`, each / size, '');
  report(`${name}: from a client to the others, p50`, percentile(delays, 0.5), 'ms');
  report(`${name}: the same, p99`, percentile(delays, 0.99), 'ms');
  const messages = nodes.reduce((sum, node) => sum + node.messages, 0);
  const useless = nodes.reduce((sum, node) => sum + node.useless, 0);
  report(`${name}: batches with nothing new, of ${messages}`, useless, '');
}

async function network(size: number, accounts: readonly Account[]): Promise<Relayed[]> {
  const nodes: Relayed[] = [];
  for (let number = 1; number <= size; number++) {
    const { mempool } = setup(accounts);
    const relay: TransactionRelay = new TransactionRelay({
      mempool,
      publish: (batch) => node.network.publishTransactions(batch),
      onSubmitted: () => undefined,
      onRejected: () => undefined,
      logger: silentLogger(),
      now: () => 0, // nothing is announced again
      random: Math.random,
    });
    const node: TestNode = await startNode(number, {
      peers: nodes.map((other) => addressOf(other.node)),
      resendInterval: 1_500,
      statusInterval: 1_500,
      serve: {
        onTransactions: async (bytes) => {
          const verdict = await relay.receive(bytes);
          relayed.messages++;
          if (verdict !== 'accept') relayed.useless++;
          return verdict;
        },
      },
    });
    const relayed: Relayed = { node, relay, mempool, useless: 0, messages: 0 };
    nodes.push(relayed);
  }
  await Promise.all(nodes.map(({ node }) => connected(node, size - 1)));
  await sleep(3_000); // the mesh forms
  return nodes;
}
