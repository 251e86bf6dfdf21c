// The addresses of other nodes, in memory and in a file, so that a node that restarts finds its network again although
// every node named in its configuration is gone. What is here was heard from strangers: it is bounded, and proves nothing.

import { readFile, rename, stat } from 'node:fs/promises';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { isSystemError, replaceDurably } from '../crypto/durable-file.ts';
import { utf8 } from '../primitives/bytes.ts';
import { directAddress, parseAddress, subnetOf } from './addresses.ts';
import { asError } from './errors.ts';

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
  readonly addresses: Multiaddr[];
  /** milliseconds since 1970; 0: somebody told of it, and we have never reached it */
  lastSuccess: number;
  failures: number;
  /** by the clock that never goes back */
  retryAt: number;
}

/** Many times the connections of a node, and still read and sorted within a millisecond or two. */
const MAX_PEERS = 1_000;
/** A node has an address for each of its interfaces and transports; what a stranger lists beyond is noise. */
const MAX_ADDRESSES = 4;
/** Peers of one neighbourhood: whoever holds a /24 cannot fill the book with it. */
const MAX_PER_SUBNET = 16;
/** Failures in a row after which a peer is forgotten: what was hearsay soon, what has worked after hours. */
const MAX_FAILURES = { heard: 3, worked: 10 } as const;
/** A book of MAX_PEERS full entries has less. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Changes are written together; what a crash loses is a minute of hearsay. */
const WRITE_DELAY_MS = 60_000;
const VERSION = 1;
const UNKNOWN = { lastSuccess: 0, failures: 0, retryAt: 0, addresses: [] } as const;

export class PeerBook {
  readonly #options: PeerBookOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #perSubnet = new Map<string, number>();
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
        this.#put(id, addresses).lastSuccess = Math.min(lastSuccess, this.#options.wall());
        this.#tidy(id.toString());
      }
      if (faults.length > 0)
        logger.warn({ file, faults: faults.length, first: faults[0] }, 'the peer book has entries that are none');
    } catch (error) {
      this.#entries.clear();
      this.#perSubnet.clear();
      if (isSystemError(error, 'ENOENT')) return;
      const aside = `${file}.broken`;
      await rename(file, aside);
      logger.warn({ file, aside, reason: asError(error).message }, 'the peer book is damaged and was set aside');
    }
  }

  /** Somebody says that the peer is at these addresses. */
  heard(id: PeerId, addresses: readonly Multiaddr[]): void {
    const key = id.toString();
    const { lastSuccess, failures, retryAt, addresses: old } = this.#entries.get(key) ?? UNKNOWN;
    // what works is not overwritten by what anybody says
    if (lastSuccess > 0 && failures === 0) return;
    this.forget(key);
    Object.assign(this.#put(id, [...old.slice(0, 1), ...addresses]), { lastSuccess, failures, retryAt });
    this.#tidy(key);
  }

  /** We reached the peer. @param addresses the one that was dialled first, then what the peer says of itself. */
  worked(id: PeerId, addresses: readonly Multiaddr[]): void {
    const key = id.toString();
    this.forget(key);
    this.#put(id, addresses).lastSuccess = this.#options.wall();
    this.#tidy(key);
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
    for (const subnet of subnetsOf(entry)) this.#count(subnet, -1);
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

  /** Adds the addresses that are of use and whose neighbourhood has room. */
  #put(id: PeerId, addresses: readonly Multiaddr[]): Entry {
    const key = id.toString();
    const entry = this.#entries.get(key) ?? { id, addresses: [], lastSuccess: 0, failures: 0, retryAt: 0 };
    for (const full of addresses) {
      if (entry.addresses.length >= MAX_ADDRESSES) break;
      const address = wayTo(key, full);
      if (address === undefined || !this.#options.isUsable(address)) continue;
      if (entry.addresses.some((known) => known.equals(address))) continue;
      const subnet = subnetOf(address);
      if (subnet !== undefined && !subnetsOf(entry).has(subnet)) {
        if ((this.#perSubnet.get(subnet) ?? 0) >= MAX_PER_SUBNET) continue;
        this.#count(subnet, 1);
      }
      entry.addresses.push(address);
      this.#writeLater();
    }
    this.#entries.set(key, entry);
    return entry;
  }

  /**
   * A peer without an address that is of use is forgotten. Of too many, one goes that we have only heard of, before any
   * that has worked; of these the one with the oldest success.
   */
  #tidy(changed: string): void {
    if (this.#entries.get(changed)?.addresses.length === 0) this.forget(changed);
    while (this.#entries.size > MAX_PEERS) {
      const all = [...this.#entries.values()];
      const hearsay = all.filter(({ lastSuccess }) => lastSuccess === 0);
      const oldest = () => all.reduce((a, b) => (b.lastSuccess < a.lastSuccess ? b : a));
      const leaves = hearsay[Math.floor(this.#options.random() * hearsay.length)] ?? oldest();
      this.forget(leaves.id.toString());
    }
  }

  #count(subnet: string, change: 1 | -1): void {
    const count = (this.#perSubnet.get(subnet) ?? 0) + change;
    if (count === 0) this.#perSubnet.delete(subnet);
    else this.#perSubnet.set(subnet, count);
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

function subnetsOf({ addresses }: Entry): Set<string> {
  return new Set(addresses.flatMap((address) => subnetOf(address) ?? []));
}

/** @returns undefined for an address of another shape, and for one that leads to somebody else. */
function wayTo(peer: string, address: Multiaddr): Multiaddr | undefined {
  const direct = directAddress(address);
  return direct?.peer === undefined || direct.peer === peer ? direct?.way : undefined;
}

type Written = Pick<Entry, 'id' | 'addresses' | 'lastSuccess'>;

function formatBook(entries: readonly Written[]): string {
  const peers = entries.map(({ id, addresses, lastSuccess }) => ({
    id: id.toString(),
    addresses: addresses.map(String),
    last_success: lastSuccess,
  }));
  return `${JSON.stringify({ version: VERSION, peers }, undefined, 1)}\n`;
}

interface ReadBook {
  readonly entries: Written[];
  /** what is wrong with those that were left out */
  readonly faults: string[];
}

/** @throws an error that says why it is no book. */
function parseBook(text: string): ReadBook {
  const book = JSON.parse(text) as { version?: unknown; peers?: unknown };
  if (book?.version !== VERSION) throw new Error(`its version is ${String(book?.version)}, not ${VERSION}`);
  if (!Array.isArray(book.peers) || book.peers.length > MAX_PEERS)
    throw new Error('it has no list of peers, or too many');
  const read: ReadBook = { entries: [], faults: [] };
  for (const entry of book.peers) {
    try {
      read.entries.push(parseEntry(entry));
    } catch (error) {
      read.faults.push(asError(error).message);
    }
  }
  return read;
}

/** @throws an error that says what is wrong. */
function parseEntry(entry: unknown): Written {
  const { id, addresses, last_success: lastSuccess } = (entry ?? {}) as Record<string, unknown>;
  const isWhole =
    typeof id === 'string' &&
    typeof lastSuccess === 'number' &&
    Number.isSafeInteger(lastSuccess) &&
    lastSuccess >= 0 &&
    Array.isArray(addresses) &&
    addresses.length <= MAX_ADDRESSES &&
    addresses.every((address): address is string => typeof address === 'string');
  if (!isWhole) throw new Error(`not an entry: ${JSON.stringify(entry)?.slice(0, 200)}`);
  return { id: peerIdFromString(id), addresses: addresses.map(parseAddress), lastSuccess };
}
