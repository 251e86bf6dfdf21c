// A data directory has one holder at a time, of one genesis, and a dead holder is none.

import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/primitives/bytes.ts';
import { ChainStore } from '../../src/store/chain-store.ts';
import { DirectoryLock } from '../../src/store/lock.ts';
import { startChild } from './child-process.ts';
import { refused } from './refused.ts';
import { sampleChain } from './sample-chain.ts';

const sample = sampleChain(8);
const other = sampleChain(8, 'other');

const lock = suite<{ directory: string }>('lock');

lock.before.each(async (context) => {
  context.directory = await mkdtemp(join(tmpdir(), 'aitbc-lock-'));
});
lock.after.each(async ({ directory }) => {
  await rm(directory, { recursive: true });
});

lock('another process is refused and told the holder; killed, the holder is no more', async ({ directory }) => {
  const child = startChild('lock-child.ts', [directory, 'directory']);
  await child.said('held');
  const error = await refused(DirectoryLock.acquire(directory, sample), 'LOCKED');
  assert.match(error.message, new RegExp(`process ${child.pid} on `));
  await child.kill();
  await (await DirectoryLock.acquire(directory, sample)).release();
});

lock('a chain database open in another process is refused as well', async ({ directory }) => {
  const child = startChild('lock-child.ts', [directory, 'chain']);
  await child.said('held');
  const error = await refused(ChainStore.open(directory, sample), 'LOCKED');
  assert.match(error.message, new RegExp(`process ${child.pid} on `));
  await child.kill();
  await (await ChainStore.open(directory, sample)).close();
});

lock('the same process is refused twice over, by any name of the directory', async ({ directory }) => {
  await symlink(directory, `${directory}-link`);
  const held = await DirectoryLock.acquire(directory, sample);
  try {
    await refused(DirectoryLock.acquire(directory, sample), 'LOCKED');
    await refused(DirectoryLock.acquire(`${directory}-link`, sample), 'LOCKED');
    // A refusal here must not weaken the lock against others.
    const child = startChild('lock-child.ts', [directory, 'directory']);
    assert.equal(await child.ended(), [], 'another process took the lock');
  } finally {
    await held.release();
    await rm(`${directory}-link`);
  }
  await (await DirectoryLock.acquire(directory, sample)).release();
});

lock('a directory stays with the genesis of its first lock', async ({ directory }) => {
  await (await DirectoryLock.acquire(directory, sample)).release();
  const error = await refused(DirectoryLock.acquire(directory, other), 'WRONG_GENESIS');
  assert.match(error.message, toHex(sample.hash));
  assert.match(error.message, toHex(other.hash));
  await (await DirectoryLock.acquire(directory, sample)).release();
});

lock('a directory that cannot be made is a clear error', async ({ directory }) => {
  const file = join(directory, 'file');
  await writeFile(file, '');
  const error = await refused(DirectoryLock.acquire(file, sample), 'IO');
  assert.match(error.message, file);
});

lock.run();
