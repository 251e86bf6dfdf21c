// Brings a node that is far behind to a recent state without the blocks in between: finds out which snapshots peers have,
// walks from what it trusts to the block of one, fetches the state after it, and lets the chain go on from there. What was
// fetched survives the end of the process. A lying peer costs time, never state.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Anchor } from '../consensus/types.ts';
import type { VerifyChecks } from '../crypto/verified-signatures.ts';
import { epochRange } from '../ledger/records.ts';
import type { OffenceKind } from '../network/offences.ts';
import { type Header, headerHash } from '../primitives/block.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Hash } from '../primitives/hash.ts';
import { MAX_BOUNDARIES_PER_REQUEST, type SnapshotOffer } from '../primitives/snapshot.ts';
import { statePath } from '../primitives/state-proof.ts';
import { checkChunk } from '../state/chunk.ts';
import type { ChainStore } from '../store/chain-store.ts';
import { StoreError } from '../store/errors.ts';
import type { Restoration } from '../store/restoration.ts';
import type { Logger } from '../telemetry/logger.ts';
import { fetchChunks } from './chunk-fetch.ts';
import { assertEndsEpoch, EpochWalk, type TrustedBoundary } from './epoch-walk.ts';
import { OFFENCES, SyncError } from './errors.ts';
import { SnapshotClient, type SnapshotNetwork } from './snapshot-client.ts';
import type { Trust } from './trust.ts';

/**
 * `blocks`: never. `snapshot`: a new node always, another one that is some thousand blocks behind. `auto`: when fetching
 * and executing the blocks would take hours, for what it costs is their history; or when nobody has them any more.
 */
export type SyncMode = 'auto' | 'blocks' | 'snapshot';

/** `no blocks`: every peer ahead was asked for the next block and has none. */
export type SnapshotReason = 'distance' | 'no blocks';

const FAR_BEHIND: Readonly<Record<SyncMode, number>> = {
  auto: 100_000,
  blocks: Number.POSITIVE_INFINITY,
  snapshot: 1000,
};
/**
 * How far behind a node without any block but genesis must be, where it is told to take a snapshot, and one for which
 * nobody has blocks.
 */
const LEAST_BEHIND = 16;
/** How long nobody may have a snapshot until the blocks are fetched instead (ms) … */
const PATIENCE_MS = 15_000;
/** … between two questions (ms) … */
const ASK_AGAIN_MS = 1000;
/** … and for how long then (ms). */
const GIVEN_UP_MS = 5 * 60_000;
/** Offers of so many peers are looked at. */
const MAX_ASKED = 32;
/** Progress is logged every so often (ms), and the rate is that of the last time. */
const PROGRESS_INTERVAL_MS = 5000;

export interface SnapshotSyncOptions {
  readonly mode: SyncMode;
  readonly network: SnapshotNetwork & {
    peers(): readonly { readonly id: string; readonly height: number }[];
    report(peer: string, kind: OffenceKind, reason: string): void;
  };
  readonly store: Pick<ChainStore, 'unfinishedRestoration' | 'restore' | 'boundary' | 'putBoundaries'>;
  readonly chain: {
    readonly head: { readonly height: number };
    restore(restoration: Restoration): Promise<boolean>;
  };
  readonly trust: Pick<Trust, 'refusal' | 'start'>;
  readonly genesisHash: Hash;
  readonly verify: VerifyChecks;
  /** The chain has come to this block; consensus goes on from there. */
  readonly onSynced: (anchor: Anchor) => void;
  /** ms of a clock that is never set back */
  readonly now: () => number;
  readonly logger: Logger;
}

export interface SnapshotProgress {
  /** of the snapshot's block */
  readonly height: number;
  readonly bytes: number;
  /** as peers say */
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
}

interface Candidate {
  readonly offer: SnapshotOffer;
  readonly peers: string[];
}

export class SnapshotSync {
  readonly #o: SnapshotSyncOptions;
  readonly #client: SnapshotClient;
  /** who lied in this run */
  readonly #liars = new Set<string>();
  /** snapshots of which no chunk came in this run, though not only liars offered them */
  readonly #fruitless = new Set<string>();
  readonly #givenUpUntil = new Map<SnapshotReason, number>();
  /** chunks that came in since the start */
  #chunks = 0;
  #progress: SnapshotProgress | undefined;

  constructor(options: SnapshotSyncOptions) {
    this.#o = options;
    this.#client = new SnapshotClient(options.network);
  }

  /** undefined while no snapshot is being fetched */
  get progress(): SnapshotProgress | undefined {
    return this.#progress;
  }

  /**
   * Fetches a snapshot if that is worth while, and ends when the chain has gone on from it, or when nobody has one.
   * @throws {StoreError} when it can't be written; the signal's reason
   */
  async run(signal: AbortSignal, reason: SnapshotReason): Promise<void> {
    if (!this.#isDue(reason)) return;
    const { now, logger, trust } = this.#o;
    const refusal = trust.refusal();
    if (refusal !== undefined) {
      this.#givenUpUntil.set(reason, now() + GIVEN_UP_MS);
      logger.error(refusal);
      return;
    }
    this.#liars.clear();
    this.#fruitless.clear();
    for (let since = now(); now() - since < PATIENCE_MS; ) {
      const before = this.#chunks;
      try {
        if (await this.#attempt(signal, reason)) return;
      } finally {
        this.#progress = undefined;
      }
      if (this.#chunks > before) since = now();
      await sleep(ASK_AGAIN_MS, undefined, { signal });
      if (!this.#isDue(reason)) return;
    }
    this.#givenUpUntil.set(reason, now() + GIVEN_UP_MS);
    logger.warn('no peer has a snapshot of use: fetching blocks instead');
  }

  #isDue(reason: SnapshotReason): boolean {
    const { chain, network, now } = this.#o;
    if (now() < (this.#givenUpUntil.get(reason) ?? Number.NEGATIVE_INFINITY)) return false;
    const behind = Math.max(0, ...network.peers().map(({ height }) => height)) - chain.head.height;
    return behind >= this.#leastBehind(reason);
  }

  #leastBehind(reason: SnapshotReason): number {
    const { mode, chain } = this.#o;
    const isNew = mode === 'snapshot' && chain.head.height === 0;
    return mode !== 'blocks' && (isNew || reason === 'no blocks') ? LEAST_BEHIND : FAR_BEHIND[mode];
  }

  /** @returns whether the chain has come further, by this or otherwise */
  async #attempt(signal: AbortSignal, reason: SnapshotReason): Promise<boolean> {
    const candidates = await this.#candidates(signal, reason);
    const resumed = await this.#resumable(candidates);
    for (const candidate of resumed === undefined ? candidates : [resumed.candidate]) {
      const restoration = resumed?.restoration ?? (await this.#begin(candidate, signal));
      if (restoration === undefined) continue;
      const before = this.#chunks;
      await this.#fetch(restoration, candidate, signal);
      if (restoration.missing.length === 0) return this.#adopt(restoration);
      const isLost = this.#chunks === before && candidate.peers.some((peer) => !this.#liars.has(peer));
      if (isLost) this.#fruitless.add(nameOf(candidate.offer));
      return false;
    }
    return false;
  }

  /**
   * Those worth while, newest first. That a peer says to be far ahead makes nobody throw history away: the snapshot itself
   * must be.
   */
  async #candidates(signal: AbortSignal, reason: SnapshotReason): Promise<Candidate[]> {
    const { mode, chain, network } = this.#o;
    const least = mode === 'auto' ? this.#leastBehind(reason) : 1;
    const peers = network.peers().filter(({ id }) => !this.#liars.has(id));
    const found = new Map<string, Candidate>();
    const asked = peers.slice(0, MAX_ASKED).map(({ id }) => id);
    const answers = await Promise.all(asked.map((id) => this.#offersOf(id, chain.head.height, signal)));
    for (const [index, offers] of answers.entries()) {
      for (const offer of offers) {
        const name = nameOf(offer);
        if (this.#fruitless.has(name) || offer.height - chain.head.height < least) continue;
        const candidate = found.get(name) ?? { offer, peers: [] };
        candidate.peers.push(asked[index] as string);
        found.set(name, candidate);
      }
    }
    return [...found.values()].sort((a, b) => b.offer.height - a.offer.height);
  }

  async #offersOf(peer: string, above: number, signal: AbortSignal): Promise<SnapshotOffer[]> {
    try {
      return await this.#client.offers(peer, above, signal);
    } catch (error) {
      this.#blame(peer, error, signal);
      return [];
    }
  }

  /** What was begun is finished as long as somebody has it, though there be newer ones: else a slow node never ends. */
  async #resumable(candidates: readonly Candidate[]) {
    const restoration = await this.#o.store.unfinishedRestoration();
    if (restoration === undefined) return undefined;
    const { header } = restoration.boundary;
    const candidate = candidates.find(({ offer }) => isOf(offer, header));
    return candidate && { restoration, candidate };
  }

  /** Walks to the block of a snapshot and makes room for it; undefined when none of its peers leads there. */
  async #begin({ offer, peers }: Candidate, signal: AbortSignal): Promise<Restoration | undefined> {
    for (const peer of peers) {
      try {
        const boundary = await this.#walkTo(offer, peer, signal);
        await this.#assertEndsEpoch(boundary, peer, signal);
        this.#o.logger.info(
          { height: offer.height, epoch: offer.epoch, entries: offer.entries },
          'fetching a snapshot',
        );
        return await this.#o.store.restore(boundary);
      } catch (error) {
        this.#blame(peer, error, signal);
      }
    }
    return undefined;
  }

  /** @throws {SyncError} */
  async #walkTo(offer: SnapshotOffer, peer: string, signal: AbortSignal): Promise<TrustedBoundary> {
    const { store, trust, genesisHash, verify } = this.#o;
    const walk = new EpochWalk(await trust.start(peer, signal), { genesisHash, verify });
    while (walk.epoch < offer.epoch) {
      const known = await store.boundary(walk.epoch);
      if (known?.validators == null) break;
      walk.trust({ ...known, validators: known.validators });
    }
    for (let last: TrustedBoundary | undefined; ; ) {
      const count = Math.min(offer.epoch - walk.epoch + 1, MAX_BOUNDARIES_PER_REQUEST);
      const answer = count < 1 ? [] : await this.#client.boundaries(peer, walk.epoch, count, signal);
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

  /** Before all of the state is fetched. */
  async #assertEndsEpoch({ header }: TrustedBoundary, peer: string, signal: AbortSignal): Promise<void> {
    const key = epochRange.key();
    const position = statePath(key);
    const chunk = await this.#client.chunk(peer, headerHash(header), position, signal);
    if (chunk === undefined) throw new Error('it has the snapshot no more');
    const checked = checkChunk(header.stateRoot, position, chunk);
    if (typeof checked === 'string') throw new SyncError('WRONG_CHUNK', checked);
    const entry = checked.entries.find((one) => equalBytes(one.key, key));
    assertEndsEpoch(header, entry?.value);
  }

  async #fetch(restoration: Restoration, { offer, peers }: Candidate, signal: AbortSignal): Promise<void> {
    const { now, logger } = this.#o;
    const { header } = restoration.boundary;
    let mark = { at: now(), bytes: restoration.progress.bytes };
    const measure = () => {
      const { bytes } = restoration.progress;
      const bytesPerSecond = ((bytes - mark.bytes) * 1000) / Math.max(now() - mark.at, 1);
      this.#progress = { height: header.height, bytes, totalBytes: offer.bytes, bytesPerSecond };
      if (now() - mark.at < PROGRESS_INTERVAL_MS) return;
      mark = { at: now(), bytes };
      const seconds = Math.ceil(Math.max(0, offer.bytes - bytes) / Math.max(bytesPerSecond, 1));
      logger.info({ ...this.#progress, bytesPerSecond: Math.round(bytesPerSecond), etaSeconds: seconds }, 'snapshot');
    };
    measure();
    await fetchChunks(
      peers.filter((peer) => !this.#liars.has(peer)),
      {
        client: this.#client,
        hash: headerHash(header),
        stateRoot: header.stateRoot,
        missing: () => restoration.missing,
        add: async (chunk) => {
          await restoration.add(chunk);
          this.#chunks += 1;
          measure();
        },
        onLie: (peer, error) => this.#blame(peer, error, signal),
        now,
        signal,
      },
    );
  }

  async #adopt(restoration: Restoration): Promise<boolean> {
    const { header, certificate } = restoration.boundary;
    if (!restoration.isWhole) throw new Error(`the restored state is not that of block ${header.height}`);
    const { entries, bytes } = restoration.progress;
    if (await this.#o.chain.restore(restoration)) {
      this.#o.logger.info({ height: header.height, entries, bytes }, 'the state is that of the snapshot');
      this.#o.onSynced({ slot: certificate.slot, hash: headerHash(header), header, certificate });
    }
    return true;
  }

  /** What a peer got wrong counts against it, and it is not asked again in this run; one that only failed may be. */
  #blame(peer: string, error: unknown, signal: AbortSignal): void {
    signal.throwIfAborted();
    if (error instanceof StoreError) throw error;
    if (error instanceof SyncError) {
      this.#liars.add(peer);
      this.#o.network.report(peer, OFFENCES[error.code], `its answer to a snapshot request: ${error.message}`);
    }
    this.#o.logger.warn({ peer, reason: String(error) }, 'a peer did not help with a snapshot');
  }
}

function isOf(offer: SnapshotOffer, header: Header): boolean {
  return offer.height === header.height && equalBytes(offer.hash, headerHash(header));
}

function nameOf({ height, hash }: SnapshotOffer): string {
  return `${height} ${toHex(hash)}`;
}
