// Nodes that were away, lost their database, or are new: they come to the head of the others by ranges of blocks, and are
// full members again. A node without a validator key follows, answers and forwards.

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dataPaths } from '../../src/node/data-dir.ts';
import { devnetPorts } from '../../src/node/devnet.ts';
import { votedAfter } from './harness/checks.ts';
import { TestDevnet, TestNode } from './harness/devnet.ts';
import { freePorts } from './harness/ports.ts';
import { runJson } from './harness/program.ts';
import { eventually } from './harness/wait.ts';
import { finalizedBy, fundWallets, publishedWallet, Wallet } from './harness/wallet.ts';

/** Many blocks in little time. */
const BLOCK_TIME_MS = 50;
/** More than one range of a request, and more than consensus would fetch one by one. */
const MISSED_BLOCKS = 150;
const ACCOUNTS = 300;

const catchUp = suite('catching up');
let devnet: TestDevnet;
let alice: Wallet;
let follower: TestNode | undefined;

catchUp.before(async () => {
  devnet = await TestDevnet.create(4, BLOCK_TIME_MS);
  await devnet.start();
  const { rpc } = devnet.node(0);
  alice = await publishedWallet('alice', devnet.genesisHash, rpc);
});

catchUp.after(async () => {
  await follower?.kill();
  await devnet.close();
});

catchUp('a validator that missed many blocks fetches them in ranges and votes again', async () => {
  const [asked, away] = [devnet.node(0), devnet.node(1)];
  await away.stop();
  const stopped = await asked.rpc.height();
  await fundWallets(asked.rpc, devnet.genesisHash, alice, ACCOUNTS, 1_000_000n);
  const height = await blocksLater(asked, stopped, MISSED_BLOCKS);
  await away.start();
  await away.ready();
  await devnet.agreeAt(height);
  // It is ready when its newest block is, which may be before the last range is done.
  await eventually('ranges, not block by block', async () => /caught up/.test(await readFile(away.log, 'utf8')));
  await eventually('it votes', () => votedAfter(away, height));
});

catchUp('a validator whose database is gone rebuilds it, with its journal or without', async () => {
  const wiped = devnet.node(3);
  const { db, journal } = dataPaths(wiped.directory);
  for (const lost of [[db], [db, journal]]) {
    await wiped.stop();
    for (const path of lost) await rm(path, { recursive: true });
    await wiped.start();
    await wiped.ready();
    const height = await devnet.node(0).rpc.height();
    await devnet.agreeAt(height);
    await eventually('it votes', () => votedAfter(wiped, height));
    const [first, again] = await Promise.all([devnet.node(0).rpc.block(1), wiped.rpc.block(1)]);
    assert.is(first.hash, again.hash, 'old blocks are there as everywhere else');
  }
});

catchUp('a follower without a validator key syncs from zero, answers, and forwards what it is given', async () => {
  const directory = join(devnet.directory, 'follower');
  const port = await freePorts(5);
  const genesisFile = join(devnet.directory, 'genesis.json');
  const { rpcPort, wsPort, metricsPort, p2pPort, p2pWsPort } = devnetPorts(port, 0);
  await runJson(['init', '--network', 'follower', '--genesis-file', genesisFile, '--data-dir', directory]);
  const peers = await Promise.all(
    [0, 1].map(async (index) => (await devnet.node(index).rpc.networkInfo()).addresses[0]),
  );
  follower = new TestNode(
    directory,
    [
      ...['start', '--network', 'follower', '--data-dir', directory, '--genesis-file', genesisFile],
      ...['--bootstrap-peers', peers.join(','), '--p2p-host', '127.0.0.1', '--p2p-port', String(p2pPort)],
      ...['--p2p-ws-port', String(p2pWsPort), '--rpc-port', String(rpcPort), '--ws-port', String(wsPort)],
      ...['--metrics-port', String(metricsPort)],
    ],
    join(devnet.directory, 'follower.log'),
  );
  const height = await devnet.node(0).rpc.height();
  const info = await follower.start();
  assert.is(info.validatorAddress, undefined);
  await follower.ready();
  await devnet.agreeAt(height, [devnet.node(0), follower]);
  const receiver = new Wallet(devnet.genesisHash);
  const { height: paid } = await finalizedBy(follower.rpc, alice.transfer(receiver.address, 7n));
  await devnet.agreeAt(paid, [...devnet.nodes, follower]);
  for (const { rpc } of [...devnet.nodes, follower]) {
    assert.is((await rpc.balance(receiver.address)).balance, '7');
    assert.is((await rpc.balance(alice.address)).nonce, alice.nonce);
  }
});

async function blocksLater({ rpc }: TestNode, from: number, count: number): Promise<number> {
  return eventually(`${count} more blocks`, async () => {
    const height = await rpc.height();
    return height >= from + count && height;
  });
}

catchUp.run();
