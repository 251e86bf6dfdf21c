// kill -9 while a snapshot is taken in: what was promised is there, what is not whole is not taken for the state, and
// in the end the state is that of the snapshot.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EpochBoundary } from '../../src/primitives/snapshot.ts';
import { ChainStore } from '../../src/store/chain-store.ts';
import { Snapshots } from '../../src/store/snapshots.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { boundaryAtHead } from './boundary.ts';
import { startChild } from './child-process.ts';
import { nextBlock, sampleChain } from './sample-chain.ts';

const sample = sampleChain(12_000);
/** A fraction of what one chunk takes; later lives last longer, so that a slow machine comes to an end as well. */
const PAUSE_MS = 60;
const MOST_LIVES = 40;

const crash = suite('crashes while a snapshot is restored');

crash('a restoration survives kills, whole', async () => {
  await withTempDir(async (directory) => {
    const boundary = await makeSnapshot(directory);
    const location = join(directory, 'new');
    let promised = 0;
    let kills = 0;
    for (let life = 0; ; life++) {
      assert.ok(life < MOST_LIVES, 'it gets nowhere');
      const child = startChild('restore-child.ts', [directory, location]);
      await child.said('ready');
      await sleep(Math.random() * PAUSE_MS * (life + 1));
      const lines = await child.kill();
      const store = await ChainStore.open(location, sample);
      try {
        const said = Math.max(
          0,
          ...lines.filter((line) => line.startsWith('entries ')).map((line) => Number(line.slice(8))),
        );
        promised = Math.max(promised, said);
        if (store.head !== undefined) {
          assert.equal(store.head.header, boundary.header);
          const { entries } = await store.verify({ supply: sample.supply });
          assert.ok(entries >= promised);
          break;
        }
        assert.not(lines.includes('adopted'), 'what was adopted is lost');
        const found = await store.unfinishedRestoration();
        assert.ok((found?.progress.entries ?? 0) >= promised, `${promised} entries were promised`);
        kills++;
      } finally {
        await store.close();
      }
    }
    assert.ok(kills > 0, 'it was killed on the way');
  });
});

async function makeSnapshot(directory: string): Promise<EpochBoundary> {
  const store = await ChainStore.open(join(directory, 'db'), sample);
  const snapshots = await Snapshots.open(join(directory, 'snapshots'), { keep: 2, rest: async () => undefined });
  await mkdir(directory, { recursive: true });
  while ((store.head?.height ?? -1) < 2) await store.commit(nextBlock(sample, store));
  await snapshots.make(store.freeze());
  const boundary = boundaryAtHead(store);
  await writeFile(join(directory, 'boundary'), EpochBoundary.serialize(boundary));
  await store.close();
  return boundary;
}

crash.run();
