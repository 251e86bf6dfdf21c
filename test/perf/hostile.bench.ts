// What hostile peers cost four validators: for each kind of harm the finality of transfers before, under it and after,
// from one run on one chain; how large the nodes grow; and how soon the peer is banned. `make bench-hostile` prints it.

import { percentile } from '../../src/cli/bench/statistics.ts';
import { TestDevnet } from '../e2e/harness/devnet.ts';
import { measureFinality } from '../e2e/harness/finality.ts';
import { forgetPeaks, largest } from '../e2e/harness/memory.ts';
import { fundWallets, publishedWallet } from '../e2e/harness/wallet.ts';
import { ATTACKS } from '../hostile/attacks.ts';
import { BanWatch } from '../hostile/ban-watch.ts';
import { startAttacker } from '../hostile/start.ts';

const VALIDATORS = 4;
const BLOCK_TIME_MS = 250;
const PER_SECOND = 10;
/** Who is banned by silence has to be asked for something a few times. */
const BAN_MS = 60_000;
const SECONDS = Number(process.env.SECONDS ?? 15);
/** At this rate each waits longer than any transfer takes before its turn comes again. */
const WALLETS = 100;
const GRANT = 1_000_000_000n;
/** Parts of their names, for a run of a few. */
const ONLY = (process.env.ONLY ?? '').split(',');

const devnet = await TestDevnet.create(VALIDATORS, BLOCK_TIME_MS);
try {
  await devnet.start();
  const { rpc } = devnet.node(0);
  const alice = await publishedWallet('alice', devnet.genesisHash, rpc);
  const wallets = await fundWallets(rpc, devnet.genesisHash, alice, WALLETS, GRANT);
  const measure = async () => {
    const { transfers } = await measureFinality(devnet.nodes, wallets, {
      count: PER_SECOND * SECONDS,
      perSecond: PER_SECOND,
    });
    return { p50: percentile(transfers, 0.5), p99: percentile(transfers, 0.99) };
  };
  print(
    `${VALIDATORS} validators, ${PER_SECOND} transfers a second, ${SECONDS} s before, under and after each; submit → final, ms`,
  );
  print(
    '| attack | before, p50 / p99 | under it | after | ratio of p99 | largest node, MiB before / most | banned by, after |',
  );
  print('|---|---|---|---|---|---|---|');
  await measure(); // what is hot is compiled
  let before = await measure();
  for (const attack of Object.keys(ATTACKS).filter((name) => ONLY.some((part) => name.includes(part)))) {
    const size = await largest(devnet.nodes, 'now');
    await forgetPeaks(devnet.nodes);
    const attacker = await startAttacker(attack, devnet);
    const bans = new BanWatch(devnet.nodes);
    const under = await measure();
    const banned = await bans.end(BAN_MS);
    attacker.process.kill();
    const most = await largest(devnet.nodes, 'at most');
    const after = await measure();
    const figures = [before, under, after].map(({ p50, p99 }) => `${p50.toFixed(0)} / ${p99.toFixed(0)}`);
    const ratio = (under.p99 / before.p99).toFixed(2);
    print(`| ${[attack, ...figures, ratio, `${mebibytes(size)} / ${mebibytes(most)}`, banned].join(' | ')} |`);
    before = after;
  }
} finally {
  await devnet.close();
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
