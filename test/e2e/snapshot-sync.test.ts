// A new node begins from a snapshot: of a chain with many accounts that has crossed epochs, from two honest peers and one
// that sends wrong chunks. It is killed on the way, goes on where it was, follows, and says what it does not have.

import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair } from '../../src/crypto/keys.ts';
import type { Network } from '../../src/network/network.ts';
import { DEFAULT_RATE_LIMITS } from '../../src/network/rate-limit.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { SnapshotChunk } from '../../src/primitives/snapshot.ts';
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../../src/primitives/wire.ts';
import { AuthorityNetwork } from './harness/authorities.ts';
import type { TestNode } from './harness/devnet.ts';
import { runJson } from './harness/program.ts';
import { RpcFailure } from './harness/rpc.ts';
import { eventually } from './harness/wait.ts';
import { finalizedBy, Wallet } from './harness/wallet.ts';

/** Some dozen chunks: time enough to kill a node between two of them. */
const ACCOUNTS = 40_000;
/** A snapshot stays for as many of these as are kept. */
const EPOCH_MS = 8000;
const KEPT = 8;

const snapshots = suite('beginning from a snapshot');
const key = KeyPair.generate();
let network: AuthorityNetwork;
let first: TestNode;
let liar: Network;
let follower: TestNode;
let alice: Wallet;

snapshots.before(async () => {
  network = await AuthorityNetwork.create({
    authorities: 2,
    accounts: ACCOUNTS,
    keys: [key],
    parameters: { blockTime: 250, epochDuration: EPOCH_MS },
    settings: { keepSnapshots: KEPT, sync: 'snapshot' },
  });
  await network.start();
  first = network.nodes[0] as TestNode;
  alice = new Wallet(network.genesisHash, key);
});

snapshots.after(async () => {
  await liar?.stop();
  await network.close();
});

snapshots('nodes keep the state of the last epochs', async () => {
  await eventually('a snapshot of the second epoch', async () => {
    const text = await readFile(first.log, 'utf8');
    return text.split('\n').filter((line) => line.includes('snapshot kept')).length >= 2;
  });
  const stranger = new Wallet(network.genesisHash);
  await finalizedBy(first.rpc, alice.transfer(stranger.address, 5n));
});

snapshots('who sends wrong chunks is found out', async () => {
  liar = await startLiar(await addresses());
  const alone = await network.follower('follower', [liar.addresses[0] as string], {});
  await alone.start();
  const found = new RegExp(`${liar.peerId}.*not those of the state`);
  await eventually('it is found out', async () => found.test(await readFile(alone.log, 'utf8')));
  assert.is(await alone.rpc.height(), 0);
  await alone.kill();
});

snapshots('a new node is killed while it fetches one, and goes on from there', async () => {
  follower = await network.follower('follower', [liar.addresses[0] as string, ...(await addresses())], {});
  const older = (await readFile(follower.log, 'utf8')).length;
  await follower.start();
  await eventually('part of the state is there', async () => {
    const { phase, progress } = await follower.rpc.syncStatus();
    return phase === 'snapshot' && progress > 0;
  });
  await follower.kill();
  const before = await readFile(follower.log, 'utf8');
  assert.match(before.slice(older), /fetching a snapshot/);
  assert.not.match(before, /the state is that of the snapshot/, 'it was killed on the way');
  await follower.start();
  await follower.ready();
  const after = (await readFile(follower.log, 'utf8')).slice(before.length);
  assert.match(after, /the state is that of the snapshot/);
  assert.not.match(after, /fetching a snapshot/, 'the one that was begun');
});

snapshots('it is where the others are, follows them over the next epoch, and serves', async () => {
  const epoch = async () => (await follower.rpc.head()).epoch;
  const present = await epoch();
  await eventually('another epoch', async () => (await epoch()) > present);
  const { height, hash, state_root } = await follower.rpc.head();
  const same = await eventually('the others have that block', () => first.rpc.block(height));
  assert.equal([same.hash, same.state_root], [hash, state_root]);
  const receiver = new Wallet(network.genesisHash);
  const paid = await finalizedBy(follower.rpc, alice.transfer(receiver.address, 7n));
  await eventually('the others have it', async () => (await first.rpc.height()) >= paid.height);
  assert.is((await first.rpc.balance(receiver.address)).balance, '7');
  assert.is((await follower.rpc.balance(receiver.address)).balance, '7');
});

snapshots('what it does not have it says', async () => {
  for (const path of ['rpc/get_block/1', `rpc/get_tx/${'ab'.repeat(32)}`, `rpc/get_receipt/${'ab'.repeat(32)}`]) {
    const error = await follower.rpc.get(path).catch((thrown: unknown) => thrown);
    assert.instance(error, RpcFailure);
    assert.equal([(error as RpcFailure).status, (error as RpcFailure).code], [404, 'NOT_HELD'], path);
    assert.match((error as RpcFailure).message, /began from a snapshot and has blocks and transactions from height/);
  }
});

snapshots('others begin from it as well, and its database is sound', async () => {
  const peers = [(await follower.rpc.networkInfo()).addresses[0] as string];
  const second = await network.follower('second', peers, {});
  await second.start();
  await second.ready();
  assert.match(await readFile(second.log, 'utf8'), /the state is that of the snapshot/);
  const { height, hash } = await second.rpc.head();
  assert.is((await eventually('the others have that block', () => first.rpc.block(height))).hash, hash);
  for (const node of [second, follower]) {
    await node.stop();
    const found = await runJson<{ height: number; headers: number }>(['db', 'verify', '--data-dir', node.directory]);
    assert.ok(found.headers < found.height, 'it has not all headers');
  }
});

function addresses(): Promise<string[]> {
  return Promise.all(network.nodes.map(async ({ rpc }) => (await rpc.networkInfo()).addresses[0] as string));
}

/** A peer that has what honest ones have, but for a bit in each chunk. */
async function startLiar(peers: readonly string[]): Promise<Network> {
  const { Libp2pNetwork } = await import('../../src/network/libp2p-network.ts');
  const { genesisHash } = network;
  const host: Network = new Libp2pNetwork({
    genesisHash,
    identitySeed: KeyPair.generate().seed,
    version: '0.0.0-test',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    announce: [],
    peers: [...peers],
    maxPeers: 32,
    maxConnectionsPerIp: Number.POSITIVE_INFINITY,
    banFile: undefined,
    network: 'private',
    discovery: 'off',
    outboundPeers: 1,
    peerBook: undefined,
    nat: false,
    relay: false,
    hidden: false,
    privatePeers: [],
    resendInterval: 1000,
    statusInterval: 1000,
    rateLimits: DEFAULT_RATE_LIMITS,
    logger: pino({ level: 'silent' }),
  });
  const never = new AbortController().signal;
  let head = { height: 0, hash: '00'.repeat(32) };
  await host.start({
    onTransactions: async () => 'ignore',
    onProposal: async () => 'ignore',
    onVote: async () => 'ignore',
    status: () => ({
      oldestVersion: OLDEST_PROTOCOL_VERSION,
      newestVersion: PROTOCOL_VERSION,
      genesisHash,
      finalizedHeight: head.height,
      finalizedHash: fromHex(head.hash),
      oldestHeight: 0,
      time: Date.now(),
    }),
    async *blocks() {
      yield* [];
    },
    certificates: async () => [],
    transactions: async () => [],
    async *snapshot(request) {
      const source = host.peers().find(({ addresses }) => addresses.some((address) => peers.includes(address)));
      if (source === undefined) return;
      for await (const answer of host.requestSnapshot(source.id, request, never)) {
        yield request.selector === 2 ? altered(answer) : answer;
      }
    },
  });
  await eventually('the liar has peers', () => host.peers().length === peers.length);
  head = await first.rpc.head();
  return host;
}

function altered(answer: Uint8Array): Uint8Array {
  const chunk = SnapshotChunk.deserialize(answer);
  const [entry, ...rest] = chunk.entries;
  if (entry === undefined) return answer;
  const value = entry.value.with(0, (entry.value[0] as number) ^ 1);
  return SnapshotChunk.serialize({ ...chunk, entries: [{ ...entry, value }, ...rest] });
}

snapshots.run();
