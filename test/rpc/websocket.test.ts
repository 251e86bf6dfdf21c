import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/primitives/bytes.ts';
import type { Change } from '../../src/primitives/governance.ts';
import type { TransactionAction } from '../../src/primitives/transaction.ts';
import { withTimeout } from '../helpers/timeout.ts';
import {
  addressText,
  alice,
  bob,
  Client,
  carol,
  get,
  json,
  sign,
  TestChain,
  type TestNode,
  transfer,
  withNode,
} from './fixture.ts';

const ws = suite('rpc/websocket');

async function withClient(node: TestNode, use: (client: Client) => Promise<void>, url = node.ws): Promise<void> {
  const client = await Client.open(url);
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

/** Resolves when the server has taken everything that this client has sent. */
async function settled(client: Client): Promise<void> {
  const count = client.messages.length;
  client.send({ id: 'settled', method: 'ping' });
  await client.first(count + 1);
  while (client.messages.at(-1)?.id !== 'settled') await client.first(client.messages.length + 1);
}

function heights(messages: Client['messages']): number[] {
  return messages.filter(({ method }) => method === 'event').map(({ params }) => params.height);
}

ws('new_blocks, without jsonrpc and id, on every address', () =>
  withNode({}, async (node) => {
    for (const url of [node.ws, `${node.ws}/ws`, `${node.http.replace('http', 'ws')}/ws`]) {
      await withClient(
        node,
        async (client) => {
          client.send('{"method":"subscribe","params":["new_blocks"]}');
          await settled(client);
          client.messages.length = 0;
          node.chain.produce();
          const [event] = await client.first(1);
          const { body } = await get(`${node.http}/rpc/get_head`);
          assert.equal(event, {
            jsonrpc: '2.0',
            method: 'event',
            params: { channel: 'new_blocks', seq: 1, height: body.height, data: body },
          });
        },
        url,
      );
    }
  }),
);

ws('answers calls, the same as REST', () =>
  withNode({}, async (node) => {
    await withClient(node, async (client) => {
      const rest = await get(`${node.http}/rpc/get_balance/${addressText(alice)}`);
      client.send({ jsonrpc: '2.0', id: 1, method: 'get_balance', params: [addressText(alice)] });
      client.send({ id: 2, method: 'send_tx', params: json(transfer()) });
      client.send([
        { id: 3, method: 'ping' },
        { id: 4, method: 'mempool' },
      ]);
      const answers = await client.first(3);
      const byId = new Map(answers.map((answer) => [answer.id, answer]));
      assert.equal(byId.get(1).result, rest.body);
      assert.is(byId.get(2).result.status, 'pending');
      const batch = answers.find((answer) => Array.isArray(answer)) ?? [];
      assert.is(batch[0].result, 'pong');
      assert.type(batch[1].result.size, 'number');
    });
  }),
);

ws('subscribe and unsubscribe say what is subscribed', () =>
  withNode({}, async (node) => {
    node.chain.produce(2);
    await withClient(node, async (client) => {
      client.send({ id: 1, method: 'subscribe', params: ['new_blocks', 'consensus_events'] });
      client.send({ id: 2, method: 'subscribe', params: { channels: ['new_transactions'] } });
      client.send({ id: 3, method: 'unsubscribe', params: ['new_blocks'] });
      client.send({ id: 4, method: 'unsubscribe', params: ['new_blocks'] });
      const [first, second, third, fourth] = await client.first(4);
      assert.equal(first.result, { channels: ['new_blocks', 'consensus_events'], next_height: 3 });
      assert.equal(second.result.channels, ['new_blocks', 'consensus_events', 'new_transactions']);
      assert.equal(third.result.channels, ['consensus_events', 'new_transactions']);
      assert.is(fourth.error.data.code, 'NOT_FOUND');
      node.chain.produce();
      await settled(client);
      assert.equal(heights(client.messages), []);
    });
  }),
);

ws('new_transactions tells of each, account:<address> of those that touch it', () =>
  withNode({}, async (node) => {
    await withClient(node, async (client) => {
      const channel = `account:${addressText(carol)}`;
      client.send({ method: 'subscribe', params: ['new_transactions', channel] });
      await settled(client);
      client.messages.length = 0;
      const [plain, toCarol] = [transfer(), transfer({ from: bob, to: node.chain.head.header.proposer })];
      await node.chain.mempool.add(plain);
      await node.chain.mempool.add(toCarol);
      const paid = transfer({ nonce: 1, to: addressOfCarol() });
      await node.chain.mempool.add(paid);
      node.chain.produce();
      const events = (await client.first(4)).map(({ params }) => params);
      const all = events.filter((event) => event.channel === 'new_transactions');
      assert.equal(
        all.map(({ seq, height }) => [seq, height]),
        [
          [1, 1],
          [2, 1],
          [3, 1],
        ],
      );
      const expected = await get(`${node.http}/rpc/get_tx/${paid.idHex}`);
      const own = events.filter((event) => event.channel === channel);
      assert.equal(own, [{ channel, seq: 1, height: 1, data: expected.body }]);
      assert.ok(all.some(({ data }) => data.tx_hash === paid.idHex));
    });
  }),
);

function addressOfCarol() {
  return transfer({ from: carol }).from;
}

ws('account:<address> tells of stakes on it, its release, and its coming and going as an authority', () =>
  withNode({}, async (node) => {
    await withClient(node, async (client) => {
      const channel = `account:${addressText(carol)}`;
      client.send({ method: 'subscribe', params: [channel] });
      await settled(client);
      client.messages.length = 0;
      const address = addressOfCarol();
      const stake = { validator: address, amount: 5n };
      const propose = (change: Change): TransactionAction => ({ selector: 8, value: { epoch: 0, change } });
      const actions: TransactionAction[] = [
        { selector: 4, value: stake },
        { selector: 5, value: stake },
        { selector: 6, value: { validator: address } },
        propose({ selector: 0, value: { address, publicKey: bob.publicKey } }),
        propose({ selector: 1, value: { address } }),
        propose({ selector: 3, value: { protocolVersion: 2 } }),
        { selector: 9, value: { proposal: 1, choice: 1 } },
      ];
      const sent = actions.map((action, nonce) => sign(action, { nonce }));
      for (const envelope of sent) await node.chain.mempool.add(envelope);
      node.chain.produce();
      // Whether the network does what is asked is another question: it is told of what failed, too.
      const events = await client.first(5);
      assert.equal(
        events.map(({ params }) => params.data.tx_hash),
        sent.slice(0, 5).map(({ idHex }) => idHex),
      );
      await settled(client);
      assert.is(client.messages.filter(({ method }) => method === 'event').length, 5);
    });
  }),
);

ws('consensus_events tells of a new epoch and who votes in it', () =>
  withNode({}, async (node) => {
    await withClient(node, async (client) => {
      client.send({ method: 'subscribe', params: ['consensus_events'] });
      await settled(client);
      client.messages.length = 0;
      const { hash } = node.chain.head;
      const validators = [{ publicKey: carol.publicKey, address: addressOfCarol(), weight: 7 }];
      node.chain.consensus({ type: 'epoch_changed', epoch: 2, slot: 0, hash, height: 9, validators });
      const [event] = await client.first(1);
      assert.equal(event.params, {
        channel: 'consensus_events',
        seq: 1,
        height: 9,
        data: {
          type: 'epoch_changed',
          epoch: 2,
          slot: 0,
          hash: toHex(hash),
          height: 9,
          validators: [{ public_key: toHex(carol.publicKey), address: addressText(carol), weight: 7 }],
        },
      });
    });
  }),
);

ws('consensus_events tells of slots', () =>
  withNode({}, async (node) => {
    await withClient(node, async (client) => {
      client.send({ method: 'subscribe', params: ['consensus_events'] });
      await settled(client);
      client.messages.length = 0;
      const { hash } = node.chain.head;
      node.chain.consensus({ type: 'slot_entered', epoch: 1, slot: 5 });
      node.chain.consensus({ type: 'notarized', epoch: 1, slot: 5, hash, height: 9 });
      const events = (await client.first(2)).map(({ params }) => params);
      assert.equal(events, [
        { channel: 'consensus_events', seq: 1, data: { type: 'slot_entered', epoch: 1, slot: 5 } },
        {
          channel: 'consensus_events',
          seq: 2,
          height: 9,
          data: { type: 'notarized', epoch: 1, slot: 5, hash: toHex(hash), height: 9 },
        },
      ]);
    });
  }),
);

ws('from_height resumes without a gap or a duplicate while blocks go on', () =>
  withNode({}, async (node) => {
    node.chain.produce(80);
    await withClient(node, async (client) => {
      client.send({ method: 'subscribe', params: ['new_blocks'], from_height: 3 });
      // Blocks that come while the past is read, and after it.
      for (let i = 0; i < 40; i++) {
        await new Promise((resolve) => setImmediate(resolve));
        node.chain.produce();
      }
      const last = node.chain.head.header.height;
      while (heights(client.messages).at(-1) !== last) await client.first(client.messages.length + 1);
      node.chain.produce(3);
      while (heights(client.messages).at(-1) !== last + 3) await client.first(client.messages.length + 1);
      const events = client.messages.filter(({ method }) => method === 'event').map(({ params }) => params);
      assert.equal(
        events.map(({ height }) => height),
        Array.from({ length: last + 1 }, (_, index) => index + 3),
      );
      assert.equal(
        events.map(({ seq }) => seq),
        events.map((_, index) => index + 1),
      );
    });
  }),
);

ws('from_height resumes new_transactions too', () =>
  withNode({}, async (node) => {
    const ids: string[] = [];
    for (let nonce = 0; nonce < 6; nonce++) {
      const envelope = transfer({ nonce });
      ids.push(envelope.idHex);
      await node.chain.mempool.add(envelope);
      if (nonce % 2 === 1) node.chain.produce();
    }
    await withClient(node, async (client) => {
      client.send({ id: 1, method: 'subscribe', params: { channels: ['new_transactions'], from_height: 2 } });
      const [, ...events] = await client.first(5);
      assert.equal(
        events.map(({ params }) => params.data.tx_hash),
        ids.slice(2),
      );
    });
  }),
);

ws('from_height in the future begins there; 0 begins with genesis', () =>
  withNode({}, async (node) => {
    await withClient(node, async (client) => {
      client.send({ method: 'subscribe', params: ['new_blocks'], from_height: 3 });
      await settled(client);
      node.chain.produce(4);
      await settled(client);
      assert.equal(heights(client.messages), [3, 4]);
      client.messages.length = 0;
      client.send({ id: 1, method: 'subscribe', params: ['new_blocks'], from_height: 0 });
      await client.first(6);
      assert.equal(heights(client.messages), [0, 1, 2, 3, 4]);
      assert.is(client.messages.at(1)?.params.seq, 1);
    });
  }),
);

ws('a block that comes before the one expected is not told twice, one missed is fetched', () =>
  withNode({}, async (node) => {
    await withClient(node, async (client) => {
      client.send({ method: 'subscribe', params: ['new_blocks'] });
      await settled(client);
      node.chain.produce();
      const again = node.chain.blocks[1];
      if (again === undefined) throw new Error('block 1');
      node.chain.events.emit('finalized', again);
      // A block whose event never comes.
      const silent = node.chain.build();
      node.chain.blocks.push(silent);
      node.chain.produce();
      while (heights(client.messages).length < 3) await client.first(client.messages.length + 1);
      await settled(client);
      assert.equal(heights(client.messages), [1, 2, 3]);
    });
  }),
);

ws('a block that the node does not have ends the subscription with a word', () =>
  withNode({}, async (node) => {
    node.chain.produce(4);
    node.chain.missing = 2;
    const stop = node.chain.events.listeners('finalized').length;
    assert.ok(stop > 0);
    await withClient(node, async (client) => {
      // The newest blocks are kept in memory; a block that was never finalized by this process is not.
      node.chain.blocks.push(node.chain.build());
      node.chain.missing = 5;
      client.send({ method: 'subscribe', params: ['new_blocks'], from_height: 4 });
      while (client.messages.at(-1)?.method !== 'dropped') await client.first(client.messages.length + 1);
      const { params } = client.messages.at(-1) ?? {};
      assert.match(params.reason, /no block at height 5/);
      assert.equal(params.last, [{ channel: 'new_blocks', seq: 1, height: 4 }]);
      await settled(client);
    });
  }),
);

ws('bad messages are told, with and without id, and the connection goes on', () =>
  withNode({}, async (node) => {
    await withClient(node, async (client) => {
      const cases: readonly [message: unknown, code: string, id: unknown][] = [
        ['{', 'MALFORMED_JSON', null],
        [5, 'INVALID_REQUEST', null],
        [{ method: 'subscribe', params: ['nothing'] }, 'INVALID_FIELD', null],
        [{ id: 1, method: 'subscribe' }, 'INVALID_FIELD', 1],
        [{ id: 2, method: 'subscribe', params: [] }, 'INVALID_FIELD', 2],
        [{ id: 3, method: 'subscribe', params: ['new_blocks'], from_height: -1 }, 'INVALID_FIELD', 3],
        [{ id: 4, method: 'subscribe', params: ['new_blocks'], from_height: '1' }, 'INVALID_FIELD', 4],
        [{ id: 5, method: 'subscribe', params: ['consensus_events'], from_height: 1 }, 'INVALID_FIELD', 5],
        [{ id: 6, method: 'subscribe', params: ['account:ait1x'] }, 'BAD_ADDRESS', 6],
        [{ id: 7, method: 'subscribe', params: ['new_blocks', 'nothing'] }, 'INVALID_FIELD', 7],
        [{ id: 8, method: 'subscribe', params: { channels: ['new_blocks'], x: 1 } }, 'UNKNOWN_FIELD', 8],
        [{ id: 9, method: 'subscribe', params: 'new_blocks' }, 'INVALID_FIELD', 9],
        [{ id: 10, method: 'get_head', from_height: 1 }, 'INVALID_REQUEST', 10],
        [{ id: 11, method: 'nothing' }, 'METHOD_NOT_FOUND', 11],
        [{ jsonrpc: '1.0', id: 12, method: 'ping' }, 'INVALID_REQUEST', 12],
      ];
      for (const [message, code, id] of cases) {
        client.messages.length = 0;
        client.send(message);
        const [answer] = await client.first(1);
        assert.is(answer.error.data.code, code, JSON.stringify(message));
        assert.is(answer.id, id);
      }
      client.messages.length = 0;
      client.socket.send(new Uint8Array([1, 2, 3]));
      const [binary] = await client.first(1);
      assert.is(binary.error.data.code, 'INVALID_REQUEST');
      node.chain.produce();
      await settled(client);
      assert.equal(heights(client.messages), []);
    });
  }),
);

ws('a message that is too long closes the connection', () =>
  withNode({}, async (node) => {
    const client = await Client.open(node.ws);
    client.send('x'.repeat(64 * 1024 + 1));
    const { code } = await withTimeout(client.closed, 5_000, 'close');
    assert.is(code, 1009);
  }),
);

ws('subscriptions of a connection are bounded', () =>
  withNode({ limits: { maxSubscriptions: 2 } }, async (node) => {
    await withClient(node, async (client) => {
      client.send({ id: 1, method: 'subscribe', params: ['new_blocks', 'new_transactions'] });
      client.send({ id: 2, method: 'subscribe', params: ['consensus_events'] });
      client.send({ id: 3, method: 'subscribe', params: ['new_blocks'] });
      const [first, second, third] = await client.first(3);
      assert.is(first.result.channels.length, 2);
      assert.is(second.error.data.code, 'INVALID_REQUEST');
      assert.is(third.result.channels.length, 2);
    });
  }),
);

ws('connections are bounded', () =>
  withNode({ limits: { maxSockets: 2 } }, async (node) => {
    const [first, second] = [await Client.open(node.ws), await Client.open(node.ws)];
    try {
      await Client.open(node.ws);
      assert.unreachable('a third connection was let in');
    } catch (error) {
      assert.match((error as Error).message, /503/);
    }
    await first?.close();
    await settled(second as Client);
    await withClient(node, settled);
    await second?.close();
  }),
);

ws('a client that does not read is told so, at which number, and dropped', () =>
  withNode({ limits: { maxSocketBufferBytes: 100_000 } }, async (node) => {
    const client = await Client.open(node.ws);
    client.send({ method: 'subscribe', params: ['new_blocks', 'consensus_events'] });
    await settled(client);
    client.messages.length = 0;
    client.socket.pause();
    for (let slot = 0; slot < 100_000; slot++) node.chain.consensus({ type: 'slot_entered', epoch: 1, slot });
    const metrics = await node.registry.metrics();
    assert.match(metrics, /blockchain_rpc_slow_clients_total 1/);
    client.socket.resume();
    const { code, reason } = await withTimeout(client.closed, 5_000, 'close');
    assert.is(code, 4008);
    const { method, params } = client.messages.at(-1) ?? {};
    assert.is(method, 'dropped');
    const events = client.messages.slice(0, -1);
    const last = params.last.find(({ channel }: { channel: string }) => channel === 'consensus_events');
    assert.is(events.length, last.seq);
    assert.is(events.at(-1)?.params.seq, last.seq);
    assert.match(reason, new RegExp(`consensus_events ${last.seq}\\b`));
    assert.ok(last.seq < 100_000);
  }),
);

/** Pretends to have very many blocks, all like the last that was made. */
class DeepChain extends TestChain {
  override get head() {
    const { hash, header } = super.head;
    return { hash, header: { ...header, height: 100_000 } };
  }
  override async blockByHeight(height: number) {
    const like = await super.blockByHeight(this.blocks.length - 1);
    return like && { ...like, block: { ...like.block, header: { ...like.block.header, height } } };
  }
}

ws('a client that catches up without reading holds the reading of blocks back, then is dropped', async () => {
  const chain = new DeepChain();
  for (let nonce = 0; nonce < 60; nonce++) await chain.mempool.add(transfer({ nonce, memo: 'x'.repeat(256) }));
  chain.finalize(chain.build());
  await withNode(
    { limits: { socketStallMs: 200, maxSocketBufferBytes: 2 ** 30 }, override: { chain, events: chain.events } },
    async (node) => {
      const client = await Client.open(node.ws);
      client.send({ method: 'subscribe', params: ['new_transactions'], from_height: 1 });
      await client.first(1);
      client.socket.pause();
      const dropped = (async () => {
        while (!/slow_clients_total 1\n/.test(await node.registry.metrics())) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })();
      await withTimeout(dropped, 5_000, 'the client is dropped');
      assert.ok(chain.reads < 2_000, `${chain.reads} blocks were read`);
      client.socket.resume();
      const { code } = await withTimeout(client.closed, 5_000, 'close');
      assert.is(code, 4008);
      const { method, params } = client.messages.at(-1) ?? {};
      assert.is(method, 'dropped');
      assert.equal(params.last, [
        { channel: 'new_transactions', seq: client.messages.length - 1, height: client.messages.at(-2)?.params.height },
      ]);
    },
  );
});

ws('a client that does not answer pings is cut off', () =>
  withNode({ limits: { socketPingMs: 50 } }, async (node) => {
    const deaf = await Client.open(node.ws);
    const alive = await Client.open(node.ws);
    deaf.socket.pause();
    const gone = (async () => {
      while (!/blockchain_rpc_websockets 1\n/.test(await node.registry.metrics())) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    await withTimeout(gone, 5_000, 'the deaf client is cut off');
    await settled(alive);
    deaf.socket.terminate();
    await alive.close();
  }),
);

ws('unfinished calls of a connection are bounded: it is not read until one has finished', () =>
  withNode({ limits: { maxSocketCalls: 2 }, timeoutMs: 5_000 }, async (node) => {
    await withClient(node, async (client) => {
      for (let nonce = 0; nonce < 3; nonce++) {
        client.send({ id: nonce, method: 'send_tx', params: { ...json(transfer({ nonce })), wait: 'finalized' } });
      }
      const two = (async () => {
        while (node.chain.mempool.size < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      })();
      await withTimeout(two, 5_000, 'two calls');
      await get(`${node.http}/livez`);
      assert.is(node.chain.mempool.size, 2);
      node.chain.produce();
      await client.first(2);
      const third = (async () => {
        while (node.chain.mempool.size < 1) await new Promise((resolve) => setTimeout(resolve, 5));
      })();
      await withTimeout(third, 5_000, 'the third call');
      node.chain.produce();
      await client.first(3);
    });
  }),
);

ws.run();
