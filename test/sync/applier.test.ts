// Vouched blocks into a chain: in order, one step ahead of the disk, and none after one that fails.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Body, Header } from '../../src/primitives/block.ts';
import type { Hash } from '../../src/primitives/hash.ts';
import { Applier, type ApplierChain } from '../../src/sync/applier.ts';
import type { VouchedBlock } from '../../src/sync/range.ts';
import { withTimeout } from '../helpers/timeout.ts';

const test = suite('applier');

const vouched = (height: number): VouchedBlock => ({
  hash: Uint8Array.of(height),
  block: { header: { ...Header.defaultValue(), height }, body: Body.defaultValue() },
  certificate: undefined,
  peer: 'peer',
});

interface World {
  /** what was done, in order */
  readonly log: string[];
  readonly failures: string[];
  readonly applier: Applier;
  readonly stop: AbortController;
  /** heights whose commit waits, and what lets it go on */
  readonly commits: Map<number, () => void>;
}

function world({ fails = 0, holdsCommits = false } = {}): World {
  const log: string[] = [];
  const failures: string[] = [];
  const commits = new Map<number, () => void>();
  const stop = new AbortController();
  let last = Promise.resolve();
  const chain: ApplierChain = {
    prepare: ({ header }) => log.push(`prepare ${header.height}`),
    async executeSynced({ header }) {
      await new Promise(setImmediate);
      if (header.height === fails) throw new Error('it does not execute');
      log.push(`execute ${header.height}`);
      return Uint8Array.of(header.height);
    },
    finalize([height]: Hash) {
      const commit = async () => {
        if (holdsCommits) await new Promise<void>((resolve) => commits.set(height as number, resolve));
        log.push(`commit ${height}`);
      };
      last = last.then(commit);
      return last;
    },
  };
  const applier = new Applier({
    chain,
    onApplied: ({ block }) => log.push(`applied ${block.header.height}`),
    onFailed: (error) => failures.push((error as Error).message),
    now: () => 0,
    signal: stop.signal,
  });
  return { log, failures, applier, stop, commits };
}

const done = (applier: Applier) => withTimeout(applier.drained(), 5000, 'all blocks');
const only = (log: readonly string[], what: string) =>
  log.filter((line) => line.startsWith(what)).map((line) => Number(line.split(' ')[1]));

test('blocks are executed, committed and told of in order; their signatures are asked for ahead', async () => {
  const { applier, log, failures } = world();
  for (let height = 1; height <= 100; height++) await withTimeout(applier.add(vouched(height)), 5000, 'room');
  await done(applier);
  const all = Array.from({ length: 100 }, (_, index) => index + 1);
  for (const what of ['prepare', 'execute', 'commit', 'applied']) assert.equal(only(log, what), all, what);
  assert.ok(log.indexOf('prepare 8') < log.indexOf('execute 2'));
  assert.equal(failures, []);
  await done(applier);
});

test('while one is made durable the next is executed, and no more than that', async () => {
  const { applier, log, commits } = world({ holdsCommits: true });
  for (let height = 1; height <= 5; height++) await applier.add(vouched(height));
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
  assert.equal([only(log, 'execute'), only(log, 'commit')], [[1, 2], []]);
  commits.get(1)?.();
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
  assert.equal([only(log, 'execute'), only(log, 'applied')], [[1, 2, 3], [1]]);
  for (let height = 2; height <= 5; height++) {
    while (!commits.has(height)) await new Promise(setImmediate);
    commits.get(height)?.();
  }
  await done(applier);
  assert.equal(only(log, 'applied'), [1, 2, 3, 4, 5]);
});

test('after a block that does not execute there is no other, and who adds more does not wait', async () => {
  const { applier, log, failures } = world({ fails: 3 });
  for (let height = 1; height <= 100; height++) await withTimeout(applier.add(vouched(height)), 5000, 'room');
  await done(applier);
  assert.equal([only(log, 'execute'), only(log, 'applied'), failures], [[1, 2], [1, 2], ['it does not execute']]);
});

test('when it is stopped what is under way is finished', async () => {
  const { applier, log, failures, stop } = world();
  for (let height = 1; height <= 5; height++) await applier.add(vouched(height));
  stop.abort();
  await done(applier);
  assert.equal([only(log, 'applied'), failures], [[1], []]);
});

test.run();
