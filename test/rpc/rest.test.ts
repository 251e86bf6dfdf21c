import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { accountKey } from '../../src/primitives/account.ts';
import { addressOf, formatAddress, parseAddress } from '../../src/primitives/address.ts';
import { Header } from '../../src/primitives/block.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { fromJson } from '../../src/primitives/json.ts';
import { StateProof, verifyStateProof } from '../../src/primitives/state-proof.ts';
import type { Network } from '../../src/rpc/dependencies.ts';
import {
  addressText,
  alice,
  BAN,
  bob,
  carol,
  FEE,
  FUNDS,
  GENESIS_TIME,
  get,
  hex,
  json,
  networkHash,
  PEER,
  post,
  transfer,
  withNode,
} from './fixture.ts';

const rest = suite('rpc/rest');

rest('get_head is the newest finalized header', () =>
  withNode({}, async ({ http, chain }) => {
    const before = await get(`${http}/rpc/get_head`);
    assert.is(before.status, 200);
    assert.is(before.body.height, 0);
    assert.is(before.body.timestamp, GENESIS_TIME);
    assert.is(before.body.tx_count, 0);
    await chain.mempool.add(transfer());
    chain.produce();
    const { body, headers } = await get(`${http}/rpc/get_head`);
    assert.is(body.height, 1);
    assert.is(body.tx_count, 1);
    assert.is(body.hash, toHex(chain.head.hash));
    assert.is(body.parent_hash, before.body.hash);
    assert.is(body.state_root, toHex(chain.head.header.stateRoot));
    assert.is(body.proposer, formatAddress(chain.head.header.proposer));
    assert.is(headers.get('access-control-allow-origin'), '*');
  }),
);

rest('a node that began from a snapshot says what it does not have', () =>
  withNode({}, async ({ http, chain }) => {
    chain.base = 0;
    const head = await get(`${http}/rpc/get_head`);
    assert.equal([head.status, head.body.height, head.body.tx_count], [200, 0, null]);
    const unknown = 'ab'.repeat(32);
    for (const path of ['get_block/0', 'get_block/latest', `get_tx/${unknown}`, `get_receipt/${unknown}`]) {
      const { status, body } = await get(`${http}/rpc/${path}`);
      assert.equal([status, body.code], [404, 'NOT_HELD'], path);
      assert.match(body.detail, 'from height 1 on');
    }
    for (const path of ['get_block/7', `get_block/${unknown}`]) {
      const { status, body } = await get(`${http}/rpc/${path}`);
      assert.equal([status, body.code], [404, 'NOT_FOUND'], path);
    }
    await chain.mempool.add(transfer());
    chain.produce();
    const block = await get(`${http}/rpc/get_block/1`);
    assert.equal([block.status, block.body.tx_count], [200, 1]);
  }),
);

rest('get_balance tells what an account has, and zeros for one that does not exist', () =>
  withNode({}, async ({ http, chain }) => {
    await chain.mempool.add(transfer({ amount: 7n }));
    const waiting = await get(`${http}/rpc/get_balance/${addressText(alice)}`);
    assert.equal([waiting.body.nonce, waiting.body.next_nonce], [0, 1]);
    chain.produce();
    const { body } = await get(`${http}/rpc/get_balance/${addressText(alice)}`);
    assert.equal(body, {
      address: addressText(alice),
      balance: (FUNDS - FEE - 7n).toString(),
      nonce: 1,
      next_nonce: 1,
      staked: '0',
      unbonding: '0',
      escrowed: '0',
      height: 1,
    });
    const unknown = await get(`${http}/rpc/get_balance/0x${'ab'.repeat(20)}`);
    assert.is(unknown.status, 200);
    assert.is(unknown.body.balance, '0');
    assert.is(unknown.body.address, formatAddress(parseAddress(`0x${'ab'.repeat(20)}`)));
  }),
);

rest('get_balance with a proof convinces who trusts only the block hash', () =>
  withNode({}, async ({ http, chain }) => {
    await chain.mempool.add(transfer());
    chain.produce();
    for (const pair of [alice, bob, carol]) {
      const { body } = await get(`${http}/rpc/get_balance/${addressText(pair)}?proof=true`);
      const { header, key, value, state_proof } = body.proof;
      assert.is(key, toHex(accountKey(addressOf(pair.publicKey))));
      assert.is(value === null, pair === carol);
      const root = fromHex(header.state_root);
      const proof = fromJson(StateProof, state_proof);
      assert.ok(verifyStateProof(root, fromHex(key), value === null ? undefined : fromHex(value), proof));
      const { hash, parent_hash, proposer, ...rest } = header;
      const encoded = Header.serialize(fromJson(Header, { ...rest, proposer, parent: parent_hash }));
      assert.is(toHex(sha256(encoded)), hash);
      assert.is(hash, toHex(chain.head.hash));
    }
    const without = await get(`${http}/rpc/get_balance/${addressText(alice)}?proof=false`);
    assert.is('proof' in without.body, false);
  }),
);

rest('get_block answers by height, hash and latest', () =>
  withNode({}, async ({ http, chain }) => {
    const envelope = transfer({ memo: 'rent' });
    await chain.mempool.add(envelope);
    chain.produce(2);
    const { body } = await get(`${http}/rpc/get_block/1`);
    assert.is(body.height, 1);
    assert.is(body.tx_count, 1);
    assert.equal(body.transactions, [{ tx_hash: envelope.idHex, from: addressText(alice), ...json(envelope) }]);
    assert.is(body.transactions[0].transaction.action.memo, 'rent');
    assert.equal(body.receipts, [
      { tx_hash: envelope.idHex, height: 1, block_hash: body.hash, index: 0, code: 'SUCCESS', fee: FEE.toString() },
    ]);
    assert.is(body.certificate.hash, body.hash);
    assert.equal((await get(`${http}/rpc/get_block/${body.hash}`)).body, body);
    assert.is((await get(`${http}/rpc/get_block/latest`)).body.height, 2);
    assert.is((await get(`${http}/rpc/get_block/0`)).body.certificate, null);
  }),
);

rest('get_block shows a certificate that was learned after the block', () =>
  withNode({}, async ({ http, chain }) => {
    const block = chain.build();
    chain.finalize({ ...block, certificate: undefined });
    assert.is((await get(`${http}/rpc/get_block/1`)).body.certificate, null);
    chain.blocks[1] = block;
    assert.is((await get(`${http}/rpc/get_block/1`)).body.certificate.hash, toHex(block.hash));
  }),
);

rest('get_tx and get_receipt follow a transaction from pending over notarized to finalized', () =>
  withNode({}, async ({ http, chain }) => {
    const envelope = transfer();
    const tx = `${http}/rpc/get_tx/${envelope.idHex}`;
    const receipt = `${http}/rpc/get_receipt/${envelope.idHex}`;
    assert.is((await get(tx)).status, 404);
    assert.is((await get(receipt)).status, 404);
    await chain.mempool.add(envelope);
    assert.equal((await get(tx)).body, {
      status: 'pending',
      tx_hash: envelope.idHex,
      from: addressText(alice),
      ...json(envelope),
    });
    assert.match((await get(receipt)).body.detail, /pending/);
    const block = chain.build();
    chain.notarize(block);
    assert.is((await get(tx)).body.status, 'notarized');
    assert.is((await get(receipt)).body.status, 'notarized');
    chain.finalize(block);
    const found = await get(tx);
    assert.is(found.body.status, 'finalized');
    assert.is(found.body.receipt.code, 'SUCCESS');
    const { status, ...fields } = (await get(receipt)).body;
    assert.is(status, 'finalized');
    assert.equal(fields, found.body.receipt);
  }),
);

rest('send_tx takes JSON, SSZ as hex and SSZ as bytes', () =>
  withNode({}, async ({ http, chain }) => {
    const [first, second, third] = [0, 1, 2].map((nonce) => transfer({ nonce })) as [
      ReturnType<typeof transfer>,
      ReturnType<typeof transfer>,
      ReturnType<typeof transfer>,
    ];
    const url = `${http}/rpc/send_tx`;
    assert.equal((await post(url, json(first))).body, { tx_hash: first.idHex, status: 'pending' });
    assert.equal((await post(url, { ssz: hex(second) })).body, { tx_hash: second.idHex, status: 'pending' });
    const raw = await post(url, third.bytes, { 'content-type': 'application/octet-stream' });
    assert.equal(raw.body, { tx_hash: third.idHex, status: 'pending' });
    assert.is(chain.mempool.size, 3);
    assert.is((await post(url, json(first))).body.status, 'pending');
    assert.is(chain.mempool.size, 3);
    assert.equal((await get(`${http}/rpc/mempool`)).body, { size: 3, bytes: chain.mempool.bytes });
  }),
);

rest('send_tx?wait=finalized answers with the receipt when the block is final', () =>
  withNode({}, async ({ http, chain }) => {
    const envelope = transfer();
    chain.mempool.once('accepted', () => setImmediate(() => chain.produce()));
    const { status, body } = await post(`${http}/rpc/send_tx?wait=finalized`, json(envelope));
    assert.is(status, 200);
    assert.is(body.status, 'finalized');
    assert.is(body.tx_hash, envelope.idHex);
    assert.equal(body.receipt, {
      tx_hash: envelope.idHex,
      height: 1,
      block_hash: toHex(chain.head.hash),
      index: 0,
      code: 'SUCCESS',
      fee: FEE.toString(),
    });
  }),
);

rest('send_tx?wait=notarized does not wait for finality', () =>
  withNode({}, async ({ http, chain }) => {
    chain.mempool.once('accepted', () => setImmediate(() => chain.notarize(chain.build())));
    const { body } = await post(`${http}/rpc/send_tx?wait=notarized`, json(transfer()));
    assert.is(body.status, 'notarized');
    assert.is(body.receipt.height, 1);
    assert.is(chain.head.header.height, 0);
  }),
);

rest('send_tx?wait=finalized is not content with notarized', () =>
  withNode({ timeoutMs: 100 }, async ({ http, chain }) => {
    chain.mempool.once('accepted', () => setImmediate(() => chain.notarize(chain.build())));
    const { status } = await post(`${http}/rpc/send_tx?wait=finalized`, json(transfer()));
    assert.is(status, 504);
  }),
);

rest('send_tx that waits too long says that the transaction is pending, and which', () =>
  withNode({ timeoutMs: 50 }, async ({ http, chain }) => {
    const envelope = transfer();
    const { status, body } = await post(`${http}/rpc/send_tx?wait=finalized`, json(envelope));
    assert.is(status, 504);
    assert.is(body.code, 'TIMEOUT');
    assert.is(body.tx_hash, envelope.idHex);
    assert.is(body.tx_status, 'pending');
    assert.is(chain.mempool.size, 1);
  }),
);

rest('send_tx of what is final already answers at once with the receipt', () =>
  withNode({}, async ({ http, chain }) => {
    const envelope = transfer();
    await chain.mempool.add(envelope);
    chain.produce();
    for (const query of ['', '?wait=notarized', '?wait=finalized']) {
      const { status, body } = await post(`${http}/rpc/send_tx${query}`, json(envelope));
      assert.is(status, 200);
      assert.is(body.status, 'finalized');
      assert.is(body.receipt.height, 1);
    }
  }),
);

rest('send_tx reports an action that failed in a block', () =>
  withNode({}, async ({ http, chain }) => {
    const failing = transfer({ amount: 0n });
    await chain.mempool.add(failing);
    chain.produce();
    const { body } = await post(`${http}/rpc/send_tx?wait=finalized`, json(failing));
    assert.is(body.receipt.code, 'ZERO_AMOUNT');
    assert.is(body.receipt.fee, FEE.toString());
  }),
);

rest('faucet pays in a real transaction', () =>
  withNode({}, async ({ http, chain }) => {
    chain.mempool.once('accepted', () => setImmediate(() => chain.produce()));
    const { status, body } = await post(`${http}/rpc/faucet?wait=finalized`, { address: addressText(carol) });
    assert.is(status, 200);
    assert.is(body.status, 'finalized');
    assert.is(body.amount, '1000');
    assert.is((await get(`${http}/rpc/get_balance/${addressText(carol)}`)).body.balance, '1000');
  }),
);

rest('what a sentry tells the world names no validator behind it, banned or not', () => {
  const [hidden, banned] = ['12D3KooWHidden', '12D3KooWBanned'];
  const network: Network = {
    peerId: '12D3KooWSelf',
    addresses: [],
    isPrivate: (peer) => peer === hidden || peer === banned,
    peers: () => [PEER, { ...PEER, id: hidden, isPrivate: true }],
    bans: () => [BAN, { ...BAN, target: banned }],
  };
  return withNode({ override: { network } }, async ({ http }) => {
    const { peers, bans, count } = (await get(`${http}/rpc/peers`)).body;
    assert.equal([count, peers.map(({ id }: { id: string }) => id), bans], [1, [PEER.id], [BAN]]);
    assert.is((await get(`${http}/rpc/network_info`)).body.peers, 1);
  });
});

rest('the node describes itself, its peers and its validators', () =>
  withNode({}, async ({ http }) => {
    const info = (await get(`${http}/rpc/network_info`)).body;
    assert.is(info.chain_id, 'ait-test');
    assert.is(info.genesis_hash, toHex(networkHash));
    assert.is(info.consensus_mode, 'poa');
    assert.is(info.parameters.min_fee, '1000');
    assert.is(info.version, '0.1.0');
    assert.is(info.commit, 'abc1234');
    const peers = (await get(`${http}/rpc/peers`)).body;
    assert.is(peers.count, 1);
    assert.is(peers.peers[0].latency_ms, 1.5);
    assert.is(peers.peers[0].score, -10);
    assert.equal(peers.peers[0].offences, PEER.offences);
    assert.equal(peers.bans, [BAN]);
    const validators = (await get(`${http}/rpc/validators`)).body;
    assert.is(validators.epoch, 1);
    assert.is(validators.total_weight, 1);
    assert.is(validators.validators.length, 1);
    assert.is(peers.peers[0].validator, validators.validators[0].address);
    const sync = (await get(`${http}/sync_status`)).body;
    assert.equal(sync, {
      ...{ head: 1, target: 2, peers: 1, phase: 'blocks', progress: 0.5 },
      ...{ blocks_per_second: 12.5, bytes_per_second: null, eta_seconds: null },
    });
  }),
);

rest('health, readyz and livez tell three different things', () =>
  withNode({}, async (node) => {
    const statuses = () =>
      Promise.all(['health', 'readyz', 'livez'].map(async (route) => (await get(`${node.http}/${route}`)).status));
    assert.equal(await statuses(), [200, 200, 200]);
    node.health = { healthy: true, ready: false, reasons: ['syncing'] };
    assert.equal(await statuses(), [200, 503, 200]);
    node.health = { healthy: false, ready: false, reasons: ['no new block for 60 s'] };
    assert.equal(await statuses(), [503, 503, 200]);
    const { body } = await get(`${node.http}/health`);
    assert.equal(body, { status: 'unhealthy', ready: false, reasons: ['no new block for 60 s'] });
  }),
);

rest('requests are measured by route, never by what the client typed', () =>
  withNode({}, async ({ http, registry }) => {
    await get(`${http}/rpc/get_block/12345`);
    await get(`${http}/what/is/this`);
    await post(http, { jsonrpc: '2.0', id: 1, method: 'nonsense' });
    const text = await registry.metrics();
    assert.match(text, /request_seconds_count\{route="\/rpc\/get_block\/:height",status="404"\} 1/);
    assert.match(text, /request_seconds_count\{route="unknown",status="404"\} 1/);
    assert.not.match(text, /12345|what|nonsense/);
  }),
);

rest.run();
