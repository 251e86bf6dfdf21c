// What a snapshot costs: who makes one while blocks of 200 transfers come in on 100,000 accounts, and who takes one in.
// Run with `node --import tsx test/perf/snapshots.bench.ts`. Prints; it is no part of the tests.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { restNowAndThen } from '../../src/node/snapshot-keeper.ts';
import { type Hash, ZERO_HASH } from '../../src/primitives/hash.ts';
import { SnapshotChunk } from '../../src/primitives/snapshot.ts';
import { checkChunk, subtreeEnd } from '../../src/state/chunk.ts';
import { ChainStore } from '../../src/store/chain-store.ts';
import { Snapshots } from '../../src/store/snapshots.ts';
import { boundaryAtHead } from '../store/boundary.ts';
import { nextBlock, sampleChain } from '../store/sample-chain.ts';
import { median } from './cpu.ts';

const ACCOUNTS = 100_000;
const TRANSFERS = 200;
const BLOCKS = 60;
const BLOCK_INTERVAL_MS = 100;

const sample = sampleChain(ACCOUNTS);
const directory = await mkdtemp(join(tmpdir(), 'aitbc-snapshots-bench-'));

function report(what: string, value: number, unit: string): void {
  process.stdout.write(`${what.padEnd(60)} ${value.toFixed(2).padStart(10)} ${unit}\n`);
}

/** Blocks as they come, until there were enough or `isOver`. @returns ms from the block's turn to its being durable */
async function blocks(store: ChainStore, isOver: () => boolean): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < BLOCKS && !isOver(); i++) {
    await sleep(BLOCK_INTERVAL_MS);
    const start = performance.now();
    await store.commit(nextBlock(sample, store, TRANSFERS));
    times.push(performance.now() - start);
  }
  return times;
}

function percentile(times: readonly number[], part: number): number {
  return [...times].sort((a, b) => a - b)[Math.floor((times.length - 1) * part)] as number;
}

const store = await ChainStore.open(join(directory, 'db'), sample);
await store.commit(nextBlock(sample, store));
await blocks(store, () => false);
const alone: number[] = [];
const beside: number[] = [];
for (let round = 0; round < 3; round++) {
  alone.push(...(await blocks(store, () => false)));
  const snapshots = await Snapshots.open(join(directory, `kept-${round}`), { keep: 1, rest: restNowAndThen() });
  const start = performance.now();
  const cpu = process.cpuUsage();
  let isMade = false;
  const made = snapshots.make(store.freeze()).then((offer) => {
    isMade = true;
    return offer;
  });
  beside.push(...(await blocks(store, () => isMade)));
  const offer = await made;
  const { user, system } = process.cpuUsage(cpu);
  report('snapshot beside blocks', performance.now() - start, 'ms');
  report('  CPU of the process meanwhile', (user + system) / 1000, 'ms');
  report('  bytes', offer?.bytes ?? 0, '');
  await snapshots.close();
}
for (const [what, times] of Object.entries({ 'no snapshot': alone, 'while one is made': beside })) {
  report(`execute and commit, ${what}, median`, median(times), 'ms');
  report(`execute and commit, ${what}, 95 %`, percentile(times, 0.95), 'ms');
}
report('ratio of the medians', median(beside) / median(alone), '');

const snapshots = await Snapshots.open(join(directory, 'kept'), { keep: 1, rest: async () => undefined });
let cpu = process.cpuUsage();
let start = performance.now();
await snapshots.make(store.freeze());
report('snapshot without rests', performance.now() - start, 'ms');
report('  CPU', (process.cpuUsage(cpu).user + process.cpuUsage(cpu).system) / 1000, 'ms');
const boundary = boundaryAtHead(store);
const taking = await ChainStore.open(join(directory, 'new'), sample);
await taking.commit(nextBlock(sample, taking));
const restoration = await taking.restore(boundary);
const served: number[] = [];
const checked: number[] = [];
const added: number[] = [];
cpu = process.cpuUsage();
start = performance.now();
for (let position: Hash | undefined = ZERO_HASH; position !== undefined; ) {
  const times = [performance.now()];
  const bytes = (await snapshots.chunk(store.head?.hash as Hash, position)) as Uint8Array;
  times.push(performance.now());
  const chunk = checkChunk(boundary.header.stateRoot, position, SnapshotChunk.deserialize(bytes));
  if (typeof chunk === 'string') throw new Error(chunk);
  times.push(performance.now());
  await restoration.add(chunk);
  times.push(performance.now());
  const [a = 0, b = 0, c = 0, d = 0] = times;
  served.push(b - a);
  checked.push(c - b);
  added.push(d - c);
  position = subtreeEnd(chunk);
}
await taking.adopt(restoration);
report('taken in', performance.now() - start, 'ms');
report('  CPU', (process.cpuUsage(cpu).user + process.cpuUsage(cpu).system) / 1000, 'ms');
report('  entries', restoration.progress.entries, '');
report('  chunks', served.length, '');
report('  a chunk, served, median', median(served), 'ms');
report('  a chunk, checked, median', median(checked), 'ms');
report('  a chunk, stored, median', median(added), 'ms');
await taking.close();
await store.close();
await rm(directory, { recursive: true });
