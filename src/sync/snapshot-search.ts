// Looks for a snapshot that is worth fetching: asks peers what they have, and has them prove it. An offer costs nothing,
// hence several peers are heard at once, and the next offer of one that fails comes after those of all others.

import { setTimeout as sleep } from 'node:timers/promises';
import { withDeadline } from '../network/deadline.ts';
import { toHex } from '../primitives/bytes.ts';
import type { SnapshotOffer } from '../primitives/snapshot.ts';
import type { SnapshotClient } from './snapshot-client.ts';
import type { SnapshotPeers } from './snapshot-peers.ts';
import { type ProofOptions, proveSnapshot, type SnapshotProof } from './snapshot-proof.ts';

/** Offers of so many peers are looked at. */
const MAX_ASKED = 32;
/** Peers that prove something at once: each may send 4 MiB of boundaries. */
const MAX_PROVERS = 8;
/** Who has not proved anything for so long (ms) is waited for beside the next one. */
const HEAD_START_MS = 1000;
/** For one peer to prove one snapshot (ms); boundaries that it has sent by then are kept. */
const PROOF_TIMEOUT_MS = 30_000;

export interface Candidate {
  readonly offer: SnapshotOffer;
  /** who say to have it */
  readonly peers: readonly string[];
}

export interface ProvenSnapshot extends Candidate, SnapshotProof {}

export interface SnapshotSearchOptions extends ProofOptions {
  readonly client: SnapshotClient;
  readonly peers: SnapshotPeers;
}

interface Attempt {
  readonly candidate: Candidate;
  readonly peer: string;
}

export class SnapshotSearch {
  readonly #o: SnapshotSearchOptions;

  constructor(options: SnapshotSearchOptions) {
    this.#o = options;
  }

  /**
   * What peers say to have, from a height on.
   * @throws {StoreError}; the signal's reason
   */
  async candidates(least: number, signal: AbortSignal): Promise<Candidate[]> {
    const asked = this.#o.peers.inTurn().slice(0, MAX_ASKED);
    const answers = await Promise.all(asked.map((peer) => this.#offersOf(peer, least, signal)));
    const found = new Map<string, { offer: SnapshotOffer; peers: string[] }>();
    for (const [index, offers] of answers.entries()) {
      for (const offer of offers) {
        const name = `${offer.epoch} ${offer.height} ${toHex(offer.hash)}`;
        const candidate = found.get(name) ?? { offer, peers: [] };
        candidate.peers.push(asked[index] as string);
        found.set(name, candidate);
      }
    }
    return [...found.values()];
  }

  /**
   * Each peer may try once.
   * @returns the first that is proved to be the state after the last block of an epoch; who did so is the first of its peers
   * @throws {StoreError}; the signal's reason
   */
  async prove(candidates: readonly Candidate[], signal: AbortSignal): Promise<ProvenSnapshot | undefined> {
    signal.throwIfAborted();
    const over = new AbortController();
    const end = () => over.abort();
    signal.addEventListener('abort', end);
    const running = new Set<Promise<void>>();
    const tried = new Set<string>();
    let proven: ProvenSnapshot | undefined;
    const attempt = async ({ candidate, peer }: Attempt) => {
      try {
        const proof = await withDeadline(PROOF_TIMEOUT_MS, `a proof of ${peer}`, over.signal, (limit) =>
          proveSnapshot(candidate.offer, peer, this.#o, limit),
        );
        const others = candidate.peers.filter((one) => one !== peer);
        proven ??= { ...proof, offer: candidate.offer, peers: [peer, ...others] };
      } catch (error) {
        if (proven !== undefined) return;
        // Who hangs must not be first again just because nobody had the patience to wait for him.
        if (signal.aborted) this.#o.peers.didNotHelp(peer);
        else if (!over.signal.aborted) this.#o.peers.failed(peer, error);
      }
    };
    try {
      for (const next of this.#inOrder(candidates)) {
        if (tried.has(next.peer)) continue;
        tried.add(next.peer);
        const run = attempt(next).finally(() => running.delete(run));
        running.add(run);
        const isFull = running.size === MAX_PROVERS;
        await Promise.race(isFull ? running : [...running, sleep(HEAD_START_MS, undefined, { signal: over.signal })]);
        if (proven !== undefined) break;
      }
      while (proven === undefined && running.size > 0) await Promise.race(running);
      return proven;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', end);
      over.abort();
      await Promise.allSettled(running);
    }
  }

  async #offersOf(peer: string, least: number, signal: AbortSignal): Promise<SnapshotOffer[]> {
    const { client, peers } = this.#o;
    try {
      const offers = await client.offers(peer, least - 1, signal);
      if (offers.length === 0) peers.didNotHelp(peer);
      return offers;
    } catch (error) {
      signal.throwIfAborted();
      peers.failed(peer, error);
      return [];
    }
  }

  /** Peers in their turn; then what several have, and what is newer. */
  #inOrder(candidates: readonly Candidate[]): Attempt[] {
    const { peers } = this.#o;
    const attempts = candidates.flatMap((candidate) => candidate.peers.map((peer) => ({ candidate, peer })));
    const several = ({ candidate }: Attempt) => Math.min(candidate.peers.length, 2);
    return attempts.sort(
      (a, b) =>
        peers.turn(a.peer) - peers.turn(b.peer) ||
        several(b) - several(a) ||
        b.candidate.offer.height - a.candidate.offer.height,
    );
  }
}
