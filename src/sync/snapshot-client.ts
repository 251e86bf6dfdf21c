// Asks one peer for snapshots and what belongs to them, each question with a time limit. What comes is decoded and within
// its bounds; whether it is true is for the caller to check.

import { withDeadline } from '../network/deadline.ts';
import type { Hash } from '../primitives/hash.ts';
import {
  EpochBoundary,
  SnapshotChunk,
  type SnapshotOffer,
  SnapshotOffers,
  type SnapshotRequest,
} from '../primitives/snapshot.ts';
import { SyncError } from './errors.ts';

export interface SnapshotNetwork {
  requestSnapshot(peer: string, request: SnapshotRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** What a peer has is told at once. */
const OFFERS_TIMEOUT_MS = 5000;
/** 4 MiB of boundaries on a slow line … */
const BOUNDARIES_TIMEOUT_MS = 20_000;
/** … and one chunk. */
const CHUNK_TIMEOUT_MS = 10_000;

export class SnapshotClient {
  readonly #network: SnapshotNetwork;

  constructor(network: SnapshotNetwork) {
    this.#network = network;
  }

  /** Snapshots of blocks above a height. */
  async offers(peer: string, above: number, signal: AbortSignal): Promise<SnapshotOffer[]> {
    const request: SnapshotRequest = { selector: 0, value: { above } };
    const [answer] = await this.#all(peer, request, OFFERS_TIMEOUT_MS, signal);
    return answer === undefined ? [] : decode(SnapshotOffers, answer).filter(({ height }) => height > above);
  }

  /** Boundaries of the epochs from … on, as many as the peer has and sends. */
  async boundaries(peer: string, from: number, count: number, signal: AbortSignal): Promise<EpochBoundary[]> {
    const request: SnapshotRequest = { selector: 1, value: { from, count } };
    const answers = await this.#all(peer, request, BOUNDARIES_TIMEOUT_MS, signal);
    return answers.map((answer) => decode(EpochBoundary, answer));
  }

  /** @returns undefined when the peer has no such snapshot (any more) */
  async chunk(peer: string, hash: Hash, position: Hash, signal: AbortSignal): Promise<SnapshotChunk | undefined> {
    const request: SnapshotRequest = { selector: 2, value: { hash, position } };
    const [answer] = await this.#all(peer, request, CHUNK_TIMEOUT_MS, signal);
    return answer && decode(SnapshotChunk, answer);
  }

  #all(peer: string, request: SnapshotRequest, milliseconds: number, signal: AbortSignal): Promise<Uint8Array[]> {
    return withDeadline(milliseconds, `a snapshot's answer of ${peer}`, signal, async (limit) => {
      const answers: Uint8Array[] = [];
      for await (const answer of this.#network.requestSnapshot(peer, request, limit)) answers.push(answer);
      return answers;
    });
  }
}

function decode<T>(type: { readonly typeName: string; deserialize(bytes: Uint8Array): T }, bytes: Uint8Array): T {
  try {
    return type.deserialize(bytes);
  } catch {
    throw new SyncError('MALFORMED', `an answer that is no ${type.typeName}`);
  }
}
