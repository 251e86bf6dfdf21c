// WebSocket clients of a running node: the three channels, and a resume by height across a restart without a gap.

import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { withTimeout } from '../helpers/timeout.ts';
import { TestNode, temporaryFolder } from './harness/devnet.ts';
import { eventually, PATIENCE_MS } from './harness/wait.ts';
import { finalizedBy, publishedWallet, Wallet } from './harness/wallet.ts';

interface Event {
  readonly channel: string;
  readonly seq: number;
  readonly height?: number;
  readonly data: {
    readonly hash?: string;
    readonly tx_hash?: string;
    readonly type?: string;
    readonly parent_hash?: string;
  };
}

/** A client that remembers every event. */
class Client {
  readonly events: Event[] = [];
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  readonly #answers: { result?: unknown; error?: unknown }[] = [];

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as {
        method?: string;
        params?: Event;
        result?: unknown;
        error?: unknown;
      };
      if (message.method === 'event' && message.params !== undefined) this.events.push(message.params);
      else this.#answers.push(message);
    });
    this.closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.once('error', () => undefined); // `opened` tells
  }

  async opened(): Promise<this> {
    await withTimeout(
      new Promise((resolve, reject) => this.#socket.once('open', resolve).once('error', reject)),
      PATIENCE_MS,
      'the WebSocket opens',
    );
    return this;
  }

  async call(message: object): Promise<{ result?: unknown; error?: unknown }> {
    const before = this.#answers.length;
    this.#socket.send(JSON.stringify(message));
    return eventually('an answer', () => this.#answers[before]);
  }

  of(channel: string): Event[] {
    return this.events.filter((event) => event.channel === channel);
  }

  close(): void {
    this.#socket.close();
  }
}

const sockets = suite('WebSocket');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let node: TestNode;
let wsUrl: string;
let genesisHash: Uint8Array;
let alice: Wallet;

sockets.before(async () => {
  folder = await temporaryFolder();
  const directory = join(folder.path, 'node');
  const ports = ['rpc', 'ws', 'metrics', 'p2p', 'p2p-ws'].flatMap((port) => [`--${port}-port`, '0']);
  node = new TestNode(
    directory,
    ['start', '--network', 'devnet', '--data-dir', directory, ...ports],
    join(folder.path, 'log'),
  );
  const info = await node.start();
  wsUrl = info.wsUrl;
  genesisHash = Uint8Array.from(Buffer.from(info.genesisHash, 'hex'));
  await node.ready();
  alice = await publishedWallet('alice', genesisHash, node.rpc);
});

sockets.after(async () => {
  await node.kill();
  await folder.remove();
});

sockets('blocks, transactions and consensus are told as they happen, on both addresses', async () => {
  for (const url of [wsUrl, `${wsUrl}/ws`, `${node.rpc.url.replace('http', 'ws')}/ws`]) {
    const client = await new Client(url).opened();
    const channels = ['new_blocks', 'new_transactions', 'consensus_events'];
    const answer = await client.call({ id: 1, method: 'subscribe', params: channels });
    assert.is(answer.error, undefined);
    const payment = alice.transfer(new Wallet(genesisHash).address, 5n);
    const { height } = await finalizedBy(node.rpc, payment);
    const told = await eventually('the transaction is told', () =>
      client.of('new_transactions').find(({ data }) => data.tx_hash === payment.hash),
    );
    assert.is(told.height, height);
    const block = await eventually('its block is told', () =>
      client.of('new_blocks').find((event) => event.height === height),
    );
    assert.is(block.data.hash, (await node.rpc.block(height)).hash);
    for (const type of ['slot_entered', 'proposed', 'notarized', 'finalized']) {
      await eventually(`${type} is told`, () => client.of('consensus_events').some(({ data }) => data.type === type));
    }
    for (const channel of channels) {
      const numbers = client.of(channel).map(({ seq }) => seq);
      assert.equal(
        numbers,
        numbers.map((_, index) => index + 1),
      );
    }
    client.close();
    await client.closed;
  }
});

sockets('a client that was cut off by a restart resumes at its next height without a gap', async () => {
  const before = await new Client(wsUrl).opened();
  await before.call({ id: 1, method: 'subscribe', params: ['new_blocks', 'new_transactions'] });
  const seen = alice.transfer(new Wallet(genesisHash).address, 5n);
  await finalizedBy(node.rpc, seen);
  await eventually('some blocks', () => before.of('new_blocks').length >= 2);
  await node.stop();
  assert.is(await withTimeout(before.closed, PATIENCE_MS, 'the WebSocket closes'), 1001, 'going away');
  const blocks = before.of('new_blocks');
  const next = (blocks.at(-1)?.height ?? 0) + 1;

  wsUrl = (await node.start()).wsUrl;
  const missed = alice.transfer(new Wallet(genesisHash).address, 6n);
  const { height } = await finalizedBy(node.rpc, missed);
  const after = await new Client(wsUrl).opened();
  await after.call({ id: 1, method: 'subscribe', params: ['new_blocks', 'new_transactions'], from_height: next });
  await eventually('the block that was missed', () => after.of('new_blocks').some((event) => event.height === height));
  const all = [...blocks, ...after.of('new_blocks')];
  for (const [index, { height: at, data }] of all.entries()) {
    const parent = all[index - 1];
    if (parent === undefined) continue;
    assert.is(at, (parent.height ?? 0) + 1);
    assert.is(data.parent_hash, parent.data.hash);
  }
  const transactions = [...before.of('new_transactions'), ...after.of('new_transactions')].map(
    ({ data }) => data.tx_hash,
  );
  assert.equal(
    transactions.filter((hash) => hash === seen.hash || hash === missed.hash),
    [seen.hash, missed.hash],
  );
  after.close();
  await after.closed;
});

sockets.run();
