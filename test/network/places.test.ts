// Places of peers: who comes by himself shares them with whoever else comes, neighbourhood by neighbourhood.

import { multiaddr } from '@multiformats/multiaddr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Places } from '../../src/network/places.ts';

const places = suite('network: places');

type Guest = Parameters<Places['find']>[0];

function scene(maxPeers: number, maxInbound: number) {
  const all = new Map<string, Guest>();
  const rules = new Places({
    isConfigured: (peer) => peer.startsWith('configured'),
    validatorOf: (peer) => (peer.startsWith('validator') ? new Uint8Array(32) : undefined),
    maxPeers,
    maxInbound,
  });
  /** @returns the refusal, or who had to leave */
  const come = (id: string, address: string, direction: 'inbound' | 'outbound' = 'inbound') => {
    const guest: Guest = { id, direction, phase: 'connected', remote: multiaddr(address), connectedAt: all.size };
    const place = rules.find(guest, all.values());
    if ('refusal' in place) return place.refusal;
    all.set(id, guest);
    if (place.leaves !== undefined) all.delete(place.leaves);
    return place.leaves;
  };
  return { all, come };
}

places('a few addresses can not hold all places of those who come by themselves', () => {
  const { all, come } = scene(50, 42);
  for (let i = 0; i < 42; i++) assert.is(come(`sybil ${i}`, `/ip4/192.0.${i % 3}.1/tcp/1`), undefined);
  assert.match(come('sybil 42', '/ip4/192.0.0.9/tcp/1') ?? '', /42 peers already that came by themselves/);
  for (let i = 0; i < 30; i++) assert.match(come(`honest ${i}`, `/ip4/198.51.${i}.1/tcp/1`) ?? '', /^sybil/, `${i}`);
  assert.is(all.size, 42);
  for (let i = 0; i < 30; i++) assert.ok(all.has(`honest ${i}`));
  // three neighbourhoods with four each: one more of them would only take from another
  assert.match(come('sybil 43', '/ip4/192.0.0.9/tcp/1') ?? '', /peers already/);
});

places('the youngest of a crowd leaves, and the guest gains nothing by coming again', () => {
  const { come } = scene(3, 3);
  for (const name of ['first', 'second', 'third']) come(name, '/ip6/2001:db8:1:7::1/tcp/1');
  assert.is(come('stranger', '/ip4/192.0.2.1/tcp/1'), 'third');
  assert.match(come('third', '/ip6/2001:db8:1:8::1/tcp/1') ?? '', /3 peers already/);
  assert.match(come('another', '/ip4/203.0.113.1/tcp/1') ?? '', /second/);
  assert.match(come('one more', '/ip4/203.0.114.1/tcp/1') ?? '', /3 peers already/);
});

places(
  'configured peers, validators and those that this node has chosen stay, and the former two always find a place',
  () => {
    const { all, come } = scene(4, 4);
    const near = '/ip4/192.0.2.1/tcp/1';
    come('configured 1', near);
    come('validator 1', near);
    come('chosen 1', near, 'outbound');
    come('chosen 2', near, 'outbound');
    assert.match(come('stranger', '/ip4/203.0.113.1/tcp/1') ?? '', /4 peers already/);
    assert.is(come('configured 2', near), undefined);
    assert.is(come('validator 2', near), undefined);
    assert.match(come('chosen 3', '/ip4/203.0.113.1/tcp/1', 'outbound') ?? '', /4 peers already/);
    assert.is(all.size, 6);
  },
);

places.run();
