// A snapshot in one file: what a peer would answer, one message after the other. Whoever reads it believes the file as
// little as a peer: the same walk from set to set, the same checks of each chunk.

import type { VerifyChecks } from '../crypto/verified-signatures.ts';
import { epochRange } from '../ledger/records.ts';
import { type Header, headerHash } from '../primitives/block.ts';
import { concatBytes, equalBytes, utf8 } from '../primitives/bytes.ts';
import { encodeFrame, FrameDecoder } from '../primitives/frame.ts';
import { type Hash, ZERO_HASH } from '../primitives/hash.ts';
import { EpochBoundary, SnapshotChunk, SnapshotOffer } from '../primitives/snapshot.ts';
import { checkChunk, subtreeEnd } from '../state/chunk.ts';
import type { ChainStore } from '../store/chain-store.ts';
import type { Restoration } from '../store/restoration.ts';
import type { Snapshots } from '../store/snapshots.ts';
import { assertEndsEpoch, EpochWalk, type TrustedBoundary, type TrustedEpoch } from '../sync/epoch-walk.ts';
import { SyncError } from '../sync/errors.ts';
import type { Trust } from '../sync/trust.ts';
import { snapshotService } from './snapshot-service.ts';

/** Begins the first message; after it the genesis hash and ssz(SnapshotOffer). Then come boundaries, then chunks. */
const MAGIC = utf8('aitbc/snapshot/1');
/** A chunk with its siblings is well below, and so are two lists of 512 members. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const BOUNDARIES_AT_ONCE = 64;

export interface ArchiveSource {
  readonly genesisHash: Hash;
  readonly store: Pick<ChainStore, 'boundary'>;
  readonly snapshots: Pick<Snapshots, 'offers' | 'chunk'>;
}

/** The bytes of the file, in pieces. @throws {Error} when the snapshot or the way to it is not held */
export async function* writeArchive(offer: SnapshotOffer, source: ArchiveSource): AsyncGenerator<Uint8Array> {
  yield encodeFrame(concatBytes(MAGIC, source.genesisHash, SnapshotOffer.serialize(offer)));
  const first = await firstBoundary(source.store, offer.epoch);
  for (let from = first; from <= offer.epoch; from += BOUNDARIES_AT_ONCE) {
    const count = Math.min(BOUNDARIES_AT_ONCE, offer.epoch - from + 1);
    for await (const bytes of snapshotService(source, { selector: 1, value: { from, count } }))
      yield encodeFrame(bytes);
  }
  for (let position: Hash | undefined = ZERO_HASH; position !== undefined; ) {
    const bytes = await source.snapshots.chunk(offer.hash, position);
    if (bytes === undefined) throw new Error('the snapshot is gone');
    yield encodeFrame(bytes);
    const { depth } = SnapshotChunk.deserialize(bytes);
    position = subtreeEnd({ start: position, depth });
  }
}

/** As far back as there is one after the other: a node that began at a checkpoint has none of before. */
async function firstBoundary(store: ArchiveSource['store'], last: number): Promise<number> {
  let epoch = last;
  while (epoch > 0 && (await store.boundary(epoch)) !== undefined) epoch--;
  if (epoch === last) throw new Error(`the boundary of epoch ${last} is not held`);
  return epoch + 1;
}

export interface ReadOptions {
  readonly genesisHash: Hash;
  /** where the walk begins; a checkpoint must be one of the boundaries in the file */
  readonly trust: Pick<Trust, 'checkpoint' | 'atHead' | 'atCheckpoint'>;
  readonly verify: VerifyChecks;
  readonly store: Pick<ChainStore, 'restore' | 'putBoundaries'>;
  readonly onProgress: (progress: { readonly bytes: number; readonly totalBytes: number }) => void;
}

/**
 * Takes a file in, beside the state.
 * @returns a whole restoration, to be adopted
 * @throws {SyncError} when the file is not what it should be
 * @throws {StoreError} when it can't be written
 */
export async function readArchive(file: AsyncIterable<Uint8Array>, options: ReadOptions): Promise<Restoration> {
  const messages = messagesOf(file);
  const offer = readHead(await next(messages), options.genesisHash);
  const boundary = await walk(messages, offer, options);
  const restoration = await options.store.restore(boundary);
  const { stateRoot } = boundary.header;
  for (let range = restoration.missing[0]; range !== undefined; range = restoration.missing[0]) {
    const checked = checkChunk(stateRoot, range.from, decode(SnapshotChunk, await next(messages)));
    if (typeof checked === 'string') throw new SyncError('WRONG_CHUNK', checked);
    await restoration.add(checked);
    options.onProgress({ bytes: restoration.progress.bytes, totalBytes: offer.bytes });
  }
  try {
    assertEndsEpoch(boundary.header, restoration.get(epochRange.key()));
  } catch (error) {
    await restoration.forget();
    throw error;
  }
  return restoration;
}

async function walk(messages: AsyncGenerator<Uint8Array>, offer: SnapshotOffer, options: ReadOptions) {
  const { genesisHash, trust, verify, store } = options;
  const { checkpoint } = trust;
  let walk = checkpoint === undefined ? new EpochWalk(trust.atHead(), { genesisHash, verify }) : undefined;
  let set: TrustedBoundary['validators'] | null = null;
  let last: TrustedBoundary | undefined;
  for (;;) {
    const sent = decode(EpochBoundary, await next(messages));
    // Those before the beginning are passed over, but for the set that a later one may mean.
    set = sent.validators ?? set;
    const { epoch } = sent.header;
    if (walk === undefined && checkpoint !== undefined && equalBytes(headerHash(sent.header), checkpoint.hash)) {
      walk = new EpochWalk(checkpointed(trust, sent.header), { genesisHash, verify });
    }
    if (walk === undefined || epoch < walk.epoch) {
      if (epoch < offer.epoch) continue;
      const why = walk === undefined ? 'the checkpoint is none of the boundaries in it' : 'it is older than this node';
      throw new SyncError('WRONG_BOUNDARY', why);
    }
    const boundary = await walk.step({ ...sent, validators: set });
    // Only now is it known that the one before leads on.
    if (last !== undefined) await store.putBoundaries([last]);
    last = boundary;
    if (epoch < offer.epoch) continue;
    if (equalBytes(headerHash(boundary.header), offer.hash)) return boundary;
    throw new SyncError('WRONG_BOUNDARY', `epoch ${epoch} does not end with the block of the snapshot`);
  }
}

function checkpointed(trust: ReadOptions['trust'], header: Header): TrustedEpoch {
  try {
    return trust.atCheckpoint(header);
  } catch (error) {
    throw new SyncError('WRONG_BOUNDARY', (error as Error).message);
  }
}

function readHead(message: Uint8Array, genesisHash: Hash): SnapshotOffer {
  const offerAt = MAGIC.length + genesisHash.length;
  if (!equalBytes(message.subarray(0, MAGIC.length), MAGIC))
    throw new SyncError('MALFORMED', 'this file is no snapshot');
  if (!equalBytes(message.subarray(MAGIC.length, offerAt), genesisHash)) {
    throw new SyncError('MALFORMED', 'the snapshot is of a chain with another genesis');
  }
  return decode(SnapshotOffer, message.slice(offerAt));
}

async function* messagesOf(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new FrameDecoder(MAX_MESSAGE_BYTES);
  for await (const piece of file) {
    try {
      yield* decoder.push(new Uint8Array(piece.buffer, piece.byteOffset, piece.length));
    } catch (error) {
      throw new SyncError('MALFORMED', (error as Error).message);
    }
  }
}

async function next(messages: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  const { value, done } = await messages.next();
  if (done === true) throw new SyncError('MALFORMED', 'the file ends too early');
  return value;
}

function decode<T>(type: { readonly typeName: string; deserialize(bytes: Uint8Array): T }, bytes: Uint8Array): T {
  try {
    return type.deserialize(bytes);
  } catch {
    throw new SyncError('MALFORMED', `the file has something else where a ${type.typeName} should be`);
  }
}
