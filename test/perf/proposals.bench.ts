// What compact proposals save: four validators on loopback, blocks of a thousand transfers that all have heard of, and
// every other proposal of a node carries all of them. So both kinds meet the same machine in the same minute.
// `make bench-wire`. Prints; it is no part of the tests.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestDevnet } from '../e2e/harness/devnet.ts';
import { eventually } from '../e2e/harness/wait.ts';
import { fundWallets, publishedWallet } from '../e2e/harness/wallet.ts';
import { median } from './cpu.ts';

const VALIDATORS = 4;
const TRANSFERS = 1000;
const ROUNDS = Number(process.env.ROUNDS ?? 24);
/** Longer than a round of transfers takes to be sent and to reach everybody. */
const BLOCK_TIME_MS = 4000;
const GRANT = 1_000_000_000n;
const BATCH = 50;
/** An id, which a proposal with all transactions had no need of. */
const ID_BYTES = 32;
/** Blocks that a heartbeat has cut in two say nothing of full ones. */
const ALMOST_ALL = 0.9;

interface Sample {
  readonly transactions: number;
  readonly carriesAll: boolean;
  readonly bytes: number;
  readonly milliseconds: number;
}

const devnet = await TestDevnet.create(VALIDATORS, BLOCK_TIME_MS);
const files = devnet.nodes.map((_, index) => join(devnet.directory, `proposals-${index}.jsonl`));
try {
  const hook = new URL('./proposals-hook.js', import.meta.url).href;
  await Promise.all(
    devnet.nodes.map((node, index) =>
      node.start({ NODE_OPTIONS: `--import ${hook}`, AITBC_PROPOSALS_FILE: files[index] as string }),
    ),
  );
  await Promise.all(devnet.nodes.map((node) => node.ready()));
  const { rpc } = devnet.node(0);
  const alice = await publishedWallet('alice', devnet.genesisHash, rpc);
  const wallets = await fundWallets(rpc, devnet.genesisHash, alice, TRANSFERS, GRANT);
  for (let round = 0; round < ROUNDS; round++) {
    const transfers = wallets.map((wallet) => wallet.transfer(wallet.address, 1n).json);
    for (let from = 0; from < TRANSFERS; from += BATCH) {
      await devnet.node((from / BATCH) % VALIDATORS).rpc.sendBatch(transfers.slice(from, from + BATCH));
    }
    await eventually('the round is final', async () => (await rpc.mempool()).size === 0);
  }
  const samples = (await Promise.all(files.map(samplesIn))).flat();
  tell(samples.filter(({ transactions }) => transactions >= ALMOST_ALL * TRANSFERS));
} finally {
  await devnet.close();
}

/** Of one that carries all without the ids beside them. */
function asBefore({ bytes, carriesAll, transactions }: Sample): number {
  return carriesAll ? bytes - ID_BYTES * transactions : bytes;
}

async function samplesIn(file: string): Promise<Sample[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Sample);
}

function tell(samples: readonly Sample[]): void {
  const whole = samples.filter(({ carriesAll }) => carriesAll);
  const compact = samples.filter(({ carriesAll }) => !carriesAll);
  print(`${whole.length} proposals with all transactions, ${compact.length} compact ones`);
  if (whole.length === 0 || compact.length === 0) throw new Error('nothing to compare: give it more ROUNDS');
  const rows: readonly (readonly [string, (sample: Sample) => number])[] = [
    ['transactions', ({ transactions }) => transactions],
    ['bytes, all without ids', asBefore],
    ['proposed to notarized, ms', ({ milliseconds }) => milliseconds],
  ];
  print(`${'median'.padEnd(28)}${'all'.padStart(12)}${'compact'.padStart(12)}${'ratio'.padStart(8)}`);
  for (const [name, value] of rows) {
    const [before, after] = [median(whole.map(value)), median(compact.map(value))];
    const cells = [
      before.toFixed(0).padStart(12),
      after.toFixed(0).padStart(12),
      (after / before).toFixed(2).padStart(8),
    ];
    print(`${name.padEnd(28)}${cells.join('')}`);
  }
  for (const [name, list] of [
    ['all', whole],
    ['compact', compact],
  ] as const) {
    const sorted = list.map(({ milliseconds }) => Math.round(milliseconds)).sort((a, b) => a - b);
    print(`${name}: ${sorted.join(' ')}`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
