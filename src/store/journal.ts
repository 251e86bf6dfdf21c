// The consensus journal: what must survive a crash before it may be sent. An append is durable when its promise
// resolves; all appends that wait while the disk is busy become durable together, with one fdatasync.
// It keeps no meaning of its own: records are bytes, and who writes them decides what is kept.

import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { syncDirectory } from '../crypto/durable-file.ts';
import { codeOf, StoreError, toStoreError } from './errors.ts';
import { decodeJournal, encodeFileHeader, encodeFrame, RECORD_OVERHEAD_BYTES, SALT_BYTES } from './journal-format.ts';

/** A record is a proposal (at most 2 MiB on the wire) or smaller. */
export const MAX_RECORD_BYTES = 4 * 1024 * 1024;
/** What may wait for the disk: some ten full proposals. A disk that is further behind is no help to anyone. */
export const MAX_WAITING_BYTES = 32 * 1024 * 1024;

/** Appends that will share one write. */
interface Group {
  readonly records: Uint8Array[];
  readonly written: Promise<void>;
}

interface JournalFile {
  readonly handle: FileHandle;
  readonly salt: Uint8Array;
  size: number;
}

export class Journal {
  /** The records found on opening, oldest first. */
  readonly restored: Uint8Array[];
  /** Bytes of an append cut short by a crash, dropped on opening. */
  readonly tornBytes: number;
  readonly #directory: string;
  #file: JournalFile;
  #waiting: Group | undefined;
  #waitingBytes = 0;
  /** Ends when everything asked for so far is done; never rejects. */
  #tail: Promise<void> = Promise.resolve();
  #failure: StoreError | undefined;
  #closing = false;

  private constructor(directory: string, file: JournalFile, restored: Uint8Array[], tornBytes: number) {
    this.#directory = directory;
    this.#file = file;
    this.restored = restored;
    this.tornBytes = tornBytes;
  }

  /**
   * Opens the journal in `directory`, or begins one. The caller holds the data directory's lock.
   * @throws {StoreError} CORRUPT (naming the offset) when durable records are damaged, or IO
   */
  static async open(directory: string): Promise<Journal> {
    const path = join(directory, 'journal');
    try {
      await mkdir(directory, { recursive: true });
      await syncDirectory(dirname(resolve(directory)));
      await rm(`${path}.new`, { force: true });
      const bytes = await readIfPresent(path);
      if (bytes === undefined) return new Journal(directory, await createFile(directory, []), [], 0);
      const { salt, records, end } = decodeJournal(bytes, path);
      const handle = await openAt(path, end);
      return new Journal(directory, { handle, salt, size: end }, records, bytes.length - end);
    } catch (error) {
      throw toStoreError(error, `open the journal ${path}`);
    }
  }

  /** Bytes of the file; `rotate` makes it small again. */
  get size(): number {
    return this.#file.size;
  }

  /**
   * Resolves when the record, and every record appended before it, is on the disk; it must not change until then.
   * @throws {StoreError} BUSY when MAX_WAITING_BYTES already wait (nothing is written, try later); IO after the first
   *   failed write, and from then on always: what the file holds is then known only by opening it again
   */
  async append(record: Uint8Array): Promise<void> {
    if (record.length > MAX_RECORD_BYTES) {
      throw new RangeError(`journal record of ${record.length} bytes, at most ${MAX_RECORD_BYTES}`);
    }
    this.#assertUsable();
    const bytes = RECORD_OVERHEAD_BYTES + record.length;
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      throw new StoreError('BUSY', `the disk is behind: ${this.#waitingBytes} bytes wait to be journalled`);
    }
    this.#waitingBytes += bytes;
    this.#waiting ??= this.#beginGroup();
    this.#waiting.records.push(record);
    try {
      await this.#waiting.written;
    } finally {
      this.#waitingBytes -= bytes;
    }
  }

  /**
   * Replaces everything appended before this call by `keep`; later appends follow it. After a crash the file is
   * either the old one, whole, or the new one.
   * @throws {StoreError} IO, as append
   */
  async rotate(keep: readonly Uint8Array[]): Promise<void> {
    this.#assertUsable();
    this.#waiting = undefined;
    await this.#enqueue(async () => {
      const old = this.#file.handle;
      this.#file = await createFile(this.#directory, keep);
      await old.close();
    });
  }

  /** Writes what waits, then closes the file. Appends after this are refused. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#tail;
    await this.#file.handle.close();
  }

  #assertUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing) throw new StoreError('IO', 'the journal is closed');
  }

  #beginGroup(): Group {
    const records: Uint8Array[] = [];
    const written = this.#enqueue(async () => {
      if (this.#waiting?.records === records) this.#waiting = undefined;
      const frame = encodeFrame(this.#file.salt, this.#file.size, records);
      await writeAll(this.#file.handle, frame, this.#file.size);
      await this.#file.handle.datasync();
      this.#file.size += frame.length;
    });
    return { records, written };
  }

  /** Runs jobs one after the other; the first that fails is the last that runs. */
  #enqueue(job: () => Promise<void>): Promise<void> {
    const run = this.#tail.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      try {
        await job();
      } catch (error) {
        this.#failure = toStoreError(error, 'write the journal; it takes no more records until it is opened again');
        throw this.#failure;
      }
    });
    this.#tail = run.catch(() => undefined);
    return run;
  }
}

/** Writes a new file beside the old one and puts it in its place, durably. */
async function createFile(directory: string, records: readonly Uint8Array[]): Promise<JournalFile> {
  const path = join(directory, 'journal');
  const salt = randomBytes(SALT_BYTES);
  const header = encodeFileHeader(salt);
  const content = records.length === 0 ? header : Buffer.concat([header, encodeFrame(salt, header.length, records)]);
  const handle = await open(`${path}.new`, 'w');
  try {
    await writeAll(handle, content, 0);
    await handle.sync();
    await rename(`${path}.new`, path);
    await syncDirectory(directory);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { handle, salt, size: content.length };
}

/** Opens an existing file for writing at `end` and cuts off, durably, what stands behind it. */
async function openAt(path: string, end: number): Promise<FileHandle> {
  const handle = await open(path, 'r+');
  try {
    if ((await handle.stat()).size > end) {
      await handle.truncate(end);
      await handle.sync();
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  return handle;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

async function readIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
