// A process to be killed: opens the chain and the journal in a directory, then commits blocks and appends records as
// fast as it can. Says on its standard output, one line each, what it was promised to be durable.
//
//   node --import tsx crash-child.ts <directory>

import { join } from 'node:path';
import { ChainStore } from '../../src/store/chain-store.ts';
import { Journal } from '../../src/store/journal.ts';
import { DirectoryLock } from '../../src/store/lock.ts';
import { heightRecord, nextBlock, sampleChain } from './sample-chain.ts';

const directory = process.argv[2] as string;
const sample = sampleChain(64);
const say = (line: string) => process.stdout.write(`${line}\n`);

await DirectoryLock.acquire(directory, sample);
const store = await ChainStore.open(join(directory, 'chain'), sample, { writeBufferBytes: 64 * 1024 });
const journal = await Journal.open(join(directory, 'journal'));
say('ready');
for (;;) {
  const block = nextBlock(sample, store);
  const { height } = block.block.header;
  await Promise.all([
    store.commit(block).then(() => say(`block ${height}`)),
    journal.append(heightRecord(height)).then(() => say(`record ${height}`)),
  ]);
  if (height % 10 === 0) await journal.rotate([heightRecord(height)]);
}
