// Takes a snapshot in: goes on with the one that was begun, or begins with one that was proved, fetches what is missing
// of its state, and lets the chain go on from there. A lying peer costs time, never state.

import type { Anchor } from '../consensus/types.ts';
import { epochRange } from '../ledger/records.ts';
import { headerHash } from '../primitives/block.ts';
import { entryBytes } from '../primitives/snapshot.ts';
import type { CheckedChunk } from '../state/chunk.ts';
import type { ChainStore } from '../store/chain-store.ts';
import type { Restoration } from '../store/restoration.ts';
import type { Logger } from '../telemetry/logger.ts';
import { fetchChunks } from './chunk-fetch.ts';
import { assertEndsEpoch } from './epoch-walk.ts';
import { SnapshotClient, type SnapshotNetwork } from './snapshot-client.ts';
import { SnapshotMeter, type SnapshotProgress } from './snapshot-meter.ts';
import type { SnapshotPeers, SnapshotPeersOptions } from './snapshot-peers.ts';
import { isOf, type ProofOptions } from './snapshot-proof.ts';
import { type Candidate, SnapshotSearch } from './snapshot-search.ts';

/** What was begun is kept so long (ms) though nobody sends more of it: then another one may take its place. */
const KEPT_MS = 2 * 60_000;
/** After so long (ms) it is asked who has the snapshot by now: there may be better peers. */
const FETCH_MS = 60_000;

export interface SnapshotTakingOptions extends Omit<ProofOptions, 'client'> {
  readonly network: SnapshotNetwork & SnapshotPeersOptions['network'];
  readonly peers: SnapshotPeers;
  readonly store: Pick<ChainStore, 'unfinishedRestoration' | 'restore' | 'boundary' | 'putBoundaries'>;
  readonly chain: {
    readonly head: { readonly height: number };
    restore(restoration: Restoration): Promise<boolean>;
  };
  /** Height from which on a snapshot is of use. That a peer says to be far ahead makes nobody throw history away. */
  readonly least: () => number;
  /** A true part has come in that was not there. */
  readonly onPart: (bytes: number) => void;
  /** The chain has come to this block; consensus goes on from there. */
  readonly onSynced: (anchor: Anchor) => void;
  /** ms of a clock that is never set back */
  readonly now: () => number;
  readonly logger: Logger;
}

export class SnapshotTaking {
  readonly #o: SnapshotTakingOptions;
  readonly #client: SnapshotClient;
  readonly #search: SnapshotSearch;
  /** when a part came in last, or the process began (ms of `now`) */
  #fedAt: number;
  #meter: SnapshotMeter | undefined;

  constructor(options: SnapshotTakingOptions) {
    this.#o = options;
    this.#client = new SnapshotClient(options.network);
    this.#search = new SnapshotSearch({ ...options, client: this.#client });
    this.#fedAt = options.now();
  }

  /** of what was fetched last */
  get progress(): SnapshotProgress | undefined {
    return this.#meter?.progress;
  }

  /**
   * Asks peers once, and fetches what they have for a while.
   * @returns whether the chain has come further, by this or otherwise
   * @throws {StoreError}; the signal's reason
   */
  async attempt(signal: AbortSignal): Promise<boolean> {
    const found = await this.#find(signal);
    if (found === undefined) return false;
    const { restoration, candidate } = found;
    await this.#fetch(restoration, candidate, signal);
    return restoration.missing.length === 0 && this.#adopt(restoration);
  }

  /** What was begun is finished as long as somebody has it, though there be newer ones: else a slow node never ends. */
  async #find(signal: AbortSignal): Promise<{ restoration: Restoration; candidate: Candidate } | undefined> {
    const { store, now, logger } = this.#o;
    const candidates = await this.#search.candidates(this.#o.least(), signal);
    const unfinished = await this.#unfinished();
    if (unfinished !== undefined && now() - this.#fedAt < KEPT_MS) {
      const candidate = candidates.find(({ offer }) => isOf(offer, unfinished.boundary.header));
      return candidate && { restoration: unfinished, candidate };
    }
    const proven = await this.#search.prove(candidates, signal);
    // Blocks may have come meanwhile.
    if (proven === undefined || proven.offer.height < this.#o.least()) return undefined;
    const { offer, boundary, chunk, peers } = proven;
    this.#o.onPart(bytesOf(chunk));
    if (unfinished !== undefined && isOf(offer, unfinished.boundary.header)) {
      return { restoration: unfinished, candidate: proven };
    }
    logger.info({ height: offer.height, epoch: offer.epoch, entries: offer.entries }, 'fetching a snapshot');
    const restoration = await store.restore(boundary);
    this.#fedAt = now();
    await this.#add(restoration, chunk, peers[0] as string);
    return { restoration, candidate: proven };
  }

  async #unfinished(): Promise<Restoration | undefined> {
    const restoration = await this.#o.store.unfinishedRestoration();
    if (restoration === undefined || restoration.boundary.header.height < this.#o.least()) return undefined;
    const isKnown = restoration.get(epochRange.key()) !== undefined;
    return !isKnown || (await this.#endsEpoch(restoration)) ? restoration : undefined;
  }

  /** A restoration may have been begun from a file that was not read to its end. */
  async #endsEpoch(restoration: Restoration): Promise<boolean> {
    try {
      assertEndsEpoch(restoration.boundary.header, restoration.get(epochRange.key()));
      return true;
    } catch (error) {
      this.#o.logger.warn({ reason: String(error) }, 'what was begun is no snapshot of the end of an epoch');
      await restoration.forget();
      return false;
    }
  }

  async #fetch(restoration: Restoration, { offer, peers }: Candidate, signal: AbortSignal): Promise<void> {
    const { now, logger } = this.#o;
    const { header } = restoration.boundary;
    const { bytes } = restoration.progress;
    this.#meter = new SnapshotMeter({ height: header.height, bytes, totalBytes: offer.bytes, now, logger });
    const turn = (peer: string) => this.#o.peers.turn(peer);
    await fetchChunks(
      [...peers].sort((a, b) => turn(a) - turn(b)),
      {
        client: this.#client,
        hash: headerHash(header),
        stateRoot: header.stateRoot,
        missing: () => restoration.missing,
        add: (chunk, peer) => this.#add(restoration, chunk, peer),
        onFailure: (peer, error) => this.#o.peers.failed(peer, error),
        now,
        until: now() + FETCH_MS,
        signal,
      },
    );
  }

  async #add(restoration: Restoration, chunk: CheckedChunk, peer: string): Promise<void> {
    const before = restoration.progress.bytes;
    await restoration.add(chunk);
    const { bytes } = restoration.progress;
    this.#o.peers.helped(peer);
    if (bytes === before) return;
    this.#fedAt = this.#o.now();
    this.#meter?.measure(bytes);
    this.#o.onPart(bytes - before);
  }

  async #adopt(restoration: Restoration): Promise<boolean> {
    const { logger, chain, onSynced } = this.#o;
    const { header, certificate } = restoration.boundary;
    if (!restoration.isWhole) throw new Error(`the restored state is not that of block ${header.height}`);
    if (!(await this.#endsEpoch(restoration))) return false;
    const { entries, bytes } = restoration.progress;
    if (await chain.restore(restoration)) {
      logger.info({ height: header.height, entries, bytes }, 'the state is that of the snapshot');
      onSynced({ slot: certificate.slot, hash: headerHash(header), header, certificate });
    }
    return true;
  }
}

function bytesOf({ entries }: CheckedChunk): number {
  return entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
}
