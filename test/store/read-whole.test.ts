// A file that is read a few bytes at a time, as a file system may do it, comes out whole.

import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readWhole } from '../../src/store/read-whole.ts';
import { withTempDir } from '../helpers/temp-dir.ts';

const test = suite('whole reads');

test('what ends early is gone on with, up to the end of the file', () =>
  withTempDir(async (directory) => {
    const file = await open(join(directory, 'file'), 'w+');
    const slow = {
      read: (into: Uint8Array, offset: number, length: number, position: number) =>
        file.read(into, offset, Math.min(length, 7), position),
    } as Pick<FileHandle, 'read'>;
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
    try {
      await file.writeFile(bytes);
      const found = new Uint8Array(50);
      assert.ok(await readWhole(slow, found, 50));
      assert.equal(found, bytes.subarray(50));
      assert.not(await readWhole(slow, found, 51), 'the file is too short');
    } finally {
      await file.close();
    }
  }));

test.run();
