// `nat: true` behind routers as homes have them: who is there can be reached through a relay, directly by those whom it can
// dial itself, and directly by all where the router opens a port.

import * as assert from 'uvu/assert';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { parseAddress, reachOf } from '../../src/network/addresses.ts';
import { DEVNET_VALIDATOR } from '../../src/node/devnet-keys.ts';
import type { TestNode } from '../e2e/harness/devnet.ts';
import { eventually } from '../e2e/harness/wait.ts';
import { publishedWallet, Wallet } from '../e2e/harness/wallet.ts';
import { GatewayProcess } from './gateway-process.ts';
import { HomeNetwork, P2P_PORT } from './home-network.ts';
import { HostSuite } from './namespaces.ts';
import type { Site } from './wires.ts';

/** Each in a network of its own, as far from each other as AutoNAT wants its witnesses. */
const SITES: readonly Site[] = [
  { kind: 'public', address: '31.1.1.1' },
  { kind: 'public', address: '41.1.1.1' },
  { kind: 'public', address: '51.1.1.1' },
  { kind: 'router', address: '192.168.1.1', outside: '84.10.1.1' },
  { kind: 'home', address: '192.168.1.2', router: 3 },
  { kind: 'router', address: '192.168.1.1', outside: '95.10.1.1' },
  { kind: 'home', address: '192.168.1.2', router: 5 },
  { kind: 'public', address: '61.1.1.1' },
];
const [VALIDATOR, RELAY, STRANGER, ROUTER, HOME, FAR_HOME, CALLER] = [0, 1, 2, 3, 4, 6, 7] as const;

const nat = new HostSuite('nat', import.meta.url);
let network: HomeNetwork;
let relay: string;
let validator: TestNode;
let home: TestNode;
/** The address of home's router. */
let outside: string;

nat.around(
  async () => {
    network = await HomeNetwork.create(SITES);
    outside = network.hosts.publicAddress(HOME);
    relay = await network.bootstrap(RELAY, '--relay', 'true');
    validator = await network.add('validator', VALIDATOR, {
      validatorKey: DEVNET_VALIDATOR,
      signerListen: 0,
      discovery: 'server',
      p2pHost: network.hosts.address(VALIDATOR),
      bootstrapPeers: [relay],
    });
    home = await network.add('home', HOME, { nat: true, bootstrapPeers: [relay, await addressOf(validator)] });
    await Promise.all([validator.ready(), home.ready()]);
  },
  () => network.close(),
);

nat.test('behind a router: it gets a place at a relay, and tells of no other way to it from outside', async () => {
  const address = await relayedAddress(home);
  assert.ok(address.startsWith(relay), address);
  assert.equal(await publicAddressesOf(home), []);
});

nat.test(
  'one that is behind another router has the chain through the relay alone, and passes on transactions',
  async () => {
    const bootstrapPeers = [await relayedAddress(home)];
    const far = await network.add('far', FAR_HOME, { nat: true, discovery: 'off', bootstrapPeers });
    await far.ready();
    const alice = await publishedWallet('alice', network.genesisHash, far.rpc);
    const { status } = await far.rpc.sendAndWait(alice.transfer(new Wallet(network.genesisHash).address, 1n).json);
    assert.is(status, 'finalized');
    const [peer] = await far.rpc.peers();
    assert.ok(peer?.addresses[0]?.includes('/p2p-circuit/'), 'two routers without UPnP leave no other way');
  },
);

nat.test('a direct connection takes the place of the relayed one where one side can be dialled', async () => {
  const stranger = await follow(STRANGER, await relayedAddress(home));
  await eventually('a direct connection', async () => {
    const [peer] = await stranger.rpc.peers();
    // it comes from the other side, from any port
    return peer?.direction === 'inbound' && peer.addresses.at(-1)?.startsWith(`/ip4/${outside}/tcp/`);
  });
});

nat.test('a router with UPnP opens a port: peers have tried it, all are told of it, and any can come', async () => {
  assert.equal(await publicAddressesOf(home), [], 'a while after the start neither');
  const gateway = await GatewayProcess.start(network.hosts, ROUTER);
  const [address = ''] = await eventually('the port is told', async () => {
    const addresses = await publicAddressesOf(home);
    return addresses.length > 0 && addresses.filter((one) => !one.includes('/ws'));
  });
  assert.ok(address.startsWith(`/ip4/${outside}/tcp/${P2P_PORT}/p2p/`), address);
  const caller = await follow(CALLER, address);
  const [peer] = await caller.rpc.peers();
  assert.is(peer?.direction, 'outbound');
  assert.is(peer?.addresses[0], address);
  const { code, stderr } = await home.stop();
  assert.is(code, EXIT.ok, stderr);
  assert.equal(gateway.forwards, []);
  gateway.close();
});

/** A node on the internet that is told of one other, and is ready. */
async function follow(host: number, peer: string): Promise<TestNode> {
  const p2pHost = network.hosts.address(host);
  const node = await network.add(`follower-${host}`, host, { discovery: 'off', p2pHost, bootstrapPeers: [peer] });
  await node.ready();
  return node;
}

/** Where it says that anybody can dial it. */
async function publicAddressesOf(node: TestNode): Promise<string[]> {
  return (await addressesOf(node)).filter((one) => reachOf(parseAddress(one)) === 'public');
}

async function addressesOf(node: TestNode): Promise<string[]> {
  return (await node.rpc.networkInfo()).addresses;
}

async function addressOf(node: TestNode): Promise<string> {
  const address = (await addressesOf(node)).find((one) => !one.includes('/ws'));
  if (address === undefined) throw new Error(`${node.directory} has no address`);
  return address;
}

function relayedAddress(node: TestNode): Promise<string> {
  return eventually('a place at the relay', async () =>
    (await addressesOf(node)).find((address) => address.includes('/p2p-circuit/')),
  );
}

nat.run();
