// kill -9 at any moment: a real process commits blocks and appends to its journal, dies, and what it leaves is whole
// and holds at least everything it was promised.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChainStore } from '../../src/store/chain-store.ts';
import { Journal } from '../../src/store/journal.ts';
import { DirectoryLock } from '../../src/store/lock.ts';
import { startChild } from './child-process.ts';
import { heightOf, heightRecord, sampleChain } from './sample-chain.ts';

const KILLS = 10;
/** The child commits a block in a few milliseconds: several, or a fraction of one, fit in here. */
const LONGEST_LIFE_MS = 40;

const sample = sampleChain(64);
const crash = suite('crash');

/** Heights that the child said were durable, in its order. */
function promisedOf(lines: readonly string[], kind: 'block' | 'record'): number[] {
  return lines.filter((line) => line.startsWith(`${kind} `)).map((line) => Number(line.split(' ')[1]));
}

/** @returns the height of the head that was found */
async function inspect(directory: string, lines: readonly string[]): Promise<number> {
  const lock = await DirectoryLock.acquire(directory, sample);
  const store = await ChainStore.open(join(directory, 'chain'), sample);
  const journal = await Journal.open(join(directory, 'journal'));
  try {
    const head = store.head?.height ?? -1;
    const promised = Math.max(-1, ...promisedOf(lines, 'block'));
    assert.ok(head >= promised, `the head is ${head}, ${promised} was promised`);

    const heights = journal.restored.map(heightOf);
    for (const [i, record] of journal.restored.entries()) assert.equal(record, heightRecord(heights[i] as number));
    // What is older than the first record here was dropped by a rotation.
    const kept = promisedOf(lines, 'record').filter((height) => height >= (heights[0] ?? 0));
    assert.equal(
      kept.filter((height) => !heights.includes(height)),
      [],
      'promised records that are gone',
    );
    if (head === -1) return head;
    const found = await store.verify({ supply: sample.supply });
    assert.is(found.headers, head + 1);
    const block = await store.blockByHeight(head);
    assert.equal(block?.hash, store.head?.hash);
    for (const [index, receipt] of block?.receipts.entries() ?? []) {
      assert.equal(await store.transaction(receipt.transactionId), { height: head, index });
    }
    return head;
  } finally {
    await journal.close();
    await store.close();
    await lock.release();
  }
}

async function killManyTimes(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'aitbc-crash-'));
  try {
    let height = -1;
    for (let i = 0; i < KILLS; i++) {
      const child = startChild('crash-child.ts', [directory]);
      // On a busy machine a life may end before any block: every other one lasts for one at least.
      await child.said(i % 2 === 0 ? 'ready' : `block ${height + 1}`);
      await sleep(Math.random() * LONGEST_LIFE_MS);
      const found = await inspect(directory, await child.kill());
      assert.ok(found >= height, `the head went back from ${height} to ${found}`);
      height = found;
    }
    assert.ok(height > 0, 'blocks were committed between the kills');
  } finally {
    await rm(directory, { recursive: true });
  }
}

// Two at a time, so that starting processes does not take all the time.
crash(`a chain and a journal survive ${2 * KILLS} kills, whole`, async () => {
  await Promise.all([killManyTimes(), killManyTimes()]);
});

crash.run();
