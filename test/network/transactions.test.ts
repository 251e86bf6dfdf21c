// Transactions between real hosts with real mempools: who hears of what was sent while it was away, and how little is said
// twice.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TransactionRelay } from '../../src/node/transaction-relay.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { Account, setup } from '../mempool/fixture.ts';
import { addressOf, connected, eventually, startNode, type TestNode } from './harness.ts';

const transactions = suite('transactions between hosts');
const accounts = Array.from({ length: 8 }, (_, index) => new Account(index));
/** Longer than a transaction is left to its first way through the network. */
const LATER_MS = 5_000;
/** Longer than what waits is left unsaid, though nobody has come. */
const MUCH_LATER_MS = 25_000;

interface Relayed extends TestNode {
  readonly relay: TransactionRelay;
  readonly mempool: ReturnType<typeof setup>['mempool'];
  readonly time: { ahead: number };
  /** what it hears of transactions is lost while it is deaf */
  isDeaf: boolean;
}

async function start(number: number, peers: readonly Relayed[]): Promise<Relayed> {
  const { mempool } = setup(accounts);
  const time = { ahead: 0 };
  const relay: TransactionRelay = new TransactionRelay({
    mempool,
    publish: (batch) => node.network.publishTransactions(batch),
    onSubmitted: () => undefined,
    onRejected: () => undefined,
    logger: silentLogger(),
    now: () => performance.now() + time.ahead,
    random: Math.random,
  });
  const node: TestNode = await startNode(number, {
    peers: peers.map(addressOf),
    serve: { onTransactions: async (bytes) => (relayed.isDeaf ? 'ignore' : relay.receive(bytes)) },
  });
  node.network.on('peer:connected', () => relay.peerCame());
  const relayed: Relayed = {
    ...node,
    relay,
    mempool,
    time,
    isDeaf: false,
    stop: () => {
      relay.stop();
      return node.stop();
    },
  };
  return relayed;
}

async function stopAll(nodes: readonly Relayed[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.stop()));
}

const holdsAll = ({ mempool }: Relayed, sent: readonly TransactionEnvelope[]) =>
  sent.every(({ idHex }) => mempool.has(idHex));

transactions('what a node took while it was alone reaches those who come, and those behind them', async () => {
  const alone = await start(1, []);
  const nodes = [alone];
  try {
    const sent = accounts.map((account) => account.pay());
    for (const one of sent) await alone.relay.submit(one);
    alone.time.ahead = LATER_MS;
    const second = await start(2, [alone]);
    nodes.push(second);
    const third = await start(3, [second]);
    nodes.push(third);
    await connected(second, 2);
    await eventually(() => holdsAll(second, sent), 'the second to hear of them', 10_000);
    await eventually(() => holdsAll(third, sent), 'the third to hear of them', 10_000);
  } finally {
    await stopAll(nodes);
  }
});

transactions('transactions sent to every node of a chain of them reach all others', async () => {
  const nodes: Relayed[] = [];
  try {
    for (let number = 1; number <= 4; number++) nodes.push(await start(number, nodes.slice(-1)));
    await Promise.all(nodes.map((node, index) => connected(node, index === 0 || index === 3 ? 1 : 2)));
    const sent = accounts.map((account) => account.pay());
    await Promise.all(sent.map((one, index) => nodes[index % nodes.length]?.relay.submit(one)));
    for (const node of nodes) await eventually(() => holdsAll(node, sent), 'all to hear of all', 10_000);
    assert.equal(
      nodes.map(({ mempool }) => mempool.size),
      nodes.map(() => sent.length),
    );
  } finally {
    await stopAll(nodes);
  }
});

transactions('what was lost on the way is said again, though nobody has come', async () => {
  const first = await start(1, []);
  const nodes = [first];
  try {
    const second = await start(2, [first]);
    nodes.push(second);
    await connected(second, 1);
    second.isDeaf = true;
    const sent = accounts.map((account) => account.pay());
    for (const one of sent) await first.relay.submit(one);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    assert.is(second.mempool.size, 0);
    second.isDeaf = false;
    first.time.ahead = MUCH_LATER_MS;
    await eventually(() => holdsAll(second, sent), 'the second to hear of them', 10_000);
  } finally {
    await stopAll(nodes);
  }
});

transactions.run();
