// What one peer has to show before its snapshot is fetched: the way from what is trusted to the snapshot's block, and the
// part of the state that says that this block ends its epoch.

import type { VerifyChecks } from '../crypto/verified-signatures.ts';
import { epochRange } from '../ledger/records.ts';
import { type Header, headerHash } from '../primitives/block.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { MAX_BOUNDARIES_PER_REQUEST, type SnapshotOffer } from '../primitives/snapshot.ts';
import { statePath } from '../primitives/state-proof.ts';
import { type CheckedChunk, checkChunk } from '../state/chunk.ts';
import type { ChainStore } from '../store/chain-store.ts';
import { assertEndsEpoch, EpochWalk, type TrustedBoundary } from './epoch-walk.ts';
import { SyncError } from './errors.ts';
import type { SnapshotClient } from './snapshot-client.ts';
import type { Trust } from './trust.ts';

export interface ProofOptions {
  readonly client: Pick<SnapshotClient, 'boundaries' | 'chunk'>;
  readonly trust: Pick<Trust, 'start'>;
  readonly store: Pick<ChainStore, 'boundary' | 'putBoundaries'>;
  readonly genesisHash: Hash;
  readonly verify: VerifyChecks;
}

export interface SnapshotProof {
  readonly boundary: TrustedBoundary;
  /** true, and that with the epoch's range */
  readonly chunk: CheckedChunk;
}

/**
 * @throws {SyncError} when the peer answers what is not so
 * @throws {Error} when it does not lead there
 */
export async function proveSnapshot(
  offer: SnapshotOffer,
  peer: string,
  options: ProofOptions,
  signal: AbortSignal,
): Promise<SnapshotProof> {
  const boundary = await walkTo(offer, peer, options, signal);
  const { header } = boundary;
  const key = epochRange.key();
  const position = statePath(key);
  const answer = await options.client.chunk(peer, headerHash(header), position, signal);
  if (answer === undefined) throw new Error('it has the snapshot no more');
  const chunk = checkChunk(header.stateRoot, position, answer);
  if (typeof chunk === 'string') throw new SyncError('WRONG_CHUNK', chunk);
  const entry = chunk.entries.find((one) => equalBytes(one.key, key));
  assertEndsEpoch(header, entry?.value);
  return { boundary, chunk };
}

/** Whether the snapshot is of the state after this block. */
export function isOf(offer: SnapshotOffer, header: Header): boolean {
  return offer.height === header.height && equalBytes(offer.hash, headerHash(header));
}

async function walkTo(
  offer: SnapshotOffer,
  peer: string,
  { client, trust, store, genesisHash, verify }: ProofOptions,
  signal: AbortSignal,
): Promise<TrustedBoundary> {
  const walk = new EpochWalk(await trust.start(peer, signal), { genesisHash, verify });
  while (walk.epoch < offer.epoch) {
    const known = await store.boundary(walk.epoch);
    if (known?.validators == null) break;
    walk.trust({ ...known, validators: known.validators });
  }
  for (let last: TrustedBoundary | undefined; ; ) {
    const count = Math.min(offer.epoch - walk.epoch + 1, MAX_BOUNDARIES_PER_REQUEST);
    const answer = count < 1 ? [] : await client.boundaries(peer, walk.epoch, count, signal);
    // No lie: it may have begun later itself.
    if (answer.length === 0) throw new Error(`it has no way from epoch ${walk.epoch} to epoch ${offer.epoch}`);
    // That one leads on is sure when the next one was signed by the set that it commits: the last one waits for the
    // next answer. A block in the middle of an epoch may do so too, where the set stays the same.
    const sure: TrustedBoundary[] = [];
    for (const boundary of answer) {
      const next = await walk.step(boundary);
      if (last !== undefined) sure.push(last);
      last = next;
    }
    await store.putBoundaries(sure);
    if (last === undefined || last.header.epoch < offer.epoch) continue;
    if (isOf(offer, last.header)) return last;
    throw new SyncError('WRONG_BOUNDARY', `epoch ${offer.epoch} does not end with the block of the snapshot`);
  }
}
