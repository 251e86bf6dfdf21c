// How settings become a place in the network.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadConfig } from '../../src/node/config.ts';
import { dataPaths } from '../../src/node/data-dir.ts';
import { hostOptions } from '../../src/node/host-options.ts';
import { createIdentity } from '../../src/node/identity-file.ts';
import { withTempDir } from '../helpers/temp-dir.ts';

const options = suite('host options');

function optionsOf(environment: Record<string, string>) {
  return withTempDir(async (dataDir) => {
    await createIdentity(dataPaths(dataDir).identity);
    const { config } = await loadConfig({ flags: { dataDir }, environment: { NETWORK: 'mynet', ...environment } });
    return hostOptions(config);
  });
}

options('listens over TCP and WebSocket, on IPv4, IPv6 or both', async () => {
  assert.equal((await optionsOf({ P2P_PORT: '7000', P2P_WS_PORT: '7001' })).listen, [
    '/ip4/0.0.0.0/tcp/7000',
    '/ip4/0.0.0.0/tcp/7001/ws',
  ]);
  assert.equal((await optionsOf({ P2P_HOST: '0.0.0.0, ::' })).listen, [
    '/ip4/0.0.0.0/tcp/9000',
    '/ip4/0.0.0.0/tcp/9001/ws',
    '/ip6/::/tcp/9000',
    '/ip6/::/tcp/9001/ws',
  ]);
  assert.is((await optionsOf({ P2P_HOST: '0.0.0.0,::' })).network, 'public');
  assert.is((await optionsOf({ P2P_HOST: '127.0.0.1,::1' })).network, 'private');
});

options('whoever announces an address answers questions; off keeps no book', async () => {
  assert.is((await optionsOf({})).discovery, 'auto');
  assert.is((await optionsOf({ ANNOUNCE_ADDRESSES: '/dns4/node.example/tcp/9000' })).discovery, 'server');
  const client = { DISCOVERY: 'client', ANNOUNCE_ADDRESSES: '/dns4/node.example/tcp/9000' };
  assert.is((await optionsOf(client)).discovery, 'client');
  assert.match((await optionsOf({})).peerBook ?? '', /peers\.json$/);
  assert.is((await optionsOf({ DISCOVERY: 'off' })).peerBook, undefined);
});

options('a validator that is told its peers looks for no others, unless it is told to', async () => {
  const peer = '/ip4/203.0.113.1/tcp/9000/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN';
  for (const name of ['VALIDATOR_KEY', 'VALIDATOR_SIGNER']) {
    const validator = { [name]: name === 'VALIDATOR_KEY' ? 'validator' : 'unix:/run/signer.sock' };
    const told = { ...validator, BOOTSTRAP_PEERS: peer };
    const { discovery, peerBook } = await optionsOf(told);
    assert.equal([discovery, peerBook], ['off', undefined]);
    assert.is((await optionsOf({ ...told, ANNOUNCE_ADDRESSES: '/dns4/node.example/tcp/9000' })).discovery, 'off');
    assert.is((await optionsOf({ ...told, DISCOVERY: 'client' })).discovery, 'client');
    assert.is((await optionsOf(validator)).discovery, 'auto', 'it knows nobody');
  }
  assert.is((await optionsOf({ BOOTSTRAP_PEERS: peer })).discovery, 'auto');
});

options('a node with sentries keeps to them, whatever other peers the network names', async () => {
  const [sentry, other] = ['203.0.113.1', '203.0.113.2'].map(
    (ip) => `/ip4/${ip}/tcp/9000/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN`,
  ) as [string, string];
  const { hidden, peers, discovery, peerBook } = await optionsOf({ SENTRIES: sentry, BOOTSTRAP_PEERS: other });
  assert.equal([hidden, peers, discovery, peerBook], [true, [sentry], 'off', undefined]);
  const id = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN';
  const before = await optionsOf({ PRIVATE_PEERS: id, BOOTSTRAP_PEERS: other });
  assert.equal([before.hidden, before.peers, before.privatePeers], [false, [other], [id]]);
});

options('a devnet is private, finds nobody, and lets all nodes of one machine in', async () => {
  const { network, discovery, maxConnectionsPerIp } = await optionsOf({ NETWORK: 'devnet', P2P_HOST: '0.0.0.0' });
  assert.equal([network, discovery, maxConnectionsPerIp], ['private', 'off', Number.POSITIVE_INFINITY]);
});

options.run();
