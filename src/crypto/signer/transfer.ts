// How a validator moves to another host, and how it comes back when its record is lost. At every moment, crashes
// included, at most one host has a record that signs. The caller holds the lock of the data directory.

import { access, constants, mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Hash } from '../../primitives/hash.ts';
import { createDurably, isSystemError, replaceDurably } from '../durable-file.ts';
import type { KeyPair } from '../keys.ts';
import { type Entry, floorEntry, listenEntry, noteEntry, type Place } from './entry.ts';
import { copied, SignerError } from './errors.ts';
import { encodeExport, type SignerExport } from './export-file.ts';
import { encodeRecord, type RecordIdentity, SignerRecord } from './record.ts';
import { SignerState } from './state.ts';

/**
 * A record that comes from elsewhere listens for this long before its first signature (ms), whatever the settings say:
 * longer than the longest patience with one leader, so that a copy at work would have signed.
 */
const TRANSFER_LISTEN_MS = 20_000;
/** Added to the open slot that an operator names: others may be a little further, and 64 ahead of that nobody signs. */
const FLOOR_MARGIN = 128;

export interface Custody {
  /** the signer's record */
  readonly file: string;
  readonly key: KeyPair;
  readonly genesisHash: Hash;
}

/**
 * Seals the record, then writes the export. A crash between the two leaves a sealed record and no export: asking again
 * gives it.
 * @throws {SignerError} those of an unusable record, COPIED, EXPORT_EXISTS
 */
export async function exportSigner(custody: Custody, passphrase: string, out: string): Promise<Place> {
  const { file, key, genesisHash } = custody;
  await requireRoom(out);
  const { record, entries } = await SignerRecord.open(file, identityOf(custody));
  try {
    const state = SignerState.restore(entries, file);
    if (state.copied !== undefined) throw copied(state.copied);
    const bytes = await encodeExport({ key, entries: state.exported() }, genesisHash, passphrase);
    if (!state.sealed) {
      state.take(noteEntry('SEALED'));
      await record.write([noteEntry('SEALED')], () => state.entries());
    }
    await createDurably(out, bytes);
    return state.history.floor;
  } finally {
    await record.close();
  }
}

/**
 * Makes the record of an exported validator. Over a record that is there already only when that one is sealed and the
 * export knows everything in it: the validator returns.
 * @throws {SignerError} RECORD_EXISTS and those of an unusable record
 */
export async function importSigner(
  file: string,
  { key, entries }: SignerExport,
  genesisHash: Hash,
): Promise<SignerState> {
  const identity = { publicKey: key.publicKey, genesisHash };
  const state = SignerState.restore([...entries, listenEntry(TRANSFER_LISTEN_MS)], 'of the export');
  const present = await readIfThere(file, identity);
  const bytes = encodeRecord(identity, state.entries());
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  if (present === undefined) {
    await createDurably(file, bytes);
    return state;
  }
  const there = SignerState.restore(present, file);
  if (!there.sealed) {
    throw new SignerError(
      'RECORD_EXISTS',
      `${file} is the record of this key already, and signs; it is never replaced`,
    );
  }
  const signed = there.history.entries();
  if (!signed.every((entry) => state.history.covers(entry))) {
    throw new SignerError('RECORD_EXISTS', `the export is older than ${file}: this key has signed more since`);
  }
  await replaceDurably(file, bytes);
  return state;
}

/**
 * Makes a key sign again whose record is missing, damaged or marked as copied: above a floor that lies over everything
 * it may have signed, after listening. A damaged record is kept beside the new one.
 * @param newest the slot that the network is in, as the operator says; it may be far above the newest final one
 * @throws {SignerError} RECORD_EXISTS when the record is sound, SEALED
 */
export async function recoverSigner(custody: Custody, newest: Place): Promise<SignerState> {
  const { file } = custody;
  const identity = identityOf(custody);
  let present: Entry[] | undefined;
  let damaged = false;
  try {
    present = await readIfThere(file, identity);
  } catch (error) {
    if (!(error instanceof SignerError) || error.code !== 'RECORD_CORRUPT') throw error;
    damaged = true;
  }
  const before = SignerState.restore(present ?? [], file);
  if (before.sealed) {
    throw new SignerError('SEALED', `${file} was exported: another host signs with this key. Export it there instead`);
  }
  if (present !== undefined && before.copied === undefined) {
    throw new SignerError('RECORD_EXISTS', `${file} is sound and signs: there is nothing to recover`);
  }
  const floor = { epoch: newest.epoch, slot: newest.slot + FLOOR_MARGIN };
  const state = SignerState.restore(
    [...before.entries(), floorEntry(floor), noteEntry('RECOVERED'), listenEntry(TRANSFER_LISTEN_MS)],
    file,
  );
  const bytes = encodeRecord(identity, state.entries());
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  if (damaged) await rename(file, `${file}.damaged`);
  await (present === undefined ? createDurably(file, bytes) : replaceDurably(file, bytes));
  return state;
}

/** @throws {SignerError} those of an unusable record */
export async function inspectSigner(file: string, identity: RecordIdentity): Promise<SignerState> {
  return SignerState.restore(await SignerRecord.read(file, identity), file);
}

function identityOf({ key, genesisHash }: Custody): RecordIdentity {
  return { publicKey: key.publicKey, genesisHash };
}

async function readIfThere(file: string, identity: RecordIdentity): Promise<Entry[] | undefined> {
  try {
    return await SignerRecord.read(file, identity);
  } catch (error) {
    if (error instanceof SignerError && error.code === 'RECORD_MISSING') return undefined;
    throw error;
  }
}

/** Before the record is sealed: a mistyped path must not end a validator. */
async function requireRoom(out: string): Promise<void> {
  await access(dirname(out), constants.W_OK);
  try {
    await stat(out);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return;
    throw error;
  }
  throw new SignerError('EXPORT_EXISTS', `${out} exists and is never overwritten; choose another name`);
}
