// A bootstrap node on loopback: whoever knows only its address finds the others, and it takes no part in the chain.

import { join } from 'node:path';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BootstrapNetwork } from '../../src/network/bootstrap-network.ts';
import type { HostOptions } from '../../src/network/options.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import {
  connected,
  eventually,
  GENESIS,
  HOST_OPTIONS,
  type NodeSettings,
  seed,
  startNode,
  stopAll,
  type TestNode,
} from './harness.ts';
import { HostilePeer } from './hostile-peer.ts';

const bootstrap = suite('network: bootstrap node');

const FINDS: NodeSettings = { discovery: 'auto' };
const PATIENCE_MS = 30_000;

async function startBootstrap(number: number, changes: Partial<HostOptions> = {}): Promise<BootstrapNetwork> {
  const network = new BootstrapNetwork({
    ...HOST_OPTIONS,
    identitySeed: seed(number),
    banFile: undefined,
    discovery: 'server',
    ...changes,
  });
  await network.start();
  return network;
}

function meshed(nodes: readonly TestNode[]): Promise<void> {
  const isMesh = () => nodes.every((node) => node.network.peers().length === nodes.length - 1);
  return eventually(isMesh, 'everyone to know the others', PATIENCE_MS);
}

bootstrap('those who know its address find each other; it is nobody’s peer', async () => {
  let queries = 0;
  const onDhtQuery = () => {
    queries += 1;
  };
  const boot = await startBootstrap(90, { onDhtQuery });
  const nodes = await Promise.all([1, 2, 3].map((number) => startNode(number, { ...FINDS, peers: boot.addresses })));
  try {
    await meshed(nodes);
    await eventually(() => boot.levels.peers === 3 && boot.levels.routingTable === 3, 'the bootstrap node to know all');
    assert.ok(queries > 0);
    for (const node of nodes) assert.not(node.network.peers().some(({ id }) => id === boot.peerId));
    await nodes[0]?.network.publishVote(Uint8Array.of(1));
    await eventually(() => nodes.slice(1).every(({ arrivals }) => arrivals.length === 1), 'gossip among the nodes');
  } finally {
    await stopAll(nodes);
    await boot.stop();
  }
});

bootstrap('who is configured with it alone, and looks for nobody, is told that this is not enough', async () => {
  const boot = await startBootstrap(90);
  const node = await startNode(1, { discovery: 'off', peers: boot.addresses });
  try {
    await eventually(() => node.log.some((line) => line.includes('discovery is off')), 'the warning');
  } finally {
    await node.stop();
    await boot.stop();
  }
});

bootstrap('a node of another network is sent away', async () => {
  const boot = await startBootstrap(90);
  const genesisHash = new Uint8Array(32).fill(0xcd);
  const stranger = await startNode(1, { ...FINDS, peers: boot.addresses, genesisHash, status: { genesisHash } });
  try {
    await eventually(() => stranger.log.some((line) => line.includes('disconnecting')), 'the disconnection');
    assert.is(boot.levels.peers, 0);
  } finally {
    await stranger.stop();
    await boot.stop();
  }
});

bootstrap('addresses that are none, told with identify, harm it as little as they are kept', async () => {
  const boot = await startBootstrap(90);
  const attacker = await HostilePeer.start(GENESIS, {
    announce: ['/dns4/2001:db8::1%x/tcp/9000', '/dns4/127.1/tcp/9000'],
  });
  try {
    await attacker.connect({ network: boot });
    await eventually(() => boot.levels.peers === 1, 'the visitor');
    assert.is(boot.levels.knownPeers, 0);
  } finally {
    await attacker.stop();
    await boot.stop();
  }
});

bootstrap('who connects and does not say what it speaks is let go within seconds', async () => {
  const boot = await startBootstrap(90);
  const silent = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  });
  try {
    await silent.dial(boot.addresses.map((address) => multiaddr(address)));
    assert.is(silent.getConnections().length, 1);
    await eventually(() => silent.getConnections().length === 0, 'the end of the connection', PATIENCE_MS);
  } finally {
    await silent.stop();
    await boot.stop();
  }
});

bootstrap('a full one lets those go who came first, and they keep what they have found', async () => {
  const boot = await startBootstrap(90, { maxPeers: 2 });
  const nodes: TestNode[] = [];
  try {
    for (const number of [1, 2, 3, 4]) {
      nodes.push(await startNode(number, { ...FINDS, outboundPeers: 1, peers: boot.addresses }));
      await eventually(() => (nodes.at(-1)?.network.peers().length ?? 0) >= Math.min(1, nodes.length - 1), 'a peer');
    }
    await eventually(() => boot.levels.peers <= 2, 'the bootstrap node to have made room');
    for (const node of nodes) assert.ok(node.network.peers().length >= 1);
  } finally {
    await stopAll(nodes);
    await boot.stop();
  }
});

bootstrap('restarted, it knows from its book who was there', () =>
  withTempDir(async (directory) => {
    const settings = { peerBook: join(directory, 'peers.json') };
    const boot = await startBootstrap(90, settings);
    const node = await startNode(1, { ...FINDS, peers: boot.addresses });
    await connected(node, 0);
    await eventually(() => boot.levels.knownPeers === 1, 'the node to be known');
    await boot.stop();
    // on another port, where nobody looks for it
    const again = await startBootstrap(90, settings);
    try {
      await eventually(() => again.levels.peers === 1, 'the bootstrap node to have found the node', PATIENCE_MS);
    } finally {
      await node.stop();
      await again.stop();
    }
  }),
);

bootstrap('who opens streams without end is banned; the operator bans and unbans', async () => {
  const boot = await startBootstrap(90);
  const attacker = await HostilePeer.start();
  const isIn = () => attacker.host.getConnections().length > 0 && boot.levels.peers === 1;
  try {
    await attacker.connect({ network: boot });
    await eventually(isIn, 'the visitor');
    await boot.ban(attacker.id, 60_000, 'by hand');
    await eventually(() => boot.levels.peers === 0, 'the visitor to go');
    assert.ok(await boot.unban(attacker.id));
    await eventually(() => attacker.host.getConnections().length === 0, 'the connection to end');
    await attacker.connect({ network: boot });
    await eventually(isIn, 'the visitor again');
    const open = async () => {
      for (let i = 0; i < 100 && boot.bans().length === 0; i++) {
        const [connection] = attacker.host.getConnections();
        await connection?.newStream(['/ipfs/ping/1.0.0']).then(
          (stream) => stream.abort(new Error('the next one')),
          () => undefined,
        );
      }
    };
    await Promise.all(Array.from({ length: 64 }, open));
    await eventually(() => boot.bans().length === 1 && boot.levels.peers === 0, 'the ban');
    assert.match(boot.bans()[0]?.reason ?? '', /streams past its share/);
  } finally {
    await Promise.all([attacker.stop(), boot.stop()]);
  }
});

bootstrap.run();
