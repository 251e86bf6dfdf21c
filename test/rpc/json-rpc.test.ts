import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AddResult } from '../../src/mempool/results.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { addressText, alice, bob, get, hex, json, post, TestChain, transfer, withNode } from './fixture.ts';

const rpc = suite('rpc/json-rpc');

function call(method: string, params?: unknown, id: unknown = 1): Record<string, unknown> {
  return { jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) };
}

rpc('gives the very answers of REST', () =>
  withNode({}, async ({ http, chain }) => {
    const envelope = transfer();
    await chain.mempool.add(envelope);
    chain.produce(2);
    const pairs: readonly [route: string, method: string, params?: unknown][] = [
      ['/rpc/get_head', 'get_head'],
      [`/rpc/get_balance/${addressText(alice)}`, 'get_balance', { address: addressText(alice) }],
      [`/rpc/get_balance/${addressText(alice)}?proof=true`, 'get_balance', [addressText(alice), true]],
      ['/rpc/get_block/1', 'get_block', { height: 1 }],
      ['/rpc/get_block/1', 'get_block', ['1']],
      ['/rpc/get_block/latest', 'get_block', ['latest']],
      [`/rpc/get_tx/${envelope.idHex}`, 'get_tx', { hash: envelope.idHex }],
      [`/rpc/get_receipt/${envelope.idHex}`, 'get_receipt', [envelope.idHex]],
      ['/rpc/peers', 'peers'],
      ['/rpc/validators', 'validators', []],
      [`/rpc/stake/${addressText(alice)}?proof=true`, 'stake', [addressText(alice), true]],
      ['/rpc/governance?limit=5', 'governance', [5]],
      ['/rpc/params', 'params'],
      ['/rpc/consensus?limit=5', 'consensus', [5]],
      ['/rpc/consensus/slashing', 'slashing'],
      ['/rpc/mempool', 'mempool', {}],
      ['/rpc/network_info', 'network_info'],
      ['/health', 'health'],
      ['/sync_status', 'sync_status'],
    ];
    for (const [route, method, params] of pairs) {
      const [direct, wrapped] = await Promise.all([get(http + route), post(http, call(method, params, 'id'))]);
      assert.is(wrapped.status, 200);
      assert.equal(wrapped.body, { jsonrpc: '2.0', id: 'id', result: direct.body }, route);
    }
  }),
);

rpc('gives the problems of REST as error data', () =>
  withNode({}, async ({ http, chain }) => {
    const wrong = { ...json(transfer()), extra: 1 };
    const pairs: readonly [rest: Promise<{ body: unknown }>, method: string, params: unknown, code: number][] = [
      [get(`${http}/rpc/get_block/99`), 'get_block', [99], -32000],
      [get(`${http}/rpc/get_block/-5`), 'get_block', [-5], -32602],
      [get(`${http}/rpc/governance/1`), 'proposal', [1], -32000],
      [get(`${http}/rpc/validators/${addressText(bob)}`), 'validator', { address: addressText(bob) }, -32000],
      [get(`${http}/rpc/get_balance/ait1x`), 'get_balance', { address: 'ait1x' }, -32602],
      [post(`${http}/rpc/send_tx`, wrong), 'send_tx', wrong, -32602],
      [post(`${http}/rpc/send_tx`, json(transfer({ nonce: 9 }))), 'send_tx', json(transfer({ nonce: 9 })), -32000],
    ];
    for (const [rest, method, params, code] of pairs) {
      const { body } = await post(http, call(method, params));
      assert.is(body.error.code, code);
      assert.equal(body.error.data, (await rest).body);
      assert.is(body.error.message, body.error.data.detail);
    }
    assert.is(chain.mempool.size, 0);
  }),
);

rpc('send_tx takes all forms, by name and by position', () =>
  withNode({}, async ({ http, chain }) => {
    const [a, b, c] = [0, 1, 2].map((nonce) => transfer({ nonce })) as [
      TransactionEnvelope,
      TransactionEnvelope,
      TransactionEnvelope,
    ];
    const { transaction, signature } = json(b);
    for (const [params, { idHex }] of [
      [json(a), a],
      [[transaction, signature], b],
      [{ ssz: hex(c) }, c],
    ] as const) {
      const { body } = await post(http, call('send_tx', params));
      assert.equal(body.result, { tx_hash: idHex, status: 'pending' });
    }
    chain.produce();
    const { body } = await post(http, call('send_tx', { ...json(a), wait: 'finalized' }));
    assert.is(body.result.receipt.height, 1);
  }),
);

rpc('what is no call is told by number', () =>
  withNode({}, async ({ http }) => {
    const cases: readonly [body: unknown, number: number, code: string][] = [
      ['{', -32700, 'MALFORMED_JSON'],
      [5, -32600, 'INVALID_REQUEST'],
      ['null', -32600, 'INVALID_REQUEST'],
      [{ id: 1, method: 'get_head' }, -32600, 'INVALID_REQUEST'],
      [{ jsonrpc: '1.0', id: 1, method: 'get_head' }, -32600, 'INVALID_REQUEST'],
      [{ jsonrpc: '2.0', id: 1 }, -32600, 'INVALID_REQUEST'],
      [{ jsonrpc: '2.0', id: {}, method: 'get_head' }, -32600, 'INVALID_REQUEST'],
      [{ jsonrpc: '2.0', id: 1, method: 5 }, -32600, 'INVALID_REQUEST'],
      [{ ...call('get_head'), extra: 1 }, -32600, 'INVALID_REQUEST'],
      [call('nothing'), -32601, 'METHOD_NOT_FOUND'],
      [call('constructor'), -32601, 'METHOD_NOT_FOUND'],
      [call('subscribe', ['new_blocks']), -32601, 'METHOD_NOT_FOUND'],
      [call('get_head', 5), -32602, 'INVALID_FIELD'],
      [call('get_head', null), -32602, 'INVALID_FIELD'],
      [call('get_head', [1]), -32602, 'INVALID_FIELD'],
      [call('get_block', {}), -32602, 'INVALID_FIELD'],
      [call('get_block', { height: 1, x: 1 }), -32602, 'UNKNOWN_FIELD'],
      [call('send_tx', []), -32602, 'INVALID_FIELD'],
      [[], -32600, 'INVALID_REQUEST'],
    ];
    for (const [body, number, code] of cases) {
      const answer = await post(http, typeof body === 'string' ? body : JSON.stringify(body));
      assert.is(answer.status, 200);
      assert.is(answer.body.jsonrpc, '2.0');
      assert.is(answer.body.error.code, number, JSON.stringify(body));
      assert.is(answer.body.error.data.code, code);
    }
  }),
);

rpc('an id comes back as it was, and a notification gets no answer', () =>
  withNode({}, async ({ http, chain }) => {
    for (const id of [0, -1.5, '', 'x"y', null]) {
      assert.is((await post(http, call('mempool', [], id))).body.id, id);
      assert.is((await post(http, call('nothing', [], id))).body.id, id);
    }
    const silent = await post(http, { jsonrpc: '2.0', method: 'send_tx', params: json(transfer()) });
    assert.is(silent.status, 204);
    assert.is(silent.body, undefined);
    assert.is(chain.mempool.size, 1);
    assert.is((await post(http, { jsonrpc: '2.0', method: 'nothing' })).status, 204);
  }),
);

rpc('a batch answers in order, leaves notifications out and survives bad calls', () =>
  withNode({}, async ({ http }) => {
    const { body } = await post(http, [
      call('mempool', [], 'a'),
      5,
      { jsonrpc: '2.0', method: 'mempool' },
      call('send_tx', json(transfer()), 'b'),
      call('nothing', [], 'c'),
      { jsonrpc: '2.0', id: {}, method: 'mempool' },
    ]);
    assert.equal(
      body.map(({ id, error }: { id: unknown; error?: { code: number } }) => [id, error?.code]),
      [
        ['a', undefined],
        [null, -32600],
        ['b', undefined],
        ['c', -32601],
        [null, -32600],
      ],
    );
    assert.is((await post(http, [{ jsonrpc: '2.0', method: 'mempool' }])).status, 204);
  }),
);

rpc('a batch is bounded in calls', () =>
  withNode({ limits: { maxBatchCalls: 3 } }, async ({ http, chain }) => {
    const three = [0, 1, 2].map((nonce) => call('send_tx', json(transfer({ nonce })), nonce));
    assert.is((await post(http, three)).body.length, 3);
    assert.is(chain.mempool.size, 3);
    const four = [3, 4, 5, 6].map((nonce) => call('send_tx', json(transfer({ nonce })), nonce));
    assert.is((await post(http, four)).body.error.data.code, 'INVALID_REQUEST');
    assert.is(chain.mempool.size, 3);
  }),
);

rpc('a batch of large answers ends with errors instead of filling the memory', () =>
  withNode({ limits: { maxBatchAnswerBytes: 4_000 } }, async ({ http, chain }) => {
    for (let nonce = 0; nonce < 5; nonce++) await chain.mempool.add(transfer({ nonce }));
    chain.produce();
    const { body } = await post(
      http,
      [1, 2, 3, 4, 5].map((id) => call('get_block', [1], id)),
    );
    assert.is(body.length, 5);
    assert.is(body[0].result.height, 1);
    assert.is(body[4].error.data.code, 'RESPONSE_TOO_LARGE');
    assert.is(body[4].id, 5);
  }),
);

rpc('the send_tx calls of a batch reach the mempool together', async () => {
  const chain = new TestChain();
  let waiting = 0;
  let release: () => void = () => undefined;
  const together = new Promise<void>((resolve) => {
    release = resolve;
  });
  const mempool = {
    size: 0,
    bytes: 0,
    get: () => undefined,
    nextNonce: () => 0,
    async add(): Promise<AddResult> {
      waiting++;
      if (waiting === 50) release();
      await together;
      return { status: 'accepted' };
    },
  };
  await withNode({ override: { chain, mempool } }, async ({ http }) => {
    const calls = Array.from({ length: 50 }, (_, nonce) => call('send_tx', json(transfer({ nonce })), nonce));
    const { body } = await post(http, calls);
    assert.is(body.length, 50);
    assert.ok(body.every(({ result }: { result: { status: string } }) => result.status === 'pending'));
  });
});

rpc('faucet by position', () =>
  withNode({}, async ({ http }) => {
    const { body } = await post(http, call('faucet', [addressText(bob)]));
    assert.is(body.result.status, 'pending');
    assert.is(body.result.amount, '1000');
  }),
);

rpc.run();
