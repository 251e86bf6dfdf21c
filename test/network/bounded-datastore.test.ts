// What libp2p remembers of peers: bounded, without forgetting who is connected, and nothing else.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BoundedDatastore } from '../../src/network/bounded-datastore.ts';

const datastore = suite('network: bounded datastore');

type Key = Parameters<BoundedDatastore['put']>[0];

function key(name: string): Key {
  return { toString: () => name } as Key;
}

function count(store: BoundedDatastore): number {
  return [...store.queryKeys({ prefix: '/peers/' })].length;
}

datastore('keeps what is written of peers, and finds it again', async () => {
  const store = new BoundedDatastore(() => new Set());
  store.put(key('/peers/a'), Uint8Array.of(1));
  store.put(key('/peers/b'), Uint8Array.of(2));
  store.put(key('/peers/a'), Uint8Array.of(3));
  assert.equal(store.get(key('/peers/a')), Uint8Array.of(3));
  assert.ok(store.has(key('/peers/b')));
  const found = [...store.query({ prefix: '/peers/', filters: [({ value }) => value[0] === 2] })];
  assert.equal(
    found.map(({ key: one }) => one.toString()),
    ['/peers/b'],
  );
  const newestFirst = {
    orders: [(a: { value: Uint8Array }, b: { value: Uint8Array }) => (a.value > b.value ? -1 : 1) as 1 | -1],
  };
  assert.is([...store.query({ prefix: '/peers/', ...newestFirst, limit: 1 })].length, 1);
  store.delete(key('/peers/b'));
  assert.not(store.has(key('/peers/b')));
  try {
    store.get(key('/peers/b'));
    assert.unreachable('it was deleted');
  } catch (error) {
    assert.is((error as Error).name, 'NotFoundError', 'the name by which libp2p knows it');
  }
  const batch = store.batch();
  batch.put(key('/peers/c'), Uint8Array.of(4));
  batch.delete(key('/peers/a'));
  assert.is(count(store), 1);
  await batch.commit();
  assert.equal([...store.queryKeys({})].map(String), ['/peers/c']);
});

datastore('keeps no records of strangers, and nothing that has grown too large', () => {
  const store = new BoundedDatastore(() => new Set());
  store.put(key('/dht/provider/x/y'), Uint8Array.of(1));
  store.put(key('/dht/record/x'), Uint8Array.of(1));
  assert.is([...store.queryKeys({})].length, 0);
  store.put(key('/peers/a'), new Uint8Array(1_000));
  store.put(key('/peers/a'), new Uint8Array(100_000));
  assert.is(store.get(key('/peers/a')).length, 1_000);
});

datastore('forgets those written longest ago, but nobody who is connected', () => {
  const store = new BoundedDatastore(() => new Set(['0', '7']));
  for (let number = 0; number < 100_000; number++) store.put(key(`/peers/${number}`), new Uint8Array(8));
  assert.ok(count(store) <= 2_048, `${count(store)} kept`);
  assert.ok(count(store) > 1_000);
  for (const kept of [0, 7, 99_999, 99_000]) assert.ok(store.has(key(`/peers/${kept}`)), `${kept}`);
  assert.not(store.has(key('/peers/1')));
});

datastore.run();
