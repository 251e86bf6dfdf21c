// Four validators, some of them killed without warning while transfers run: with one away the chain goes on, with two away it
// halts, and it goes on when they return.

import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ledAfter, votedAfter } from './harness/checks.ts';
import { TestDevnet, type TestNode } from './harness/devnet.ts';
import { assertKept, Load, underLoad } from './harness/load.ts';
import { RpcFailure } from './harness/rpc.ts';
import { eventually } from './harness/wait.ts';
import { FEE, finalizedBy, fundWallets, publishedWallet, type Signed, Wallet } from './harness/wallet.ts';

const USERS = 12;
/** Short, since patience with a leader grows with it. */
const BLOCK_TIME_MS = 250;
const GRANT = 1_000_000_000n;
const faults = suite('validators that are killed');
let devnet: TestDevnet;
let users: Wallet[];
let receiver: string;
let bob: Wallet;

faults.before(async () => {
  devnet = await TestDevnet.create(4, BLOCK_TIME_MS);
  await devnet.start();
  const { rpc } = devnet.node(0);
  const alice = await publishedWallet('alice', devnet.genesisHash, rpc);
  users = await fundWallets(rpc, devnet.genesisHash, alice, USERS, GRANT);
  receiver = new Wallet(devnet.genesisHash).address;
  bob = await publishedWallet('bob', devnet.genesisHash, rpc);
  await finalizedBy(rpc, bob.transfer(receiver, 1n));
});

faults.after(() => devnet.close());

faults('one is killed: the chain goes on; started again it catches up and votes', async () => {
  const victim = devnet.node(2);
  const others = devnet.nodes.filter((node) => node !== victim);
  await underLoad(new Load(others, users, receiver), async (load) => {
    await eventually('transfers run', () => load.finalized.size > USERS);
    await victim.kill();
    const before = load.finalized.size;
    await eventually('transfers are finalized by three', () => load.finalized.size > before + 3 * USERS);
    await victim.start();
    await victim.ready();
    const back = await victim.rpc.height();
    await eventually('its vote is in the certificate of a later block', () => votedAfter(victim, back));
    await eventually('it leads again', () => ledAfter(victim, back));
    await load.stop();
    await devnet.agreeAt(await (others[0] as TestNode).rpc.height());
    await assertKept(load.finalized, victim.rpc);
  });
});

faults('two are killed: the chain halts, and goes on when one returns', async () => {
  const [first, second] = [devnet.node(1), devnet.node(3)];
  const alive = [devnet.node(0), devnet.node(2)];
  await underLoad(new Load(alive, users, receiver), async (load) => {
    await eventually('transfers run', () => load.finalized.size > USERS);
    await Promise.all([first.kill(), second.kill()]);
    const [asked, other] = alive as [TestNode, TestNode];
    // A last Final may have been under way.
    const halted = await eventually('no more blocks', async () => {
      const height = await asked.rpc.height();
      await sleep(1000);
      return height === (await asked.rpc.height()) && { height };
    });
    const replaced = bob.transfer(receiver, 1n);
    const waited = failureOf(asked.rpc.post('rpc/send_tx?wait=finalized', replaced.json));
    await eventually('it waits', () => isPending(asked, replaced));
    const waiting = bob.transfer(receiver, 1n, { nonce: bob.nonce - 1, fee: 2n * FEE });
    assert.is((await asked.rpc.send(waiting.json)).status, 'pending');
    assert.equal([await waited, await failureOf(asked.rpc.transaction(replaced.hash))], ['DROPPED', 'DROPPED']);
    await eventually('a halted node says so', async () => (await asked.rpc.fetch('health')).status === 503);
    for (const { rpc } of [asked, other]) assert.ok((await rpc.height()) <= halted.height + 1);
    assert.is((await asked.rpc.transaction(waiting.hash)).status === 'finalized', false);
    await first.start();
    await eventually('the waiting transaction is finalized', async () => {
      return (await asked.rpc.transaction(waiting.hash)).status === 'finalized';
    });
    await load.stop();
    await second.start();
    await second.ready();
    await devnet.agreeAt(await asked.rpc.height());
    for (const { rpc } of devnet.nodes) await assertKept(load.finalized, rpc);
  });
});

async function isPending({ rpc }: TestNode, { hash }: Signed): Promise<boolean> {
  const answer = await rpc.transaction(hash).catch(() => undefined);
  return answer?.status === 'pending';
}

/** The node's code for its refusal. */
function failureOf(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'none',
    (error: unknown) => (error instanceof RpcFailure ? error.code : String(error)),
  );
}

faults.run();
