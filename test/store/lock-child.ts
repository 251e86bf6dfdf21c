// Holds a data directory until it is killed.
//
//   node --import tsx lock-child.ts <directory> directory|chain

import { writeSync } from 'node:fs';
import { ChainStore } from '../../src/store/chain-store.ts';
import { DirectoryLock } from '../../src/store/lock.ts';
import { sampleChain } from './sample-chain.ts';

const [directory, what] = process.argv.slice(2) as [string, string];
const sample = sampleChain(8);
if (what === 'chain') await ChainStore.open(directory, sample);
else await DirectoryLock.acquire(directory, sample);
writeSync(1, 'held\n');
setInterval(() => undefined, 60_000);
