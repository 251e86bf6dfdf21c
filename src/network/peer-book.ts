// The addresses of other nodes, in memory and in a file, so that a node that restarts finds its network again although
// every node named in its configuration is gone. What is here was heard from strangers: it is bounded, and proves nothing.

import { readFile, rename, stat } from 'node:fs/promises';
import type { PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { isSystemError, replaceDurably } from '../crypto/durable-file.ts';
import { utf8 } from '../primitives/bytes.ts';
import { asError } from '../primitives/errors.ts';
import { directAddress, originOf, subnetOf } from './addresses.ts';
import { largestCrowd } from './crowd.ts';
import { formatBook, MAX_ADDRESSES, MAX_FILE_BYTES, MAX_PEERS, parseBook } from './peer-book-file.ts';

export interface PeerBookOptions {
  /** undefined: nothing is kept on disk */
  readonly file: string | undefined;
  /** pauses (ms) before a peer that could not be reached is a candidate again: doubled with each failure */
  readonly pauses: { readonly first: number; readonly longest: number };
  /** addresses that are of no use here are not kept */
  readonly isUsable: (address: Multiaddr) => boolean;
  readonly logger: Logger;
  /** milliseconds of a clock that never goes back */
  readonly now: () => number;
  /** milliseconds since 1970: only for the order in which peers were last reached, which outlives this process */
  readonly wall: () => number;
  /** between 0 and 1 */
  readonly random: () => number;
}

export interface Candidate {
  readonly id: PeerId;
  readonly addresses: readonly Multiaddr[];
}

interface Entry extends Candidate {
  /** of a peer that we have reached, first the one where we did */
  addresses: Multiaddr[];
  /** of who told of it first; of a peer that we have reached, its own */
  readonly neighbourhood: string;
  /** milliseconds since 1970; 0: somebody told of it, and we have never reached it */
  readonly lastSuccess: number;
  failures: number;
  /** by the clock that never goes back */
  retryAt: number;
}

/** Peers with an address in one neighbourhood: whoever holds a /24 cannot fill the book with it. */
const MAX_PER_SUBNET = 16;
/** Failures in a row after which a peer is forgotten: what was hearsay soon, what has worked after hours. */
const MAX_FAILURES = { heard: 3, worked: 10 } as const;
/** Changes are written together; what a crash loses is a minute of hearsay. */
const WRITE_DELAY_MS = 60_000;
/** The file does not say who has told of the peers in it. */
const FROM_FILE = 'file';

export class PeerBook {
  readonly #options: PeerBookOptions;
  readonly #entries = new Map<string, Entry>();
  /** who has an address in a neighbourhood */
  readonly #neighbours = new Map<string, Set<Entry>>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: PeerBookOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Reads the file. One that is no book is set aside, and the book begins empty: a node must start without it. Of one that
   * is, what is no entry is left out.
   */
  async load(): Promise<void> {
    const { file, logger } = this.#options;
    if (file === undefined) return;
    try {
      if ((await stat(file)).size > MAX_FILE_BYTES) throw new Error(`it has more than ${MAX_FILE_BYTES} bytes`);
      const { entries, faults } = parseBook(await readFile(file, 'utf8'));
      for (const { id, addresses, lastSuccess } of entries) {
        this.#put(newEntry(id, FROM_FILE, Math.min(lastSuccess, this.#options.wall())), addresses);
      }
      if (faults.length > 0)
        logger.warn({ file, faults: faults.length, first: faults[0] }, 'the peer book has entries that are none');
    } catch (error) {
      this.#entries.clear();
      this.#neighbours.clear();
      if (isSystemError(error, 'ENOENT')) return;
      const aside = `${file}.broken`;
      await rename(file, aside);
      logger.warn({ file, aside, reason: asError(error).message }, 'the peer book is damaged and was set aside');
    }
  }

  /**
   * Somebody says that the peer is at these addresses.
   * @param source neighbourhood of who says it
   */
  heard(id: PeerId, addresses: readonly Multiaddr[], source: string): void {
    const known = this.#entries.get(id.toString());
    // what works is not overwritten by what anybody says
    if (known !== undefined && known.lastSuccess > 0 && known.failures === 0) return;
    this.forget(id.toString());
    const entry = known === undefined ? newEntry(id, source, 0) : { ...known, addresses: [] };
    this.#put(entry, [...(known?.addresses.slice(0, 1) ?? []), ...addresses]);
  }

  /** We reached the peer. @param addresses the one that was dialled first, then what the peer says of itself. */
  worked(id: PeerId, addresses: readonly Multiaddr[]): void {
    this.forget(id.toString());
    const [reached] = addresses;
    const neighbourhood = reached === undefined ? '' : originOf(reached);
    this.#put(newEntry(id, neighbourhood, this.#options.wall()), addresses);
  }

  /** The peer could not be reached; after a few times it is forgotten. */
  failed(id: PeerId): void {
    const entry = this.#entries.get(id.toString());
    if (entry === undefined) return;
    this.postpone(id);
    entry.failures += 1;
    const limit = entry.lastSuccess > 0 ? MAX_FAILURES.worked : MAX_FAILURES.heard;
    if (entry.failures >= limit) this.forget(id.toString());
  }

  /** The peer is no candidate for a while, and nothing is held against it. */
  postpone(id: PeerId): void {
    const entry = this.#entries.get(id.toString());
    if (entry === undefined) return;
    const { pauses, now, random } = this.#options;
    const pause = Math.min(pauses.first * 2 ** entry.failures, pauses.longest);
    entry.retryAt = now() + pause * (0.5 + random());
  }

  forget(peer: string): void {
    const entry = this.#entries.get(peer);
    if (entry === undefined) return;
    this.#entries.delete(peer);
    for (const address of entry.addresses) this.#leave(entry, subnetOf(address));
    this.#writeLater();
  }

  /** Whom to try now: those that worked, the latest first, then the others in any order. */
  candidates(isWanted: (peer: string) => boolean): Candidate[] {
    const now = this.#options.now();
    return [...this.#entries]
      .filter(([id, { retryAt }]) => retryAt <= now && isWanted(id))
      .map(([, entry]) => ({ entry, chance: this.#options.random() }))
      .sort((a, b) => b.entry.lastSuccess - a.entry.lastSuccess || a.chance - b.chance)
      .map(({ entry }) => entry);
  }

  /** Writes what has changed, and no more after it. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) this.#write();
    await this.#writing;
  }

  /** Adds the addresses that are of use and find a place. A peer without one is not kept. */
  #put(entry: Entry, addresses: readonly Multiaddr[]): void {
    const key = entry.id.toString();
    this.#entries.set(key, entry);
    for (const full of addresses) {
      if (entry.addresses.length >= MAX_ADDRESSES) break;
      const address = wayTo(key, full);
      if (address === undefined || !this.#options.isUsable(address)) continue;
      if (entry.addresses.some((known) => known.equals(address))) continue;
      entry.addresses.push(address);
      this.#settle(entry, subnetOf(address));
    }
    if (entry.addresses.length === 0) this.forget(key);
    while (this.#entries.size > MAX_PEERS) this.#makeRoom();
    this.#writeLater();
  }

  /**
   * The entry has an address in this neighbourhood now. Of too many who have, one leaves of whom that is hearsay: so
   * whoever names peers where honest ones are keeps none of these out once we have reached them.
   */
  #settle(entry: Entry, subnet: string | undefined): void {
    if (subnet === undefined) return;
    const neighbours = (this.#neighbours.get(subnet) ?? new Set()).add(entry);
    this.#neighbours.set(subnet, neighbours);
    if (neighbours.size <= MAX_PER_SUBNET) return;
    const hearsay = [...neighbours].filter((one) => !isReachedIn(subnet, one));
    const leaves = this.#leastMissed(hearsay) ?? longestAgo([...neighbours]);
    leaves.addresses = leaves.addresses.filter((address) => subnetOf(address) !== subnet);
    this.#leave(leaves, subnet);
    if (leaves !== entry && leaves.addresses.length === 0) this.forget(leaves.id.toString());
  }

  #leave(entry: Entry, subnet: string | undefined): void {
    if (subnet === undefined) return;
    const neighbours = this.#neighbours.get(subnet);
    neighbours?.delete(entry);
    if (neighbours?.size === 0) this.#neighbours.delete(subnet);
  }

  /** Of too many peers one goes that we have only heard of, before any that has worked; of these the one longest ago. */
  #makeRoom(): void {
    const all = [...this.#entries.values()];
    const leaves = this.#leastMissed(all.filter(({ lastSuccess }) => lastSuccess === 0)) ?? longestAgo(all);
    this.forget(leaves.id.toString());
  }

  /** Any of those that come from where most come from: nobody crowds out what others tell by telling much. */
  #leastMissed(hearsay: readonly Entry[]): Entry | undefined {
    const crowd = largestCrowd(hearsay);
    return crowd[Math.floor(this.#options.random() * crowd.length)];
  }

  #writeLater(): void {
    if (this.#options.file === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#write(), WRITE_DELAY_MS);
    this.#timer.unref();
  }

  #write(): void {
    const { file, logger } = this.#options;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (file === undefined) return;
    const bytes = utf8(formatBook([...this.#entries.values()]));
    this.#writing = this.#writing
      .then(() => replaceDurably(file, bytes))
      .catch((error: unknown) => logger.warn({ file, err: error }, 'the peer book could not be written'));
  }
}

function newEntry(id: PeerId, neighbourhood: string, lastSuccess: number): Entry {
  return { id, addresses: [], neighbourhood, lastSuccess, failures: 0, retryAt: 0 };
}

/** Whether it is there that we have reached the peer; its other addresses are what it says itself. */
function isReachedIn(subnet: string, { addresses: [reached], lastSuccess }: Entry): boolean {
  return lastSuccess > 0 && reached !== undefined && subnetOf(reached) === subnet;
}

/** @param entries one at least */
function longestAgo(entries: readonly Entry[]): Entry {
  return entries.reduce((a, b) => (b.lastSuccess < a.lastSuccess ? b : a));
}

/** @returns undefined for an address of another shape, and for one that leads to somebody else. */
function wayTo(peer: string, address: Multiaddr): Multiaddr | undefined {
  const direct = directAddress(address);
  return direct?.peer === undefined || direct.peer === peer ? direct?.way : undefined;
}
