// One validator on an empty machine: it makes its own devnet, stops cleanly, goes on where it stopped, and after SIGKILL at any
// moment starts at a whole block with everything that it had reported final.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadGenesis } from '../../src/node/genesis-file.ts';
import { networkDirectory } from '../../src/node/package-root.ts';
import { supplyOf } from './harness/checks.ts';
import { TestNode, temporaryFolder } from './harness/devnet.ts';
import { assertKept, Load, underLoad } from './harness/load.ts';
import { runJson } from './harness/program.ts';
import { eventually } from './harness/wait.ts';
import { fundWallets, publishedWallet, Wallet } from './harness/wallet.ts';

/** Each is two: one while transfers run, one while it starts again. */
const KILLS = 5;
/** Up to this long (ms) after it was started, or was up, the node is killed. */
const LONGEST_LIFE_MS = 1_500;
const USERS = 8;
const GRANT = 1_000_000_000n;

const single = suite('one validator');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let node: TestNode;

single.before(async () => {
  folder = await temporaryFolder();
  const directory = join(folder.path, 'node');
  // Free ports of the system's choice: nobody else has to find this node.
  const ports = ['rpc', 'ws', 'metrics', 'p2p', 'p2p-ws'].flatMap((port) => [`--${port}-port`, '0']);
  const args = ['start', '--network', 'devnet', '--data-dir', directory, ...ports];
  node = new TestNode(directory, args, join(folder.path, 'node.log'));
});

single.after(async () => {
  await node.kill();
  await folder.remove();
});

single('an empty directory becomes a devnet that makes blocks; SIGTERM ends it with exit code 0', async () => {
  const info = await node.start();
  assert.match(info.validatorAddress ?? '', /^ait1/);
  await eventually('the first block', async () => (await node.rpc.height()) > 0);
  await node.ready();
  assert.is((await node.rpc.fetch('livez')).status, 200);
  assert.match(await (await fetch(info.metricsUrl)).text(), /^blockchain_blocks_total [1-9]/m);
  const { code, signal, stderr } = await node.stop();
  assert.equal([code, signal, stderr], [0, null, '']);
});

single('started again, it goes on with the same chain', async () => {
  const { height } = await verify();
  await node.start();
  const before = await node.rpc.block(height);
  await eventually('the next block', async () => (await node.rpc.height()) > height);
  assert.is((await node.rpc.block(height + 1)).parent_hash, before.hash);
  assert.is((await node.stop()).code, 0);
});

single('SIGINT ends it like SIGTERM', async () => {
  await node.start();
  assert.is((await node.process.end('SIGINT')).code, 0);
});

single(
  'killed ten times at any moment under load, half of them while it starts, it always comes back whole',
  async () => {
    const genesis = await loadGenesis(join(networkDirectory('devnet'), 'genesis.json'));
    await node.start();
    const alice = await publishedWallet('alice', genesis.hash, node.rpc);
    const users = await fundWallets(node.rpc, genesis.hash, alice, USERS, GRANT);
    const receiver = new Wallet(genesis.hash).address;
    await underLoad(new Load([node], users, receiver), async (load) => {
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(Math.random() * LONGEST_LIFE_MS);
        await node.kill();
        await killWhileStarting();
        const { supply, height } = await verify();
        assert.is(supply, supplyOf(genesis.genesis).toString());
        const reported = Math.max(0, ...[...load.finalized.values()].map((receipt) => receipt.height));
        assert.ok(height >= reported, `the database is at ${height}, a transaction was reported final at ${reported}`);
        await node.start();
        assert.ok((await node.rpc.height()) >= height);
      }
      const before = load.finalized.size;
      await eventually('transfers run again', () => load.finalized.size > before + USERS);
      await load.stop();
      await assertKept(load.finalized, node.rpc);
      const { balance } = await node.rpc.balance(receiver);
      assert.is(balance, String(load.finalized.size), 'each transfer paid one unit, once');
    });
    assert.is((await node.stop()).code, 0);
    await verify();
  },
);

async function killWhileStarting(): Promise<void> {
  const started = node.start().catch(() => undefined); // it is not meant to succeed
  await sleep(Math.random() * LONGEST_LIFE_MS);
  await node.kill();
  await started;
}

/** @throws when the database contradicts itself. */
function verify(): Promise<{ supply: string; height: number }> {
  return runJson(['db', 'verify', '--network', 'devnet', '--data-dir', node.directory]);
}

single.run();
