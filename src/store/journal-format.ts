// The bytes of a journal file, and how to tell an append that a crash cut short from damage to what was once
// durable. Pure: no file is touched here.
//
//   file   = magic (8) ‖ salt (4, random) ‖ crc32(magic ‖ salt) (4) ‖ frame*
//   frame  = salt (4) ‖ length (u32) ‖ crc (u32) ‖ group (length bytes)       integers are little-endian
//   group  = (length (u32) ‖ record)*                                          what one fdatasync made durable
//   crc    = crc32(salt ‖ frame's offset in the file (f64) ‖ length ‖ group)
//
// A frame is written only after the one before it is durable, so a crash can damage the last frame alone, in any
// way. A frame that does not check is therefore a torn tail, to be cut off, exactly when no good frame follows it;
// otherwise something durable was damaged and the file is refused. (Damage to the very last durable frame cannot be
// told from a torn append.) Every frame begins with the file's salt, which nobody outside can know: a peer cannot
// place bytes in a record that would pass for a frame.

import { crc32 } from 'node:zlib';
import { StoreError } from './errors.ts';

const MAGIC = Buffer.from('aitbcjn1', 'latin1');
export const SALT_BYTES = 4;
export const FILE_HEADER_BYTES = MAGIC.length + SALT_BYTES + 4;
export const FRAME_HEADER_BYTES = SALT_BYTES + 8;
/** What a record costs beside its bytes. */
export const RECORD_OVERHEAD_BYTES = 4;

export function encodeFileHeader(salt: Uint8Array): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.set(MAGIC);
  header.set(salt, MAGIC.length);
  header.writeUInt32LE(crc32(header.subarray(0, FILE_HEADER_BYTES - 4)), FILE_HEADER_BYTES - 4);
  return header;
}

/** @param offset where in the file the frame will stand */
export function encodeFrame(salt: Uint8Array, offset: number, records: readonly Uint8Array[]): Buffer {
  const length = records.reduce((sum, record) => sum + RECORD_OVERHEAD_BYTES + record.length, 0);
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
  frame.set(salt);
  frame.writeUInt32LE(length, SALT_BYTES);
  let at = FRAME_HEADER_BYTES;
  for (const record of records) {
    at = frame.writeUInt32LE(record.length, at);
    frame.set(record, at);
    at += record.length;
  }
  frame.writeUInt32LE(checksum(salt, offset, frame.subarray(FRAME_HEADER_BYTES)), SALT_BYTES + 4);
  return frame;
}

export interface JournalContent {
  readonly salt: Uint8Array;
  readonly records: Uint8Array[];
  /** Where the last whole frame ends; what stands behind it is a torn tail. */
  readonly end: number;
}

/**
 * @param name the file, for errors
 * @throws {StoreError} CORRUPT, naming the offset, when something that was durable is damaged
 */
export function decodeJournal(file: Buffer, name: string): JournalContent {
  const salt = decodeFileHeader(file, name);
  const records: Uint8Array[] = [];
  let offset = FILE_HEADER_BYTES;
  while (offset < file.length) {
    const group = groupAt(file, salt, offset);
    if (group === undefined) break;
    readGroup(group, records);
    offset += FRAME_HEADER_BYTES + group.length;
  }
  const next = findFrame(file, salt, offset + 1);
  if (next !== undefined) {
    throw new StoreError(
      'CORRUPT',
      `${name} is damaged at byte ${offset}: what stands there was durable once, for good records follow at byte ${next}`,
    );
  }
  return { salt, records, end: offset };
}

function decodeFileHeader(file: Buffer, name: string): Uint8Array {
  const whole = file.length >= FILE_HEADER_BYTES && file.subarray(0, MAGIC.length).equals(MAGIC);
  if (!whole || crc32(file.subarray(0, FILE_HEADER_BYTES - 4)) !== file.readUInt32LE(FILE_HEADER_BYTES - 4)) {
    // Files come into being by rename, header and all: no crash leaves half a header.
    throw new StoreError('CORRUPT', `${name} is no journal, or damaged at byte 0`);
  }
  return new Uint8Array(file.subarray(MAGIC.length, MAGIC.length + SALT_BYTES));
}

/** The group of the frame at `offset`, or undefined when no good frame stands there. */
function groupAt(file: Buffer, salt: Uint8Array, offset: number): Buffer | undefined {
  if (file.length - offset < FRAME_HEADER_BYTES) return undefined;
  if (!file.subarray(offset, offset + SALT_BYTES).equals(salt)) return undefined;
  const start = offset + FRAME_HEADER_BYTES;
  const length = file.readUInt32LE(offset + SALT_BYTES);
  if (file.length - start < length) return undefined;
  const group = file.subarray(start, start + length);
  return checksum(salt, offset, group) === file.readUInt32LE(offset + SALT_BYTES + 4) ? group : undefined;
}

function findFrame(file: Buffer, salt: Uint8Array, from: number): number | undefined {
  for (let at = file.indexOf(salt, from); at !== -1; at = file.indexOf(salt, at + 1)) {
    if (groupAt(file, salt, at) !== undefined) return at;
  }
  return undefined;
}

function readGroup(group: Buffer, records: Uint8Array[]): void {
  for (let at = 0; at < group.length; ) {
    const start = at + RECORD_OVERHEAD_BYTES;
    at = start + group.readUInt32LE(at);
    records.push(new Uint8Array(group.subarray(start, at)));
  }
}

function checksum(salt: Uint8Array, offset: number, group: Uint8Array): number {
  const place = Buffer.alloc(SALT_BYTES + 12);
  place.set(salt);
  place.writeDoubleLE(offset, SALT_BYTES);
  place.writeUInt32LE(group.length, SALT_BYTES + 8);
  return crc32(group, crc32(place));
}
