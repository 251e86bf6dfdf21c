// Four validators, one of them dead: its slots first cost the others their whole patience, and soon only a message delay.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { baseTimeout } from '../../src/primitives/parameters.ts';
import { median } from '../perf/cpu.ts';
import { TestDevnet } from './harness/devnet.ts';
import { Load, underLoad } from './harness/load.ts';
import { SlotWatch } from './harness/slots.ts';
import { eventually } from './harness/wait.ts';
import { fundWallets, publishedWallet, Wallet } from './harness/wallet.ts';

const VALIDATORS = 4;
const USERS = 4;
const GRANT = 1_000_000_000n;
/** Slots of the dead one that are looked at. */
const SAMPLES = 7;
/** Far above a message delay on any machine, far below the time that a leader is given. */
const SHARE_OF_BASE = 1 / 2;

const silent = suite('a validator that is dead');
let devnet: TestDevnet;

silent.before(async () => {
  devnet = await TestDevnet.create(VALIDATORS);
  await devnet.start();
});

silent.after(() => devnet.close());

silent('is given its whole time at first, and passed over when it has been silent for a while', async () => {
  const [first, , , dead] = devnet.nodes;
  if (first === undefined || dead === undefined) throw new Error('there are four nodes');
  const base = baseTimeout(devnet.genesis.parameters);
  const alice = await publishedWallet('alice', devnet.genesisHash, first.rpc);
  const users = await fundWallets(first.rpc, devnet.genesisHash, alice, USERS, GRANT);
  const alive = devnet.nodes.filter((node) => node !== dead);
  const watch = new SlotWatch((await first.process.started).wsUrl);
  try {
    // Transfers keep the slots short: leaders that live propose at once.
    await underLoad(new Load(alive, users, new Wallet(devnet.genesisHash).address), async (load) => {
      await dead.kill();
      const [slow] = await eventually('a slot without a block', () => watch.skipped.length > 0 && watch.skipped);
      assert.ok((slow ?? 0) >= base, `the first took ${slow} ms of at least ${base}`);
      const silentSince = 3 * VALIDATORS;
      await eventually('it counts as silent', () => watch.count > silentSince + VALIDATORS);
      watch.forget();
      const quick = await eventually('more of them', () => watch.skipped.length >= SAMPLES && watch.skipped);
      assert.ok(median(quick) < SHARE_OF_BASE * base, `they took ${quick.map(Math.round).join(', ')} ms of ${base}`);
      await load.stop();
    });
  } finally {
    watch.close();
  }
});

silent.run();
