import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withTimeout } from '../helpers/timeout.ts';
import { Client, get, json, post, TestChain, transfer, withNode } from './fixture.ts';

const server = suite('rpc/server');

server('a port in use is named with the setting to change, and nothing stays open', () =>
  withNode({}, async (holder) => {
    const { rpc, ws } = holder.server.ports;
    for (const [ports, setting, taken] of [
      [{ port: rpc }, 'RPC_PORT', rpc],
      [{ wsPort: ws }, 'WS_PORT', ws],
    ] as const) {
      try {
        await withNode(ports, async () => assert.unreachable('it started'));
        assert.unreachable('it started');
      } catch (error) {
        assert.is((error as Error).name, 'RpcError');
        assert.is((error as { code?: string }).code, 'ADDRESS_IN_USE');
        assert.match((error as Error).message, new RegExp(`127\\.0\\.0\\.1:${taken}\\b.*${setting}`));
      }
    }
    assert.is((await get(`${holder.http}/livez`)).status, 200);
  }),
);

server('stop ends waits and WebSockets with a word, and frees the ports', async () => {
  const chain = new TestChain();
  let ports = { rpc: 0, ws: 0 };
  let client: Client | undefined;
  let waiting: ReturnType<typeof post> | undefined;
  const envelope = transfer();
  await withNode({ override: { chain, mempool: chain.mempool, events: chain.events } }, async (node) => {
    ports = node.server.ports;
    client = await Client.open(node.ws);
    waiting = post(`${node.http}/rpc/send_tx?wait=finalized`, json(envelope));
    while (chain.mempool.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  const answer = await waiting;
  assert.is(answer?.status, 503);
  assert.is(answer?.body.code, 'NOT_READY');
  assert.is(answer?.body.tx_hash, envelope.idHex);
  const { code } = (await client?.closed) ?? {};
  assert.is(code, 1001);
  assert.equal(
    (['finalized', 'notarized', 'dropped', 'consensus'] as const).map((event) => chain.events.listenerCount(event)),
    [0, 0, 0, 0],
  );
  await withNode({ port: ports.rpc, wsPort: ports.ws }, async (node) => assert.equal(node.server.ports, ports));
});

server('stop lets a request in flight finish', async () => {
  const chain = new TestChain();
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let entered: () => void = () => undefined;
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const mempool = {
    size: 0,
    bytes: 0,
    get: () => undefined,
    nextNonce: () => 0,
    async add() {
      entered();
      await released;
      return { status: 'accepted' } as const;
    },
  };
  let answer: ReturnType<typeof post> | undefined;
  await withNode({ override: { chain, mempool } }, async (node) => {
    answer = post(`${node.http}/rpc/send_tx`, json(transfer()));
    await withTimeout(inside, 5_000, 'the request is in flight');
    setTimeout(release, 50);
  });
  assert.is((await answer)?.status, 200);
});

server('stop cuts off who does not finish in time', async () => {
  let socket: ReturnType<typeof connect> | undefined;
  await withNode({ limits: { drainMs: 100 } }, async (node) => {
    socket = connect(node.server.ports.rpc, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      'POST /rpc/send_tx HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
    );
    await get(`${node.http}/livez`);
  });
  if (socket?.closed === false) {
    await withTimeout(new Promise((resolve) => socket?.once('close', resolve)), 5_000, 'the socket is closed');
  }
});

server('connections are bounded', () =>
  withNode({ limits: { maxConnections: 2 } }, async (node) => {
    const { rpc } = node.server.ports;
    const open = () =>
      new Promise<ReturnType<typeof connect>>((resolve) => {
        const socket = connect(rpc, '127.0.0.1', () => resolve(socket));
        socket.on('error', () => undefined);
      });
    const held = [await open(), await open()];
    const third = await open();
    third.resume();
    if (!third.closed) await withTimeout(new Promise((resolve) => third.once('close', resolve)), 5_000, 'refusal');
    for (const socket of held) socket.destroy();
  }),
);

server('requests that are no HTTP, or have endless headers, end', () =>
  withNode({}, async (node) => {
    for (const bytes of ['garbage\r\n\r\n', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`]) {
      const socket = connect(node.server.ports.rpc, '127.0.0.1');
      let text = '';
      socket.on('data', (data) => {
        text += String(data);
      });
      socket.on('error', () => undefined);
      socket.write(bytes);
      await withTimeout(new Promise((resolve) => socket.once('close', resolve)), 5_000, 'the connection ends');
      assert.match(text, /^HTTP\/1\.1 4/);
    }
    assert.is((await get(`${node.http}/livez`)).status, 200);
  }),
);

server('a listener that fails inside does not reach who emits', () =>
  withNode({}, async (node) => {
    const client = await Client.open(node.ws);
    client.send({ id: 1, method: 'subscribe', params: ['new_transactions'] });
    await client.first(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await node.chain.mempool.add(transfer());
    // Receipts are missing: the events can't be written.
    assert.not.throws(() => node.chain.finalize({ ...node.chain.build(), receipts: [] }));
    await client.close();
  }),
);

server.run();
