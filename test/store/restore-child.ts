// A process to be killed: takes the snapshot in one directory into the database in another one, a chunk at a time, and
// begins again when it is done. Says on its standard output what was promised to be durable.
//
//   node --import tsx restore-child.ts <directory with snapshot and boundary> <database>

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { headerHash } from '../../src/primitives/block.ts';
import { equalBytes } from '../../src/primitives/bytes.ts';
import { EpochBoundary, SnapshotChunk } from '../../src/primitives/snapshot.ts';
import { checkChunk } from '../../src/state/chunk.ts';
import { ChainStore } from '../../src/store/chain-store.ts';
import { Snapshots } from '../../src/store/snapshots.ts';
import { sampleChain } from './sample-chain.ts';

const [source, location] = process.argv.slice(2) as [string, string];
const say = (line: string) => process.stdout.write(`${line}\n`);
const boundary = EpochBoundary.deserialize(new Uint8Array(await readFile(join(source, 'boundary'))));
const hash = headerHash(boundary.header);
const snapshots = await Snapshots.open(join(source, 'snapshots'), { keep: 2, rest: async () => undefined });
const store = await ChainStore.open(location, sampleChain(12_000));
say('ready');
if (store.base === undefined || !equalBytes(store.base.hash, hash)) {
  const restoration = (await store.unfinishedRestoration()) ?? (await store.restore(boundary));
  for (let range = restoration.missing[0]; range !== undefined; range = restoration.missing[0]) {
    const bytes = await snapshots.chunk(hash, range.from);
    const checked = checkChunk(boundary.header.stateRoot, range.from, SnapshotChunk.deserialize(bytes as Uint8Array));
    if (typeof checked === 'string') throw new Error(checked);
    await restoration.add(checked);
    say(`entries ${restoration.progress.entries}`);
  }
  await store.adopt(restoration);
}
say('adopted');
await store.close();
