// The file in which a signer keeps what it has signed. Nothing here knows the rules of signing.
//
// The file is a row of 128-byte blocks, each closed by the CRC-32 of its other bytes: a header (whose record it is, how
// many blocks follow), then entries, then zeros up to a size fixed when the file was made. Entries are written in place,
// so that a sync touches no file size. Two facts decide what a damaged file means:
//
//  * a signature leaves only after the sync that follows the write of its entry;
//  * each entry says how many entries were synced before it was written.
//
// So an entry that is still all zeros behind what is known to be synced was never signed: a crash came between write and
// sync, and it, with all behind it, is dropped. Everything else is damage to something that may have been signed, and
// such a record must not be used: a block with a wrong CRC wherever it stands (blocks lie within one disk sector and so
// are written whole), a missing entry that a later one knows to be synced, a file of another size. What cannot be seen
// is an old copy put in the place of the file, or its last synced blocks turned to zeros: never restore a record.

import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { ByteVectorType, ContainerType } from '@chainsafe/ssz';
import { equalBytes, utf8 } from '../../primitives/bytes.ts';
import { Bytes32, Uint8, Uint32 } from '../../primitives/ssz.ts';
import { createDurably, isSystemError, replaceDurably } from '../durable-file.ts';
import { Entry } from './entry.ts';
import { recoverHint, SignerError } from './errors.ts';
import { MAX_OPEN_SLOTS } from './history.ts';

/** Whose signatures, on which network. */
export interface RecordIdentity {
  readonly publicKey: Uint8Array;
  readonly genesisHash: Uint8Array;
}

const MAGIC = utf8('aitbcsig');
const VERSION = 1;
const BLOCK_BYTES = 128;
const CRC_OFFSET = BLOCK_BYTES - 4;
/** The sizes of RecordHeader and Frame below. */
const HEADER_CONTENT_BYTES = 81;
const FRAME_CONTENT_BYTES = 97;
/** 512 KiB: a thousand slots between two rewrites, each of a few milliseconds. */
const MIN_CAPACITY = 4_096;
/** A floor and four entries a slot, and room for as many again. */
const MAX_CAPACITY = 2 * (1 + 4 * MAX_OPEN_SLOTS);

const RecordHeader = new ContainerType({
  magic: new ByteVectorType(MAGIC.length),
  version: Uint8,
  /** blocks after the header */
  capacity: Uint32,
  /** entries that the file was made with; all were synced */
  initial: Uint32,
  publicKey: Bytes32,
  genesisHash: Bytes32,
});

const Frame = new ContainerType({
  /** its place among the entries, from 0 */
  index: Uint32,
  /** entries before this one that were synced when it was written */
  synced: Uint32,
  entry: Entry,
});

export class SignerRecord {
  readonly #file: string;
  readonly #identity: RecordIdentity;
  #handle: FileHandle;
  #capacity: number;
  #count: number;

  private constructor(file: string, identity: RecordIdentity, handle: FileHandle, capacity: number, count: number) {
    this.#file = file;
    this.#identity = identity;
    this.#handle = handle;
    this.#capacity = capacity;
    this.#count = count;
  }

  /** Makes the file with its first entries. @throws {SignerError} RECORD_EXISTS */
  static async create(file: string, identity: RecordIdentity, entries: readonly Entry[]): Promise<void> {
    try {
      await createDurably(file, encodeRecord(identity, entries));
    } catch (cause) {
      if (!isSystemError(cause, 'EEXIST')) throw cause;
      throw new SignerError('RECORD_EXISTS', `${file} exists; a signer's record is made once and never replaced`);
    }
  }

  /** @throws {SignerError} RECORD_MISSING, RECORD_CORRUPT, RECORD_FOREIGN */
  static async open(file: string, identity: RecordIdentity): Promise<{ record: SignerRecord; entries: Entry[] }> {
    const bytes = await readRecord(file);
    const { capacity, entries, hasTail } = decodeRecord(file, bytes, identity);
    const handle = await open(file, 'r+');
    const record = new SignerRecord(file, identity, handle, capacity, entries.length);
    // After a kill some entries may be in the file and not on the disk, and after a failed sync the system may take them
    // for written. From here on they count as synced, so they are written once more.
    await record.#sync(bytes.subarray(0, (1 + entries.length) * BLOCK_BYTES), 0);
    if (hasTail) await record.#rewrite(entries);
    return { record, entries };
  }

  /** The entries of a record, which stays as it is. @throws {SignerError} as `open` */
  static async read(file: string, identity: RecordIdentity): Promise<Entry[]> {
    return decodeRecord(file, await readRecord(file), identity).entries;
  }

  /**
   * Adds entries; when there is no room for them the file is made anew with `whole`, which holds them too. Durable when
   * it resolves. One call at a time; after a failure the record must not be used again.
   */
  async write(entries: readonly Entry[], whole: () => readonly Entry[]): Promise<void> {
    const hasRoom = this.#count + entries.length <= this.#capacity;
    await (hasRoom ? this.#append(entries) : this.#rewrite(whole()));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #append(entries: readonly Entry[]): Promise<void> {
    const synced = this.#count;
    const blocks = entries.map((entry, i) => sealBlock(Frame.serialize({ index: synced + i, synced, entry })));
    await this.#sync(Buffer.concat(blocks), (1 + synced) * BLOCK_BYTES);
    this.#count += entries.length;
  }

  /** Replaces everything by `entries`, with room for as many again. */
  async #rewrite(entries: readonly Entry[]): Promise<void> {
    await this.#handle.close();
    await replaceDurably(this.#file, encodeRecord(this.#identity, entries));
    this.#handle = await open(this.#file, 'r+');
    this.#capacity = capacityFor(entries.length);
    this.#count = entries.length;
  }

  async #sync(bytes: Uint8Array, position: number): Promise<void> {
    const { bytesWritten } = await this.#handle.write(bytes, 0, bytes.length, position);
    if (bytesWritten !== bytes.length) throw new Error(`wrote ${bytesWritten} of ${bytes.length} bytes`);
    await this.#handle.datasync();
  }
}

function capacityFor(entries: number): number {
  return Math.max(MIN_CAPACITY, 2 * entries);
}

/** A whole file, with room for more. */
export function encodeRecord(identity: RecordIdentity, entries: readonly Entry[]): Uint8Array {
  const { publicKey, genesisHash } = identity;
  const capacity = capacityFor(entries.length);
  const initial = entries.length;
  const bytes = new Uint8Array((1 + capacity) * BLOCK_BYTES);
  const header = { magic: MAGIC, version: VERSION, capacity, initial, publicKey, genesisHash };
  bytes.set(sealBlock(RecordHeader.serialize(header)), 0);
  entries.forEach((entry, index) => {
    bytes.set(sealBlock(Frame.serialize({ index, synced: 0, entry })), (1 + index) * BLOCK_BYTES);
  });
  return bytes;
}

async function readRecord(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > (1 + MAX_CAPACITY) * BLOCK_BYTES) throw corrupt(file, `${size} bytes are too many`);
    return await readFile(file);
  } catch (cause) {
    if (!isSystemError(cause, 'ENOENT')) throw cause;
    const what = `the signer's record ${file} is missing: nobody knows what this key has signed`;
    throw new SignerError('RECORD_MISSING', `${what}. For a new key, \`init --validator\` makes one. ${recoverHint()}`);
  }
}

interface DecodedRecord {
  readonly capacity: number;
  readonly entries: Entry[];
  /** entries were dropped that stand behind one that was never written */
  readonly hasTail: boolean;
}

function decodeRecord(file: string, bytes: Uint8Array, identity: RecordIdentity): DecodedRecord {
  const first = bytes.length < BLOCK_BYTES ? undefined : openBlock(bytes.subarray(0, BLOCK_BYTES));
  if (first === undefined) throw corrupt(file, 'its header is damaged');
  const header = RecordHeader.deserialize(first.subarray(0, HEADER_CONTENT_BYTES));
  if (!equalBytes(header.magic, MAGIC)) throw corrupt(file, "it is no signer's record");
  if (header.version !== VERSION)
    throw foreign(file, `its version is ${header.version}, this program knows ${VERSION}`);
  if (!equalBytes(header.publicKey, identity.publicKey)) throw foreign(file, 'it belongs to another key');
  if (!equalBytes(header.genesisHash, identity.genesisHash)) throw foreign(file, 'it belongs to another network');
  const size = (1 + header.capacity) * BLOCK_BYTES;
  if (bytes.length !== size) throw corrupt(file, `it has ${bytes.length} bytes, it was made with ${size}`);
  return { capacity: header.capacity, ...decodeEntries(file, bytes, header.capacity, header.initial) };
}

function decodeEntries(file: string, bytes: Uint8Array, capacity: number, initial: number) {
  const entries: Entry[] = [];
  let synced = initial;
  let hole = false;
  let hasTail = false;
  for (let index = 0; index < capacity; index++) {
    const block = bytes.subarray((1 + index) * BLOCK_BYTES, (2 + index) * BLOCK_BYTES);
    if (block.every((byte) => byte === 0)) {
      hole = true;
      continue;
    }
    const opened = openBlock(block);
    if (opened === undefined) throw corrupt(file, `entry ${index} is damaged`);
    const frame = Frame.deserialize(opened.subarray(0, FRAME_CONTENT_BYTES));
    if (frame.index !== index) throw corrupt(file, `entry ${frame.index} stands in the place of ${index}`);
    synced = Math.max(synced, frame.synced);
    if (hole) hasTail = true;
    else entries.push(frame.entry);
  }
  if (entries.length < synced) throw corrupt(file, `entry ${entries.length} of ${synced} that were signed is gone`);
  return { entries, hasTail };
}

/** @param content at most 124 bytes. */
function sealBlock(content: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(content);
  new DataView(block.buffer).setUint32(CRC_OFFSET, crc32(block.subarray(0, CRC_OFFSET)), true);
  return block;
}

/** @returns undefined when the CRC is wrong. */
function openBlock(block: Uint8Array): Uint8Array | undefined {
  const content = block.subarray(0, CRC_OFFSET);
  const stored = new DataView(block.buffer, block.byteOffset).getUint32(CRC_OFFSET, true);
  return crc32(content) === stored ? content : undefined;
}

function corrupt(file: string, what: string): SignerError {
  const advice = 'Signing on could contradict a vote that was sent; never put an old copy in its place';
  return new SignerError(
    'RECORD_CORRUPT',
    `the signer's record ${file} cannot be trusted: ${what}. ${advice}. ${recoverHint()}`,
  );
}

function foreign(file: string, what: string): SignerError {
  return new SignerError('RECORD_FOREIGN', `the signer's record ${file} cannot be used: ${what}`);
}
