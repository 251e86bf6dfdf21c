// Runs in a mount namespace of its own, as root there: fills a small disk under the chain and the journal, checks
// that both stop, loudly and readably, and that both go on when there is room and they are opened again.
//
//   unshare --mount --map-root-user node --import tsx full-disk-child.ts <directory>

import { execFileSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ChainStore, type FinalizedBlock } from '../../src/store/chain-store.ts';
import type { StoreError } from '../../src/store/errors.ts';
import { Journal } from '../../src/store/journal.ts';
import { refused } from './refused.ts';
import { heightOf, heightRecord, nextBlock, sampleChain } from './sample-chain.ts';

const MiB = 1024 * 1024;
const directory = process.argv[2] as string;
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory]);
const chainAt = join(directory, 'chain');
const journalAt = join(directory, 'journal');
const ballast = join(directory, 'ballast');
const sample = sampleChain(64);

/** Commits until the disk is full. */
async function fill(store: ChainStore): Promise<{ blocks: FinalizedBlock[]; error: StoreError }> {
  const blocks: FinalizedBlock[] = [];
  for (;;) {
    const block = nextBlock(sample, store, 60);
    try {
      await store.commit(block);
    } catch {
      return { blocks, error: await refused(store.commit(block), 'IO') };
    }
    blocks.push(block);
  }
}

async function chain(): Promise<void> {
  const store = await ChainStore.open(chainAt, sample, { writeBufferBytes: 256 * 1024 });
  await writeFile(ballast, Buffer.alloc(5 * MiB));
  const { blocks, error } = await fill(store);
  assert.ok(blocks.length > 3, `${blocks.length} blocks fit`);
  const head = blocks.length - 1;
  assert.match(error.message, `write block ${head + 1}`);
  await rm(ballast);
  await refused(store.commit(nextBlock(sample, store)), 'IO');
  await refused(store.setCertificate(head, blocks[head]?.certificate as never), 'IO');
  assert.is(store.head?.height, head);
  for (const { block, hash } of blocks) assert.equal((await store.blockByHeight(block.header.height))?.hash, hash);
  assert.is((await store.verify({ supply: sample.supply })).height, head);
  await store.close();

  const again = await ChainStore.open(chainAt, sample, { writeBufferBytes: 256 * 1024 });
  const found = again.head?.height ?? -1;
  // The block that failed may yet have reached the disk whole.
  assert.ok(found === head || found === head + 1, `head ${found} after ${head}`);
  await again.verify({ supply: sample.supply });
  await again.commit(nextBlock(sample, again, 60));
  await again.verify({ supply: sample.supply });
  await again.close();
}

async function journal(): Promise<void> {
  const opened = await Journal.open(journalAt);
  await writeFile(ballast, Buffer.alloc(3 * MiB));
  let durable = -1;
  const record = (height: number) => Buffer.concat([heightRecord(height), Buffer.alloc(100_000, 32)]);
  for (;;) {
    try {
      await opened.append(record(durable + 1));
    } catch {
      break;
    }
    durable += 1;
  }
  await rm(ballast);
  await refused(opened.append(heightRecord(0)), 'IO');
  await refused(opened.rotate([]), 'IO');
  await opened.close();
  const again = await Journal.open(journalAt);
  assert.equal(
    again.restored.map(heightOf),
    Array.from({ length: durable + 1 }, (_, i) => i),
  );
  await again.append(heightRecord(durable + 1));
  await again.close();
}

await chain();
await rm(chainAt, { recursive: true });
await journal();
writeSync(1, 'passed\n');
