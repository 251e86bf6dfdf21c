// The journal: durable when resolved, torn tails cut off, damage to what was durable refused, rotation whole.

import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Journal, MAX_RECORD_BYTES, MAX_WAITING_BYTES } from '../../src/store/journal.ts';
import { decodeJournal, encodeFileHeader, encodeFrame } from '../../src/store/journal-format.ts';
import { refused } from './refused.ts';
import { heightOf, heightRecord } from './sample-chain.ts';

interface Context {
  directory: string;
  file: string;
}
const journal = suite<Context>('journal');

journal.before.each(async (context) => {
  context.directory = await mkdtemp(join(tmpdir(), 'aitbc-journal-'));
  context.file = join(context.directory, 'journal');
});
journal.after.each(async ({ directory }) => {
  await rm(directory, { recursive: true });
});

/** Appends records 0 … count − 1, each in a frame of its own. */
async function write(directory: string, count: number): Promise<void> {
  const opened = await Journal.open(directory);
  for (let i = 0; i < count; i++) await opened.append(heightRecord(i));
  await opened.close();
}

async function read(directory: string): Promise<{ heights: number[]; tornBytes: number }> {
  const opened = await Journal.open(directory);
  await opened.close();
  return { heights: opened.restored.map(heightOf), tornBytes: opened.tornBytes };
}

/** Where frames begin, and the end of the file. */
function boundaries(count: number): number[] {
  const salt = new Uint8Array(4);
  const ends = [encodeFileHeader(salt).length];
  for (let i = 0; i < count; i++) ends.push((ends[i] as number) + encodeFrame(salt, 0, [heightRecord(i)]).length);
  return ends;
}

async function flip(file: string, offset: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[offset] = (bytes[offset] as number) ^ 0x40;
  await writeFile(file, bytes);
}

journal('records come back in order, over several openings', async ({ directory }) => {
  await write(directory, 3);
  const opened = await Journal.open(directory);
  const empty = new Uint8Array(0);
  const large = new Uint8Array(MAX_RECORD_BYTES).fill(7);
  await Promise.all([opened.append(empty), opened.append(large), opened.append(heightRecord(9))]);
  await opened.close();
  const again = await Journal.open(directory);
  assert.equal(again.restored.slice(0, 3).map(heightOf), [0, 1, 2]);
  assert.equal(again.restored.slice(3), [empty, large, heightRecord(9)]);
  assert.is(again.size, (await stat(join(directory, 'journal'))).size);
  await again.close();
});

journal('a resolved append is in the file', async ({ directory, file }) => {
  const opened = await Journal.open(directory);
  for (let i = 0; i < 5; i++) {
    await opened.append(heightRecord(i));
    assert.equal(
      decodeJournal(await readFile(file), file)
        .records.map(heightOf)
        .at(-1),
      i,
    );
  }
  await opened.close();
});

journal('appends that wait together are written together', async ({ directory, file }) => {
  const opened = await Journal.open(directory);
  const first = opened.append(heightRecord(0));
  // The first is on its way by now; these wait for the disk and share one frame.
  await Promise.resolve();
  const rest = Array.from({ length: 50 }, (_, i) => opened.append(heightRecord(i + 1)));
  await Promise.all([first, ...rest]);
  await opened.close();
  const salt = decodeJournal(await readFile(file), file).salt;
  const bytes = (await readFile(file)).toString('latin1').split(Buffer.from(salt).toString('latin1'));
  assert.ok(bytes.length <= 5, `${bytes.length - 2} frames for 51 appends`);
  assert.equal(
    (await read(directory)).heights,
    Array.from({ length: 51 }, (_, i) => i),
  );
});

journal('cut anywhere, it opens with the whole frames before the cut and goes on', async ({ directory, file }) => {
  const ends = boundaries(4);
  const size = ends[4] as number;
  await write(directory, 4);
  const whole = await readFile(file);
  assert.is(whole.length, size);
  for (let cut = ends[0] as number; cut < size; cut += 37) {
    await writeFile(file, whole);
    await truncate(file, cut);
    const frames = ends.filter((end) => end <= cut).length - 1;
    const { heights, tornBytes } = await read(directory);
    assert.equal(
      heights,
      Array.from({ length: frames }, (_, i) => i),
    );
    assert.is(tornBytes, cut - (ends[frames] as number));
    assert.is((await stat(file)).size, ends[frames]);
    const opened = await Journal.open(directory);
    await opened.append(heightRecord(100));
    await opened.close();
    assert.is((await read(directory)).heights.at(-1), 100);
  }
});

journal('whatever a crash leaves of the last frame is a torn tail', async ({ directory, file }) => {
  const ends = boundaries(4);
  const start = ends[3] as number;
  await write(directory, 4);
  const whole = await readFile(file);
  const tail = fc.uint8Array({ maxLength: 2 * (whole.length - start) });
  const property = fc.asyncProperty(tail, async (bytes) => {
    await writeFile(file, Buffer.concat([whole.subarray(0, start), bytes]));
    assert.equal((await read(directory)).heights, [0, 1, 2]);
  });
  await fc.assert(property, { numRuns: 50 });
  await writeFile(file, Buffer.concat([whole.subarray(0, start), Buffer.alloc(4096)]));
  assert.equal(await read(directory), { heights: [0, 1, 2], tornBytes: 4096 });
  await writeFile(file, whole);
  await flip(file, start + 20);
  assert.equal((await read(directory)).heights, [0, 1, 2]);
});

journal('damage before the last frame is refused, naming the place', async ({ directory, file }) => {
  const ends = boundaries(4);
  await write(directory, 4);
  const whole = await readFile(file);
  for (const frame of [0, 1, 2]) {
    const start = ends[frame] as number;
    for (const inside of [0, 4, 8, 12, 16]) {
      await writeFile(file, whole);
      await flip(file, start + inside);
      const error = await refused(Journal.open(directory), 'CORRUPT');
      assert.match(error.message, `byte ${start}`);
    }
  }
  await writeFile(file, whole);
  await flip(file, 3);
  assert.match((await refused(Journal.open(directory), 'CORRUPT')).message, 'byte 0');
});

journal('a record that holds the frames of another journal makes no frames here', async ({ directory, file }) => {
  const foreign = Buffer.concat([encodeFrame(new Uint8Array(4), 100, [heightRecord(1)])]);
  const opened = await Journal.open(directory);
  await opened.append(heightRecord(0));
  const { size } = opened;
  await opened.append(Buffer.concat([foreign, foreign]));
  await opened.close();
  await truncate(file, (await stat(file)).size - 1);
  assert.equal((await read(directory)).heights, [0]);
  assert.is((await stat(file)).size, size);
});

journal('rotation replaces what came before it and keeps what comes after', async ({ directory }) => {
  const opened = await Journal.open(directory);
  const before = Array.from({ length: 20 }, (_, i) => opened.append(heightRecord(i)));
  const rotated = opened.rotate([heightRecord(18), heightRecord(19)]);
  const after = [opened.append(heightRecord(20)), opened.append(heightRecord(21))];
  await Promise.all([...before, rotated, ...after]);
  await opened.append(heightRecord(22));
  assert.is(opened.size, (await stat(join(directory, 'journal'))).size);
  await opened.close();
  assert.equal((await read(directory)).heights, [18, 19, 20, 21, 22]);
  assert.equal(await readdir(directory), ['journal']);
});

journal('a rotation cut short by a crash leaves the old records', async ({ directory }) => {
  await write(directory, 3);
  await writeFile(join(directory, 'journal.new'), 'half a file');
  assert.equal((await read(directory)).heights, [0, 1, 2]);
  assert.equal(await readdir(directory), ['journal']);
});

journal('more than may wait is refused, and nothing else with it', async ({ directory }) => {
  const opened = await Journal.open(directory);
  const record = new Uint8Array(MAX_RECORD_BYTES - 4);
  const fitting = Array.from({ length: MAX_WAITING_BYTES / MAX_RECORD_BYTES }, () => opened.append(record));
  await refused(opened.append(heightRecord(1)), 'BUSY');
  await Promise.all(fitting);
  await opened.append(heightRecord(2));
  await opened.close();
  const again = await Journal.open(directory);
  assert.is(again.restored.length, fitting.length + 1);
  await again.close();
});

journal('a record too large is the caller’s mistake and leaves the journal usable', async ({ directory }) => {
  const opened = await Journal.open(directory);
  try {
    await opened.append(new Uint8Array(MAX_RECORD_BYTES + 1));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, RangeError);
  }
  await opened.append(heightRecord(1));
  await opened.close();
  await refused(opened.append(heightRecord(2)), 'IO');
});

journal('after a failed write nothing is appended any more', async ({ directory }) => {
  const opened = await Journal.open(directory);
  await opened.append(heightRecord(0));
  // Without its directory a rotation cannot write the new file.
  await rm(directory, { recursive: true });
  await refused(opened.rotate([]), 'IO');
  await refused(opened.append(heightRecord(1)), 'IO');
  await refused(opened.rotate([]), 'IO');
  await opened.close();
  await writeFile(directory, '').then(() => rm(directory));
  await Journal.open(directory).then((again) => again.close());
});

journal.run();
