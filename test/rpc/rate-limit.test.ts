import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clientKey, isLoopback, RateLimiter } from '../../src/rpc/rate-limit.ts';
import { addressText, alice, bob, carol, get, json, post, transfer, withNode } from './fixture.ts';

const limits = suite('rpc/rate limit');

limits('gives a burst, then refills with time and never past the burst', () => {
  let now = 0;
  const limiter = new RateLimiter({ perSecond: 2, burst: 4 }, () => now);
  assert.is(limiter.take('a', 4), 0);
  assert.is(limiter.take('a'), 1);
  assert.is(limiter.take('b'), 0);
  now += 500;
  assert.is(limiter.take('a'), 0);
  assert.is(limiter.take('a', 3), 2);
  now += 60_000;
  assert.is(limiter.take('a', 4), 0);
  assert.is(limiter.take('a'), 1);
});

limits('a refused call costs nothing', () => {
  let now = 0;
  const limiter = new RateLimiter({ perSecond: 1, burst: 2 }, () => now);
  for (let i = 0; i < 10; i++) assert.is(limiter.take('a', 3), 1);
  assert.is(limiter.take('a', 2), 0);
  now += 1000;
  assert.is(limiter.take('a'), 0);
});

limits('remembers so many clients and forgets who was away longest', () => {
  const limiter = new RateLimiter({ perSecond: 1, burst: 1 }, () => 0);
  assert.is(limiter.take('first'), 0);
  assert.is(limiter.take('second'), 0);
  for (let i = 0; i < 49_999; i++) limiter.take(`other ${i}`);
  assert.is(limiter.take('second'), 1);
  assert.is(limiter.take('first'), 0);
});

limits('clients are told apart by IPv4 address and IPv6 network', () => {
  assert.is(clientKey('10.1.2.3'), '10.1.2.3');
  assert.is(clientKey('::ffff:10.1.2.3'), '10.1.2.3');
  assert.is(clientKey('2001:db8:1:2:3:4:5:6'), clientKey('2001:db8:1:2::9'));
  assert.is.not(clientKey('2001:db8:1:2::9'), clientKey('2001:db8:1:3::9'));
  assert.is(clientKey('2001:db8::1'), '2001:db8:0:0');
  assert.is(clientKey('::1'), '0:0:0:0');
  for (const ip of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(ip), ip);
  for (const ip of ['10.0.0.1', '::2', '1.127.0.0', '2001:db8::1']) assert.not(isLoopback(ip), ip);
});

const FEW = { loopbackCalls: { perSecond: 0.1, burst: 5 } };

limits('too many requests are answered 429 with a time to come back', () =>
  withNode({ limits: FEW }, async ({ http, chain }) => {
    for (let i = 0; i < 5; i++) assert.is((await get(`${http}/rpc/get_head`)).status, 200);
    const { status, body, headers } = await post(`${http}/rpc/send_tx`, json(transfer()));
    assert.is(status, 429);
    assert.is(body.code, 'RATE_LIMITED');
    assert.is(headers.get('retry-after'), '10');
    assert.is(body.retry_after, 10);
    assert.is(chain.mempool.size, 0);
  }),
);

limits('each call of a batch counts, and a batch that is too many does nothing', () =>
  withNode({ limits: FEW }, async ({ http, chain }) => {
    const batch = (size: number) =>
      Array.from({ length: size }, (_, id) => ({
        jsonrpc: '2.0',
        id,
        method: 'send_tx',
        params: json(transfer({ nonce: id })),
      }));
    const refused = await post(http, batch(6));
    assert.is(refused.status, 429);
    assert.is(refused.body.code, 'RATE_LIMITED');
    assert.is(chain.mempool.size, 0);
    assert.is((await post(http, batch(4))).body.length, 4);
    assert.is(chain.mempool.size, 4);
  }),
);

limits('the faucet gives one account only so much', () =>
  withNode({ limits: { faucetPerAddress: { perSecond: 1 / 60, burst: 2 } } }, async ({ http, chain }) => {
    const ask = (address: string) => post(`${http}/rpc/faucet`, { address });
    assert.is((await ask(addressText(carol))).status, 200);
    assert.is((await ask(addressText(carol))).status, 200);
    const { status, headers } = await ask(addressText(carol));
    assert.is(status, 429);
    assert.is(headers.get('retry-after'), '60');
    assert.is((await ask(addressText(bob))).status, 200);
    assert.is(chain.mempool.size, 3);
  }),
);

limits('the faucet gives one client only so much', () =>
  withNode({ limits: { faucetPerClient: { perSecond: 1 / 10, burst: 1 } } }, async ({ http, chain }) => {
    assert.is((await post(`${http}/rpc/faucet`, { address: addressText(alice) })).status, 200);
    assert.is((await post(`${http}/rpc/faucet`, { address: addressText(bob) })).status, 429);
    assert.is(chain.mempool.size, 1);
  }),
);

limits('calls that wait are bounded', () =>
  withNode({ limits: { maxWaits: 1 }, timeoutMs: 5_000 }, async ({ http, chain }) => {
    const url = `${http}/rpc/send_tx?wait=finalized`;
    const first = post(url, json(transfer()));
    while (chain.mempool.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await get(`${http}/livez`);
    const second = await post(url, json(transfer({ nonce: 1 })));
    assert.is(second.status, 429);
    assert.is(second.body.tx_hash, transfer({ nonce: 1 }).idHex);
    chain.produce();
    assert.is((await first).body.status, 'finalized');
    const later = post(url, json(transfer({ nonce: 2 })));
    while (chain.mempool.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    chain.produce();
    assert.is((await later).status, 200);
  }),
);

limits.run();
