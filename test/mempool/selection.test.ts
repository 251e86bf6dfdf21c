import { SerializedList } from '@chainsafe/ssz';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LIST_OFFSET_BYTES } from '../../src/mempool/selection.ts';
import { Account, Head, RICH, setup } from './fixture.ts';

const test = suite('mempool selection');
const [alice, bob, carol] = [new Account(1), new Account(2), new Account(3)];
const ALL = 1 << 20;

test('the best fee per byte first, the earlier arrival among equals', async () => {
  const { mempool, head } = setup([alice, bob, carol]);
  const heavy = alice.pay({ fee: 3_000n, memoBytes: 250 });
  const early = bob.pay({ fee: 2_000n });
  const late = carol.pay({ fee: 2_000n });
  await mempool.addBatch([heavy, early, late]);
  assert.equal(mempool.select({ state: head.state, maxBytes: ALL, timestamp: head.timestamp + 1 }), [
    early,
    late,
    heavy,
  ]);
});

test('a sender’s nonces stay in order, whatever they pay', async () => {
  const { mempool, head } = setup([alice, bob]);
  const a0 = alice.pay({ nonce: 0, fee: 1_000n });
  const a1 = alice.pay({ nonce: 1, fee: 9_000n });
  const a2 = alice.pay({ nonce: 2, fee: 1_000n });
  const b0 = bob.pay({ fee: 5_000n });
  await mempool.addBatch([a0, a1, a2, b0]);
  assert.equal(mempool.select({ state: head.state, maxBytes: ALL, timestamp: head.timestamp + 1 }), [b0, a0, a1, a2]);
});

test('the bytes are those of the SSZ list, and a smaller one fills the rest', async () => {
  const { mempool, head } = setup([alice, bob, carol]);
  const large = alice.pay({ fee: 20_000n, memoBytes: 200 });
  const larger = bob.pay({ fee: 19_000n, memoBytes: 201 });
  const small = carol.pay({ fee: 1_000n });
  await mempool.addBatch([large, larger, small]);
  const maxBytes = large.bytes.length + small.bytes.length + 2 * LIST_OFFSET_BYTES;
  const selected = mempool.select({ state: head.state, maxBytes, timestamp: head.timestamp + 1 });
  assert.equal(selected, [large, small]);
  assert.is(SerializedList.fromArray(selected.map(({ bytes }) => bytes)).bytes.length, maxBytes);
  assert.equal(mempool.select({ state: head.state, maxBytes: maxBytes - 1, timestamp: head.timestamp + 1 }), [large]);
});

test('what the parent’s unfinalized blocks hold is not selected again', async () => {
  const { mempool, head } = setup([alice, bob]);
  const [, a1] = [alice.pay({ nonce: 0, fee: 9_000n }), alice.pay({ nonce: 1 })];
  await mempool.addBatch([alice.pay({ nonce: 0, fee: 9_000n }), a1, bob.pay()]);
  const parent = new Head();
  parent.set(alice, RICH, 1);
  parent.set(bob, RICH, 1);
  assert.equal(mempool.select({ state: parent.state, maxBytes: ALL, timestamp: head.timestamp + 1 }), [a1]);
});

test('excluded and expired ones are passed over with what stands behind them', async () => {
  const { mempool, head } = setup([alice, bob]);
  const excluded = alice.pay({ nonce: 0 });
  const b0 = bob.pay({ nonce: 0 });
  await mempool.addBatch([
    excluded,
    alice.pay({ nonce: 1 }),
    b0,
    bob.pay({ nonce: 1, validUntil: head.timestamp + 5 }),
  ]);
  const exclude = new Set([excluded.idHex]);
  assert.equal(mempool.select({ state: head.state, maxBytes: ALL, timestamp: head.timestamp + 6, exclude }), [b0]);
  assert.is(mempool.select({ state: head.state, maxBytes: ALL, timestamp: head.timestamp + 5 }).length, 4);
});

test('selecting takes nothing out', async () => {
  const { mempool, head } = setup([alice]);
  await mempool.add(alice.pay());
  const selection = { state: head.state, maxBytes: ALL, timestamp: head.timestamp + 1 };
  assert.equal(mempool.select(selection), mempool.select(selection));
  assert.is(mempool.size, 1);
});

test.run();
