// Batches that are written whole or not at all, and the first failure, which is the last write.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type HeldDatabase, openDatabase } from '../../src/store/database.ts';
import { Writer } from '../../src/store/writer.ts';
import { refused } from './refused.ts';

interface Context {
  location: string;
  held: HeldDatabase;
}
const writing = suite<Context>('durable writes');

const [ONE, TWO] = [Uint8Array.of(1), Uint8Array.of(2)];

writing.before.each(async (context) => {
  context.location = await mkdtemp(join(tmpdir(), 'aitbc-writer-'));
  context.held = await openDatabase(context.location, {});
});
writing.after.each(async ({ location, held }) => {
  await held.close();
  await rm(location, { recursive: true });
});

writing('what can not be filled in is not written, and keeps nothing else from being written', async ({ held }) => {
  const writer = new Writer(held.db);
  const error = new RangeError('does not encode');
  const failed = writer.put('write two', (batch) => {
    batch.put(ONE, ONE);
    throw error;
  });
  assert.is(await failed.catch((reason: unknown) => reason), error);
  writer.assertUsable();
  assert.is(await held.db.get(ONE), undefined);
  await writer.put('write one', (batch) => batch.put(TWO, TWO));
  assert.equal(new Uint8Array((await held.db.get(TWO)) as Uint8Array), TWO);
});

writing('after a write that failed the writer says so, whoever asks', async ({ held }) => {
  const writer = new Writer(held.db);
  const batch = await writer.fill((writes) => writes.put(ONE, ONE));
  await held.db.close();
  const error = await writer.write('write one', batch).catch((reason: unknown) => reason);
  await refused(Promise.reject(error), 'IO');
  assert.match(String(error), 'write one; nothing more is written until the database is opened again');
  assert.throws(
    () => writer.assertUsable(),
    (thrown: unknown) => thrown === error,
  );
});

writing.run();
