// Every kind of bad input: an exact status and code, and no effect.

import { request } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SignedTransaction, transactionSigningBytes } from '../../src/primitives/transaction.ts';
import type { ProblemCode } from '../../src/rpc/problems.ts';
import {
  type Answer,
  addressText,
  alice,
  bob,
  carol,
  FUNDS,
  GENESIS_TIME,
  get,
  hex,
  json,
  networkHash,
  post,
  type TestNode,
  transfer,
  withNode,
} from './fixture.ts';

const bad = suite('rpc/bad input');

function assertProblem(answer: Answer, status: number, code: ProblemCode, path?: string): void {
  assert.is(answer.status, status, `${JSON.stringify(answer.body)}`);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.is(answer.body.code, code, answer.body.detail);
  assert.is(answer.body.status, status);
  assert.is(answer.body.type, `urn:aitbc:problem:${code}`);
  assert.type(answer.body.title, 'string');
  assert.type(answer.body.detail, 'string');
  if (path !== undefined) assert.is(answer.body.path, path);
  assert.not.match(JSON.stringify(answer.body), /node_modules|\.ts:|\.js:/);
}

function assertNoEffect({ chain }: TestNode): void {
  assert.is(chain.mempool.size, 0);
  assert.is(chain.head.header.height, 0);
}

/** The JSON of a valid transfer with one value replaced; `undefined` removes it. */
function altered(path: string, value: unknown): Record<string, unknown> {
  const body = structuredClone(json(transfer()));
  const names = path.split('.');
  const last = names.pop() as string;
  let place = body;
  for (const name of names) place = place[name] as Record<string, unknown>;
  if (value === undefined) delete place[last];
  else place[last] = value;
  return body;
}

const SEND_CASES: readonly [what: string, body: unknown, status: number, code: ProblemCode, path?: string][] = [
  ['malformed JSON', '{"transaction":', 400, 'MALFORMED_JSON'],
  ['no JSON at all', '', 400, 'MALFORMED_JSON'],
  ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 400, 'MALFORMED_JSON'],
  ['a list', [], 422, 'INVALID_FIELD'],
  ['null', 'null', 422, 'INVALID_FIELD'],
  ['an empty object', {}, 422, 'INVALID_FIELD', 'transaction'],
  ['no signature', altered('signature', undefined), 422, 'INVALID_FIELD', 'signature'],
  ['a transaction of the wrong type', altered('transaction', 5), 422, 'INVALID_FIELD', 'transaction'],
  ['an unknown field', { ...json(transfer()), extra: 1 }, 422, 'UNKNOWN_FIELD', 'extra'],
  ['an unknown field inside', altered('transaction.gas', 5), 422, 'UNKNOWN_FIELD', 'transaction.gas'],
  ['an unknown action', altered('transaction.action.type', 'MINT'), 422, 'INVALID_FIELD', 'transaction.action.type'],
  ['a nonce as text', altered('transaction.nonce', '0'), 422, 'INVALID_FIELD', 'transaction.nonce'],
  ['a negative nonce', altered('transaction.nonce', -1), 422, 'INVALID_FIELD', 'transaction.nonce'],
  ['an amount as a number', altered('transaction.action.amount', 5), 422, 'INVALID_FIELD', 'transaction.action.amount'],
  ['a negative amount', altered('transaction.action.amount', '-5'), 422, 'INVALID_FIELD', 'transaction.action.amount'],
  ['a fraction', altered('transaction.action.amount', '1.5'), 422, 'INVALID_FIELD', 'transaction.action.amount'],
  [
    'an amount past 64 bits',
    altered('transaction.fee', (1n << 64n).toString()),
    422,
    'INVALID_FIELD',
    'transaction.fee',
  ],
  ['upper-case hex', altered('signature', 'AB'.repeat(64)), 422, 'BAD_HEX', 'signature'],
  ['hex with a prefix', altered('transaction.sender', `0x${'ab'.repeat(32)}`), 422, 'BAD_HEX', 'transaction.sender'],
  ['short hex', altered('signature', 'ab'), 422, 'BAD_HEX', 'signature'],
  [
    'a mistyped address',
    altered(
      'transaction.action.to',
      addressText(bob).replace(/.$/, (end) => (end === 'q' ? 'p' : 'q')),
    ),
    422,
    'BAD_ADDRESS',
    'transaction.action.to',
  ],
  ['an address of another chain', altered('transaction.action.to', 'cosmos1xyz'), 422, 'BAD_ADDRESS'],
  ['a memo that is too long', altered('transaction.action.memo', 'x'.repeat(257)), 422, 'INVALID_FIELD'],
  ['a wait for something else', { ...json(transfer()), wait: 'mined' }, 422, 'INVALID_FIELD', 'wait'],
  ['ssz that is no text', { ssz: 5 }, 422, 'BAD_HEX', 'ssz'],
  ['ssz that is no hex', { ssz: 'zz' }, 422, 'BAD_HEX', 'ssz'],
  ['ssz that is cut off', { ssz: hex(transfer()).slice(0, -2) }, 422, 'INVALID_FIELD', 'ssz'],
  ['ssz beside a transaction', { ssz: hex(transfer()), ...json(transfer()) }, 422, 'UNKNOWN_FIELD', 'transaction'],
  ['ssz that is too long', { ssz: '00'.repeat(9000) }, 422, 'INVALID_FIELD', 'ssz'],
  [
    'a signature of somebody else',
    { ...json(transfer()), signature: json(transfer({ from: bob })).signature },
    422,
    'BAD_SIGNATURE',
  ],
  ['a signature for another network', foreignSignature(), 422, 'BAD_SIGNATURE'],
  ['a nonce gap', json(transfer({ nonce: 3 })), 422, 'NONCE_TOO_HIGH'],
  ['words of an error in a value', altered('transaction.nonce', ': unknown field;'), 422, 'INVALID_FIELD'],
  ['a fee below the minimum', json(transfer({ fee: 1n })), 422, 'FEE_TOO_LOW'],
  ['a transaction that has expired', json(transfer({ validUntil: GENESIS_TIME - 1 })), 422, 'EXPIRED'],
  ['more than the balance', json(transfer({ amount: FUNDS })), 422, 'INSUFFICIENT_FUNDS'],
  ['a sender without an account', json(transfer({ from: carol })), 422, 'INSUFFICIENT_FUNDS_FOR_FEE'],
];

function foreignSignature(): Record<string, unknown> {
  const { signed } = transfer();
  const other = Uint8Array.from(networkHash, (byte) => byte ^ 1);
  const signature = alice.sign(transactionSigningBytes(signed.transaction, other));
  return { ssz: Buffer.from(SignedTransaction.serialize({ ...signed, signature })).toString('hex') };
}

bad('send_tx names what is wrong and changes nothing', () =>
  withNode({}, async (node) => {
    for (const [what, body, status, code, path] of SEND_CASES) {
      const answer = await post(`${node.http}/rpc/send_tx`, body);
      try {
        assertProblem(answer, status, code, path);
      } catch (error) {
        throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
      }
    }
    assertNoEffect(node);
  }),
);

bad('send_tx: a nonce that was used by another transaction', () =>
  withNode({}, async ({ http, chain }) => {
    await chain.mempool.add(transfer());
    chain.produce();
    const answer = await post(`${http}/rpc/send_tx`, json(transfer({ amount: 6n })));
    assertProblem(answer, 422, 'NONCE_TOO_LOW');
    assert.is(answer.body.tx_hash, transfer({ amount: 6n }).idHex);
    assert.is(chain.mempool.size, 0);
  }),
);

bad('send_tx: bytes that are no transaction', () =>
  withNode({}, async (node) => {
    const headers = { 'content-type': 'application/octet-stream' };
    for (const bytes of [new Uint8Array(0), new Uint8Array(300), transfer().bytes.slice(0, -1), new Uint8Array(9000)]) {
      assertProblem(await post(`${node.http}/rpc/send_tx`, bytes, headers), 422, 'INVALID_FIELD');
    }
    assertNoEffect(node);
  }),
);

bad('bodies of another type, or compressed, are refused unread', () =>
  withNode({}, async (node) => {
    for (const route of ['/rpc/send_tx', '/rpc/faucet', '/']) {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', '']) {
        const answer = await post(node.http + route, JSON.stringify(json(transfer())), { 'content-type': type });
        assertProblem(answer, 415, 'UNSUPPORTED_MEDIA_TYPE');
      }
      const headers = { 'content-encoding': 'gzip' };
      assertProblem(await post(node.http + route, '{}', headers), 415, 'UNSUPPORTED_MEDIA_TYPE');
    }
    assertNoEffect(node);
  }),
);

bad('a content type may have parameters', () =>
  withNode({}, async ({ http }) => {
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' };
    assert.is((await post(`${http}/rpc/send_tx`, json(transfer()), headers)).status, 200);
  }),
);

bad('bodies over the limit are refused, whether they say how long they are or not', () =>
  withNode({}, async (node) => {
    const long = JSON.stringify({ ssz: 'a'.repeat(300_000) });
    assertProblem(await post(`${node.http}/rpc/send_tx`, long), 413, 'BODY_TOO_LARGE');
    assertProblem(await post(node.http, long), 413, 'BODY_TOO_LARGE');
    const batch = JSON.stringify([{ method: 'x'.repeat(1_100_000) }]);
    assertProblem(await post(node.http, batch), 413, 'BODY_TOO_LARGE');
    const chunked = await get(`${node.http}/rpc/send_tx`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([long]).stream(),
      duplex: 'half',
    } as RequestInit);
    assertProblem(chunked, 413, 'BODY_TOO_LARGE');
    const short = await get(`${node.http}/rpc/send_tx`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([JSON.stringify(json(transfer()))]).stream(),
      duplex: 'half',
    } as RequestInit);
    assert.is(short.status, 200);
  }),
);

bad('a body that breaks off leaves no trace', () =>
  withNode({}, async (node) => {
    const body = JSON.stringify(json(transfer()));
    await new Promise<void>((resolve) => {
      const call = request(`${node.http}/rpc/send_tx`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': body.length },
      });
      call.on('error', () => undefined);
      call.on('close', () => resolve());
      call.write(body.slice(0, 50), () => call.destroy());
    });
    assert.is((await get(`${node.http}/livez`)).status, 200);
    assertNoEffect(node);
  }),
);

bad('paths and queries', () =>
  withNode({}, async (node) => {
    const cases: readonly [path: string, status: number, code: ProblemCode, field?: string][] = [
      ['/rpc/get_block/1', 404, 'NOT_FOUND'],
      [`/rpc/get_block/${Number.MAX_SAFE_INTEGER}`, 404, 'NOT_FOUND'],
      ['/rpc/get_block/9007199254740992', 422, 'INVALID_FIELD', 'height'],
      ['/rpc/get_block/-1', 422, 'INVALID_FIELD', 'height'],
      ['/rpc/get_block/1.5', 422, 'INVALID_FIELD', 'height'],
      ['/rpc/get_block/1e3', 422, 'INVALID_FIELD', 'height'],
      ['/rpc/get_block/01', 422, 'INVALID_FIELD', 'height'],
      ['/rpc/get_block/first', 422, 'INVALID_FIELD', 'height'],
      [`/rpc/get_block/${'AB'.repeat(32)}`, 422, 'BAD_HEX', 'height'],
      [`/rpc/get_block/${'ab'.repeat(32)}`, 404, 'NOT_FOUND'],
      [`/rpc/get_tx/${'ab'.repeat(32)}`, 404, 'NOT_FOUND'],
      [`/rpc/get_tx/${'ab'.repeat(31)}`, 422, 'BAD_HEX', 'hash'],
      [`/rpc/get_tx/${'zz'.repeat(32)}`, 422, 'BAD_HEX', 'hash'],
      [`/rpc/get_receipt/${'ab'.repeat(32)}`, 404, 'NOT_FOUND'],
      ['/rpc/get_receipt/0x12', 422, 'BAD_HEX', 'hash'],
      [`/rpc/get_balance/${addressText(alice).slice(0, -1)}`, 422, 'BAD_ADDRESS', 'address'],
      ['/rpc/get_balance/0x1234', 422, 'BAD_ADDRESS', 'address'],
      ['/rpc/get_balance/%00', 422, 'BAD_ADDRESS', 'address'],
      ['/rpc/get_balance/%zz', 422, 'BAD_ADDRESS', 'address'],
      [`/rpc/get_balance/${addressText(alice)}?proof=maybe`, 422, 'INVALID_FIELD', 'proof'],
      [`/rpc/get_balance/${addressText(alice)}?prof=true`, 422, 'UNKNOWN_FIELD', 'prof'],
      ['/rpc/get_head?x=1', 422, 'UNKNOWN_FIELD', 'x'],
      ['/rpc/peers?constructor=1', 422, 'UNKNOWN_FIELD', 'constructor'],
      ['/rpc/get_balance', 404, 'NOT_FOUND'],
      ['/rpc/nothing', 404, 'NOT_FOUND'],
      ['/__proto__', 404, 'NOT_FOUND'],
      ['/ws', 426, 'UPGRADE_REQUIRED'],
    ];
    for (const [path, status, code, field] of cases) {
      const answer = await get(node.http + path);
      try {
        assertProblem(answer, status, code, field);
      } catch (error) {
        throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
      }
    }
    assertNoEffect(node);
  }),
);

bad('another HTTP method is told which are taken', () =>
  withNode({}, async (node) => {
    const cases = [
      ['POST', '/rpc/get_head', 'GET, HEAD'],
      ['DELETE', '/rpc/get_balance/x', 'GET, HEAD'],
      ['OPTIONS', '/rpc/send_tx', 'POST'],
      ['GET', '/rpc/send_tx', 'POST'],
      ['PUT', '/rpc/faucet', 'POST'],
      ['GET', '/', 'POST'],
    ] as const;
    for (const [method, path, allow] of cases) {
      const answer = await get(node.http + path, { method });
      assertProblem(answer, 405, 'METHOD_NOT_ALLOWED');
      assert.is(answer.headers.get('allow'), allow);
    }
    assert.is((await fetch(`${node.http}/rpc/get_head`, { method: 'HEAD' })).status, 200);
    assertNoEffect(node);
  }),
);

bad('a page of another origin can read and can not write', () =>
  withNode({}, async ({ http }) => {
    const origin = { origin: 'https://evil.example' };
    assert.is((await get(`${http}/rpc/get_head`, { headers: origin })).headers.get('access-control-allow-origin'), '*');
    const preflight = await get(`${http}/rpc/send_tx`, {
      method: 'OPTIONS',
      headers: { ...origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    assert.is(preflight.headers.get('access-control-allow-headers'), null);
    assert.is(preflight.status, 405);
  }),
);

bad('the faucet refuses what is wrong, and is absent where there is none', async () => {
  await withNode({}, async (node) => {
    const url = `${node.http}/rpc/faucet`;
    assertProblem(await post(url, {}), 422, 'INVALID_FIELD', 'address');
    assertProblem(await post(url, { address: 'ait1x' }), 422, 'BAD_ADDRESS', 'address');
    assertProblem(await post(url, { address: addressText(bob), amount: '5' }), 422, 'UNKNOWN_FIELD', 'amount');
    assertProblem(await post(url, []), 422, 'INVALID_FIELD');
    assertNoEffect(node);
  });
  await withNode({ faucet: 'none' }, async (node) => {
    assertProblem(await post(`${node.http}/rpc/faucet`, { address: addressText(bob) }), 404, 'NOT_FOUND');
    assertNoEffect(node);
  });
});

bad('a failure inside the node is told without its reason', () =>
  withNode({ override: { health: { health: fail, syncStatus: fail } } }, async ({ http }) => {
    for (const route of ['/health', '/sync_status', '/readyz']) {
      const answer = await get(http + route);
      assertProblem(answer, 500, 'INTERNAL');
      assert.not.match(JSON.stringify(answer.body), /secret/);
    }
  }),
);

function fail(): never {
  throw new Error('secret path /var/lib');
}

bad.run();
