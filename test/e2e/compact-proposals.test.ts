// Four validators, one of them dead and one that hears of no transaction before a block names it: there is no quorum
// without its vote, and it can vote only when it has fetched what it lacks.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDevnet } from './harness/devnet.ts';
import { eventually } from './harness/wait.ts';
import { fundWallets, publishedWallet, type Wallet } from './harness/wallet.ts';

const VALIDATORS = 4;
const WALLETS = 100;
const ROUNDS = 3;
const GRANT = 1_000_000_000n;
const DEAF = { NODE_OPTIONS: `--import ${new URL('./deaf-hook.js', import.meta.url).href}` };

const proposals = suite('compact proposals');
let devnet: TestDevnet;

proposals.before(async () => {
  devnet = await TestDevnet.create(VALIDATORS);
  const [first, second, deaf] = devnet.nodes;
  const alive = [first, second, deaf].filter((node) => node !== undefined);
  await Promise.all(alive.map((node) => node.start(node === deaf ? DEAF : {})));
  await Promise.all(alive.map((node) => node.ready()));
});
proposals.after(() => devnet.close());

proposals('blocks full of transactions are final although one of three mempools misses them all', async () => {
  const [first, second, deaf] = [devnet.node(0), devnet.node(1), devnet.node(2)];
  const alice = await publishedWallet('alice', devnet.genesisHash, first.rpc);
  const wallets = await fundWallets(first.rpc, devnet.genesisHash, alice, WALLETS, GRANT);
  const heard = () => deaf.rpc.mempool();
  for (let round = 0; round < ROUNDS; round++) {
    const nodes = [first, second];
    await Promise.all(nodes.map(({ rpc }, index) => rpc.sendBatch(transfersOf(wallets, index, nodes.length))));
    assert.is((await heard()).size, 0);
  }
  const last = wallets.at(-1) as Wallet;
  await eventually('all are final', async () => (await first.rpc.balance(last.address)).nonce === ROUNDS);
  const height = await first.rpc.height();
  await devnet.agreeAt(height, [first, second, deaf]);
  const counts: number[] = [];
  for (let at = 1; at <= height; at++) counts.push((await deaf.rpc.block(at)).receipts.length);
  assert.is(
    counts.reduce((sum, count) => sum + count, 0),
    1 + ROUNDS * WALLETS,
  );
  assert.ok(Math.max(...counts) > 10, `blocks had ${counts.join(', ')} transactions`);
});

/** One transfer of each wallet that falls to this node. */
function transfersOf(wallets: readonly Wallet[], index: number, nodes: number) {
  const mine = wallets.filter((_, position) => position % nodes === index);
  return mine.map((wallet) => wallet.transfer(wallet.address, 1n).json);
}

proposals.run();
