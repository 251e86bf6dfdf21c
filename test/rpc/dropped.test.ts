// What a client learns of a transaction that the mempool took and let go again: at once when it waits, later when it asks.

import { EventEmitter } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressOf } from '../../src/primitives/address.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import type { RpcEvents } from '../../src/rpc/dependencies.ts';
import { MAX_DROPPED, TransactionTracker } from '../../src/rpc/tracker.ts';
import {
  type Answer,
  alice,
  bob,
  carol,
  FEE,
  FUNDS,
  GENESIS_TIME,
  get,
  json,
  post,
  type TestNode,
  transfer,
  withNode,
} from './fixture.ts';

const dropped = suite('rpc/dropped');

function assertDropped({ status, body }: Answer, { idHex }: TransactionEnvelope, reason: string): void {
  assert.is(status, 410);
  const { code, tx_hash, tx_status } = body;
  assert.equal(
    { code, tx_hash, tx_status, reason: body.reason },
    { code: 'DROPPED', tx_hash: idHex, tx_status: 'dropped', reason },
  );
}

const waitFor = ({ http }: TestNode, envelope: TransactionEnvelope) =>
  post(`${http}/rpc/send_tx?wait=finalized`, json(envelope));
const asked = ({ http }: TestNode, { idHex }: TransactionEnvelope) => get(`${http}/rpc/get_tx/${idHex}`);

dropped('a wait ends at once, with the reason', () =>
  withNode({}, async (node) => {
    const envelope = transfer();
    node.chain.mempool.once('accepted', () => setImmediate(() => node.chain.mempool.add(transfer({ fee: 2n * FEE }))));
    assertDropped(await waitFor(node, envelope), envelope, 'REPLACED');
  }),
);

dropped('a wait ends when the transaction is dropped before the wait has begun', () =>
  withNode({}, async (node) => {
    const { chain } = node;
    const envelope = transfer({ validUntil: GENESIS_TIME + 1 });
    const block = chain.build();
    chain.mempool.once('accepted', () => chain.finalize(block));
    assertDropped(await waitFor(node, envelope), envelope, 'EXPIRED');
  }),
);

dropped('what is in a notarized block is waited for, dropped or not', () =>
  withNode({}, async (node) => {
    const { chain } = node;
    chain.mempool.once('accepted', () =>
      setImmediate(async () => {
        const block = chain.build();
        chain.notarize(block);
        await chain.mempool.add(transfer({ fee: 2n * FEE }));
        chain.finalize(block);
      }),
    );
    const { status, body } = await waitFor(node, transfer());
    assert.equal([status, body.status], [200, 'finalized']);
  }),
);

dropped('get_tx and get_receipt say why, until it is sent again or final all the same', () =>
  withNode({}, async (node) => {
    const { chain, http } = node;
    const { mempool } = chain;
    const tracker = new TransactionTracker(chain.events, 1);
    tracker.start();
    const final = transfer({ amount: (FUNDS * 9n) / 10n });
    await mempool.add(final);
    const block = chain.build();
    const other = transfer({ fee: 2n * FEE });
    const next = transfer({ nonce: 1, amount: FUNDS / 2n });
    for (const envelope of [other, next]) assert.is((await mempool.add(envelope)).status, 'accepted');
    assertDropped(await asked(node, final), final, 'REPLACED');
    assert.is(tracker.dropped(final.idHex), 'REPLACED');
    chain.finalize(block);
    assert.is(tracker.dropped(final.idHex), undefined);
    assert.is((await asked(node, final)).body.status, 'finalized');
    assertDropped(await asked(node, other), other, 'NONCE_TOO_LOW');
    assertDropped(await asked(node, next), next, 'INSUFFICIENT_FUNDS');
    assertDropped(await get(`${http}/rpc/get_receipt/${next.idHex}`), next, 'INSUFFICIENT_FUNDS');
    await mempool.add(transfer({ from: bob, to: addressOf(alice.publicKey), amount: FUNDS }));
    chain.produce();
    assert.is((await mempool.add(next)).status, 'accepted');
    assert.is((await asked(node, next)).body.status, 'pending');
    chain.produce();
    assert.is((await asked(node, next)).body.status, 'finalized');
    assert.is((await asked(node, transfer({ from: carol }))).status, 404, 'never seen');
  }),
);

dropped('the newest are remembered, so many and no more', () => {
  const events = new EventEmitter<RpcEvents>();
  const tracker = new TransactionTracker(events, 1);
  const envelope = transfer();
  const drop = (number: number) => events.emit('dropped', { ...envelope, idHex: String(number) }, 'EVICTED');
  const remembered = (...numbers: number[]) => numbers.map((number) => tracker.dropped(String(number)) !== undefined);
  tracker.start();
  for (let number = 0; number < MAX_DROPPED; number++) drop(number);
  drop(0);
  assert.equal(remembered(0, 1, 2), [true, true, true]);
  drop(MAX_DROPPED);
  assert.equal(remembered(0, 1, 2, MAX_DROPPED), [true, false, true, true]);
  tracker.stop();
  assert.is(events.listenerCount('dropped'), 0);
});

dropped.run();
