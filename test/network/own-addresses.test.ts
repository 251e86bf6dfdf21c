import { networkInterfaces } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ownPublicAddresses } from '../../src/network/own-addresses.ts';

const own = suite('network: own addresses');

const INTERFACES = {
  lo: [{ address: '127.0.0.1' }, { address: '::1' }],
  eth0: [{ address: '8.8.4.4' }, { address: '10.0.0.7' }, { address: '2a00:1::7' }, { address: 'fe80::1' }],
  docker0: [{ address: '172.17.0.1' }],
  gone: undefined,
};

own('a node that listens everywhere is at the public addresses of its machine, of the same family', () => {
  assert.equal(ownPublicAddresses(['/ip4/0.0.0.0/tcp/9000', '/ip4/0.0.0.0/tcp/9001/ws'], INTERFACES), [
    '/ip4/8.8.4.4/tcp/9000',
    '/ip4/8.8.4.4/tcp/9001/ws',
  ]);
  assert.equal(ownPublicAddresses(['/ip6/::/tcp/9000'], INTERFACES), ['/ip6/2a00:1::7/tcp/9000']);
});

own('one that listens in one place is there, if that is public; an unknown port is no address', () => {
  assert.equal(ownPublicAddresses(['/ip4/8.8.4.4/tcp/9000'], {}), ['/ip4/8.8.4.4/tcp/9000']);
  assert.equal(ownPublicAddresses(['/ip4/10.0.0.7/tcp/9000', '/ip4/127.0.0.1/tcp/9000'], INTERFACES), []);
  assert.equal(ownPublicAddresses(['/ip4/0.0.0.0/tcp/0'], INTERFACES), []);
  for (const address of ownPublicAddresses(['/ip4/0.0.0.0/tcp/9000', '/ip6/::/tcp/9000'], networkInterfaces())) {
    assert.match(address, /^\/ip[46]\/[0-9a-f.:]+\/tcp\/9000$/);
  }
});

own.run();
