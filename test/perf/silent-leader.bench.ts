// What two dead validators of seven cost the other five: with the skip of silent leaders, and with the same build that
// waits for every leader (patient-hook.js). `make bench-silent` prints both and their ratio, from one run on one chain.

import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../../src/cli/bench/statistics.ts';
import { genesisSet } from '../../src/ledger/genesis.ts';
import { formatAddress } from '../../src/primitives/address.ts';
import { TestDevnet, type TestNode } from '../e2e/harness/devnet.ts';
import { pay } from '../e2e/harness/finality.ts';
import { SlotWatch } from '../e2e/harness/slots.ts';
import { eventually } from '../e2e/harness/wait.ts';
import { fundWallets, publishedWallet, type Wallet } from '../e2e/harness/wallet.ts';
import { median } from './cpu.ts';

const VALIDATORS = 7;
/** In the order of leaders; not next to each other, which would cost even more. */
const DEAD_SEATS = [2, 5];
const PER_SECOND = 20;
const STEADY_MS = 40_000;
/** So many wait for their last transfer before they send the next. */
const USERS = 32;
const USERS_MS = 20_000;
/** At this rate each waits longer than any transfer takes before its turn comes again. */
const WALLETS = 400;
const GRANT = 1_000_000_000n;
/** Two rounds of slots tell who is silent; one more for good measure. */
const WARM_UP_SLOTS = 3 * VALIDATORS;
const WARM_UP_LIMIT_MS = 120_000;

/** What is measured, by name. */
type Figures = ReadonlyMap<string, number>;

const PATIENT = { NODE_OPTIONS: `--import ${new URL('./patient-hook.js', import.meta.url).href}` };

const devnet = await TestDevnet.create(VALIDATORS);
try {
  await devnet.start();
  const { rpc } = devnet.node(0);
  const alice = await publishedWallet('alice', devnet.genesisHash, rpc);
  const wallets = await fundWallets(rpc, devnet.genesisHash, alice, WALLETS, GRANT);
  const alive = await living();
  await stop(devnet.nodes);
  print(
    `${VALIDATORS} validators, ${DEAD_SEATS.length} dead; ${PER_SECOND} transfers a second for ${STEADY_MS / 1000} s`,
  );
  const waiting = await measured('waiting for every leader', alive, wallets, PATIENT);
  const skipping = await measured('silent leaders passed over', alive, wallets, {});
  compare(waiting, skipping);
} finally {
  await devnet.close();
}

/** Those that do not sit in one of the dead seats. */
async function living(): Promise<TestNode[]> {
  const set = genesisSet(devnet.genesis);
  const dead = new Set(DEAD_SEATS.map((seat) => set[seat]).map((seat) => seat && formatAddress(seat.address)));
  const addresses = await Promise.all(
    devnet.nodes.map(async ({ process }) => (await process.started).validatorAddress),
  );
  return devnet.nodes.filter((_, index) => !dead.has(addresses[index]));
}

async function measured(
  name: string,
  nodes: readonly TestNode[],
  wallets: readonly Wallet[],
  environment: Readonly<Record<string, string>>,
): Promise<Figures> {
  print(`measuring: ${name}`);
  await Promise.all(nodes.map((node) => node.start(environment)));
  const [first] = nodes as [TestNode];
  const watch = new SlotWatch((await first.process.started).wsUrl);
  try {
    await Promise.all(nodes.map((node) => node.ready()));
    const ended = new AbortController();
    const warmUp = users(nodes, wallets.slice(0, USERS), ended.signal);
    await eventually('the dead are known', () => watch.count > WARM_UP_SLOTS, WARM_UP_LIMIT_MS);
    ended.abort();
    await warmUp;
    watch.forget();
    const before = await first.rpc.height();
    const start = performance.now();
    const latencies = await steady(nodes, wallets);
    const seconds = (performance.now() - start) / 1000;
    const blocks = (await first.rpc.height()) - before;
    const skipped = median(watch.skipped);
    const eager = await users(nodes, wallets.slice(0, USERS), AbortSignal.timeout(USERS_MS));
    return new Map([
      ['blocks per second', blocks / seconds],
      ['finalized transfers per second', latencies.length / seconds],
      ['submit to final p50, ms', percentile(latencies, 0.5)],
      ['submit to final p99, ms', percentile(latencies, 0.99)],
      ['slot of a dead leader, median ms', skipped],
      [`${USERS} users, transfers per second`, eager / (USERS_MS / 1000)],
    ]);
  } finally {
    watch.close();
    await stop(nodes);
  }
}

/** @returns what each transfer took until it was final, ms. */
async function steady(nodes: readonly TestNode[], wallets: readonly Wallet[]): Promise<number[]> {
  const start = performance.now();
  const under: Promise<number>[] = [];
  for (let number = 0; number < (PER_SECOND * STEADY_MS) / 1000; number++) {
    await sleep(Math.max(0, start + (1000 * number) / PER_SECOND - performance.now()));
    under.push(pay(nodes[number % nodes.length] as TestNode, wallets[number % wallets.length] as Wallet));
  }
  return Promise.all(under);
}

/** Each sends one transfer after the other through one node. @returns how many were final before the end. */
async function users(nodes: readonly TestNode[], wallets: readonly Wallet[], end: AbortSignal): Promise<number> {
  let count = 0;
  await Promise.all(
    wallets.map(async (wallet, index) => {
      while (!end.aborted) {
        await pay(nodes[index % nodes.length] as TestNode, wallet);
        if (!end.aborted) count++;
      }
    }),
  );
  return count;
}

async function stop(nodes: readonly TestNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.stop()));
}

function compare(waiting: Figures, skipping: Figures): void {
  print(`\n${''.padEnd(36)}${'waiting'.padStart(12)}${'passed over'.padStart(14)}${'ratio'.padStart(10)}`);
  for (const [name, before] of waiting) {
    const after = skipping.get(name) ?? NaN;
    const cells = [
      before.toFixed(1).padStart(12),
      after.toFixed(1).padStart(14),
      (after / before).toFixed(2).padStart(10),
    ];
    print(`${name.padEnd(36)}${cells.join('')}`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
