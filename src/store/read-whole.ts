// A read that ends early is gone on with: a file system may give less at a time than it is asked for.

import type { FileHandle } from 'node:fs/promises';

/**
 * Fills `into` with what is in the file from `position` on.
 * @returns false when the file ends before
 */
export async function readWhole(file: Pick<FileHandle, 'read'>, into: Uint8Array, position: number): Promise<boolean> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
}
