// Where configured peers are, by address, by name, and where they were met.

import { isIP } from 'node:net';
import { multiaddr } from '@multiformats/multiaddr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Friends } from '../../src/network/friends.ts';

const friends = suite('network: friends');

friends('by address, of IPv6 the /64, and by name, as long as it leads there or can not be looked up', async () => {
  const records = new Map([['node.example', ['192.0.2.7', '2001:db8::7']]]);
  const addresses = ['/dns4/node.example/tcp/9000', '/ip4/198.51.100.1/tcp/9000/ws', '/ip6/2001:db8:1::1/tcp/9000'];
  const known = new Friends({
    addresses: () => addresses.map((address) => multiaddr(address)),
    lookup: async (name, family) => {
      const found = records.get(name)?.filter((ip) => isIP(ip) === family);
      if (found === undefined) throw new Error('no such name');
      return found;
    },
  });
  const all = () =>
    ['192.0.2.7', '2001:db8:0:0::/64', '198.51.100.1', '2001:db8:1:0::/64', '203.0.113.9'].map((ip) => known.has(ip));
  assert.equal(all(), [false, false, false, false, false]);
  await known.refresh();
  assert.equal(all(), [true, true, true, true, false]);
  records.clear();
  await known.refresh();
  assert.equal(all(), [true, true, true, true, false]);
  records.set('node.example', ['203.0.113.9']);
  await known.refresh();
  assert.equal(all(), [false, false, true, true, true]);
  addresses.length = 0;
  await known.refresh();
  assert.equal(all(), [false, false, false, false, false]);
});

friends('where one was met', () => {
  const known = new Friends({ addresses: () => [], lookup: async () => [] });
  known.met('192.0.2.7');
  assert.ok(known.has('192.0.2.7'));
  for (let i = 0; i < 256; i++) known.met(`198.51.100.${i}`);
  assert.not(known.has('192.0.2.7'), 'bounded');
});

friends.run();
