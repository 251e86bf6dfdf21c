// What a commit costs: blocks of 1,000 transfers on 100,000 accounts, with the real ledger and state tree.
// Run with `node --import tsx test/perf/store.bench.ts`. Prints; it is no part of the tests.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { accountKey } from '../../src/primitives/account.ts';
import { addressOf } from '../../src/primitives/address.ts';
import { ChainStore, type StoreOptions } from '../../src/store/chain-store.ts';
import { Journal } from '../../src/store/journal.ts';
import { nextBlock, sampleChain } from '../store/sample-chain.ts';

const ACCOUNTS = 100_000;
const TRANSFERS = 1_000;
const BLOCKS = 30;
const MiB = 1024 * 1024;

function report(what: string, value: number, unit: string): void {
  process.stdout.write(`${what.padEnd(60)} ${value.toFixed(3).padStart(10)} ${unit}\n`);
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[times.length >> 1] as number;
}

const sample = sampleChain(ACCOUNTS);
const directory = await mkdtemp(join(tmpdir(), 'aitbc-store-bench-'));

async function commits(name: string, options: StoreOptions): Promise<void> {
  const location = join(directory, name);
  const store = await ChainStore.open(location, sample, options);
  const genesis = nextBlock(sample, store);
  let start = performance.now();
  await store.commit(genesis);
  report(`${name}: genesis of ${ACCOUNTS} accounts`, performance.now() - start, 'ms');
  const build: number[] = [];
  const main: number[] = [];
  const total: number[] = [];
  let records = 0;
  for (let i = 0; i < BLOCKS; i++) {
    start = performance.now();
    const block = nextBlock(sample, store, TRANSFERS);
    build.push(performance.now() - start);
    records = block.state.values.length + block.state.nodes.length + TRANSFERS;
    start = performance.now();
    const committed = store.commit(block);
    const handedOver = performance.now() - start;
    const idle = performance.eventLoopUtilization();
    await committed;
    total.push(performance.now() - start);
    main.push(handedOver + performance.eventLoopUtilization(idle).active);
  }
  report(`${name}: records of a block`, records, '');
  report(`${name}: build and execute`, median(build), 'ms');
  report(`${name}: commit, main thread, median`, median(main), 'ms');
  report(`${name}: commit, until durable, median`, median(total), 'ms');
  report(`${name}: commit, until durable, worst`, Math.max(...total), 'ms');
  const keys = sample.publicKeys.slice(0, 20_000).map((key) => accountKey(addressOf(key)));
  for (const pass of ['first', 'second']) {
    start = performance.now();
    for (const key of keys) store.get(key);
    report(`${name}: get, ${pass} pass`, (1000 * (performance.now() - start)) / keys.length, 'µs');
  }
  await store.close();
  start = performance.now();
  const reopened = await ChainStore.open(location, sample, options);
  report(`${name}: open`, performance.now() - start, 'ms');
  const height = reopened.head?.height ?? 0;
  start = performance.now();
  for (let i = 0; i < 10; i++) await reopened.blockByHeight(height);
  report(`${name}: read a block`, (performance.now() - start) / 10, 'ms');
  if (name === 'default') {
    start = performance.now();
    await reopened.verify({ supply: sample.supply });
    report(`${name}: verify`, performance.now() - start, 'ms');
  }
  await reopened.close();
}

async function journal(): Promise<void> {
  const opened = await Journal.open(join(directory, 'journal'));
  const vote = new Uint8Array(150);
  let start = performance.now();
  for (let i = 0; i < 200; i++) await opened.append(vote);
  report('journal: append alone', (performance.now() - start) / 200, 'ms');
  start = performance.now();
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 100 }, () => opened.append(vote)));
  report('journal: append of 100 together, each', (performance.now() - start) / 2000, 'ms');
  await opened.close();
}

try {
  await journal();
  await commits('default', {});
  if (process.argv.includes('--options')) {
    await commits('4 MiB write buffer', { writeBufferBytes: 4 * MiB });
    await commits('64 MiB write buffer', { writeBufferBytes: 64 * MiB });
    await commits('small caches', { cacheBytes: 4 * MiB, blockCacheBytes: 4 * MiB });
  }
} finally {
  await rm(directory, { recursive: true });
}
