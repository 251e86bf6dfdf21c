// Four validators, all killed at the same moment while transfers run, again and again: what was reported final is there
// exactly once, on every node, and the chain goes on.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { supplyOf } from './harness/checks.ts';
import { TestDevnet } from './harness/devnet.ts';
import { assertKept, Load, underLoad } from './harness/load.ts';
import { runJson } from './harness/program.ts';
import { eventually } from './harness/wait.ts';
import { fundWallets, publishedWallet, Wallet } from './harness/wallet.ts';

const ROUNDS = 3;
const USERS = 12;
const GRANT = 1_000_000_000n;
const BLOCK_TIME_MS = 250;

const crashes = suite('four validators that crash together');
let devnet: TestDevnet;
let users: Wallet[];
let receiver: string;

crashes.before(async () => {
  devnet = await TestDevnet.create(4, BLOCK_TIME_MS);
  await devnet.start();
  const { rpc } = devnet.node(0);
  const alice = await publishedWallet('alice', devnet.genesisHash, rpc);
  users = await fundWallets(rpc, devnet.genesisHash, alice, USERS, GRANT);
  receiver = new Wallet(devnet.genesisHash).address;
});

crashes.after(() => devnet.close());

crashes('nothing that was reported final is lost, and the chain goes on', async () => {
  await underLoad(new Load(devnet.nodes, users, receiver), async (load) => {
    for (let round = 0; round < ROUNDS; round++) {
      const before = load.finalized.size;
      await eventually('transfers run', () => load.finalized.size > before + 2 * USERS);
      await Promise.all(devnet.nodes.map((node) => node.kill()));
      await devnet.start();
    }
    const before = load.finalized.size;
    await eventually('transfers run again', () => load.finalized.size > before + USERS);
    await load.stop();
    await devnet.agreeAt(await devnet.node(0).rpc.height());
    for (const { rpc } of devnet.nodes) await assertKept(load.finalized, rpc);
  });
});

crashes('every database is sound at the end', async () => {
  await Promise.all(devnet.nodes.map((node) => node.stop()));
  for (const { directory } of devnet.nodes) {
    const found = await runJson<{ supply: string }>(['db', 'verify', '--config', `${directory}/config.yaml`]);
    assert.is(found.supply, supplyOf(devnet.genesis).toString());
  }
});

crashes.run();
