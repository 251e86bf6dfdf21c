// Whether this process may open enough files. The database and every connection hold some, and running out of
// them in the middle of a block is far worse than not starting.

import { readFile } from 'node:fs/promises';

/** The common default of Linux: LevelDB's tables and journal take a few hundred, each peer and RPC client one. */
export const MIN_FILE_DESCRIPTORS = 1024;

export class FileDescriptorError extends Error {
  override readonly name = 'FileDescriptorError';
  readonly code = 'FILE_DESCRIPTORS';
}

/**
 * @param limits the text of `/proc/self/limits`; where the system has none, there is nothing to check.
 * @throws {FileDescriptorError}
 */
export function checkFileDescriptors(limits: string | undefined): void {
  const soft = /^Max open files\s+(\d+)/m.exec(limits ?? '')?.[1];
  if (soft === undefined || Number(soft) >= MIN_FILE_DESCRIPTORS) return;
  throw new FileDescriptorError(
    `this process may open ${soft} files, and a node needs ${MIN_FILE_DESCRIPTORS}. ` +
      `Raise the limit with \`ulimit -n ${MIN_FILE_DESCRIPTORS}\` (or LimitNOFILE= in a systemd unit) and start again.`,
  );
}

export async function readLimits(): Promise<string | undefined> {
  return readFile('/proc/self/limits', 'utf8').catch(() => undefined);
}
