// Four validators as real processes: a thousand transfers through one of them are finalized on all, with the same state.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { supplyOf } from './harness/checks.ts';
import { TestDevnet } from './harness/devnet.ts';
import { runJson } from './harness/program.ts';
import type { Rpc } from './harness/rpc.ts';
import { eventually, inParallel } from './harness/wait.ts';
import { FEE, fundWallets, publishedWallet, type Signed, Wallet } from './harness/wallet.ts';

const TRANSFERS = 1000;
/** Half of them go one by one, as wallets do; the others in batches, as services do. */
const SINGLE = 500;
const BATCH = 100;
const REQUESTS_AT_ONCE = 32;
const GRANT = 1_000_000_000n;

const transfers = suite('four validators');
let devnet: TestDevnet;

transfers.before(async () => {
  devnet = await TestDevnet.create(4);
  await devnet.start();
});

transfers.after(() => devnet.close());

transfers('a thousand transfers through one node are finalized on all four with equal state roots', async () => {
  const { rpc } = devnet.node(0);
  const alice = await publishedWallet('alice', devnet.genesisHash, rpc);
  const senders = await fundWallets(rpc, devnet.genesisHash, alice, TRANSFERS, GRANT);
  const receiver = new Wallet(devnet.genesisHash);
  const first = senders[0]?.transfer(receiver.address, 1n) as Signed;
  await rpc.sendAndWait(first.json);
  const signed = senders.slice(1).map((sender, index) => sender.transfer(receiver.address, BigInt(index + 2)));
  await Promise.all([sendSingly(rpc, signed.slice(0, SINGLE)), sendInBatches(rpc, signed.slice(SINGLE))]);

  const receipts = await inParallel([first, ...signed], REQUESTS_AT_ONCE, ({ hash }) =>
    eventually(`${hash} is finalized`, () => rpc.receipt(hash)),
  );
  assert.is(receipts.filter(({ code }) => code === 'SUCCESS').length, TRANSFERS);
  const places = new Set(receipts.map(({ height, index }) => `${height}/${index}`));
  assert.is(places.size, TRANSFERS, 'each in a place of its own');

  const height = Math.max(...receipts.map((receipt) => receipt.height));
  await devnet.agreeAt(height);
  const received = BigInt((TRANSFERS * (TRANSFERS + 1)) / 2);
  for (const node of devnet.nodes) {
    assert.is((await node.rpc.balance(receiver.address)).balance, received.toString());
    for (const index of [0, 1, 499, 500, 999]) {
      const wallet = senders[index] as Wallet;
      const { balance, nonce } = await node.rpc.balance(wallet.address);
      assert.equal([balance, nonce], [(GRANT - BigInt(index + 1) - FEE).toString(), 1]);
    }
    assert.is((await node.rpc.mempool()).size, 0);
  }
});

transfers('after a clean stop every database is sound and holds the whole supply', async () => {
  const exits = await Promise.all(devnet.nodes.map((node) => node.stop()));
  assert.equal(
    exits.map(({ code }) => code),
    [0, 0, 0, 0],
  );
  const supply = supplyOf(devnet.genesis);
  for (const { directory } of devnet.nodes) {
    const found = await runJson<{ supply: string; height: number }>([
      'db',
      'verify',
      '--config',
      `${directory}/config.yaml`,
    ]);
    assert.is(found.supply, supply.toString());
  }
});

async function sendSingly(rpc: Rpc, signed: readonly Signed[]): Promise<void> {
  await inParallel(signed, REQUESTS_AT_ONCE, async ({ json, hash }) => {
    const answer = await rpc.send(json);
    assert.is(answer.tx_hash, hash);
  });
}

async function sendInBatches(rpc: Rpc, signed: readonly Signed[]): Promise<void> {
  const batches: Signed[][] = [];
  for (let start = 0; start < signed.length; start += BATCH) batches.push(signed.slice(start, start + BATCH));
  await inParallel(batches, 2, async (batch) => {
    const answers = await rpc.sendBatch(batch.map(({ json }) => json));
    assert.equal(
      answers.map(({ result }) => result?.tx_hash),
      batch.map(({ hash }) => hash),
    );
  });
}

transfers.run();
