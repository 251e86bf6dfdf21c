// The file of the peer book: its form, its bounds, and what is made of one that somebody else has written to.

import type { PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Multiaddr } from '@multiformats/multiaddr';
import { asError } from '../primitives/errors.ts';
import { parseAddress } from './addresses.ts';

/** Many times the connections of a node, and still read and sorted within a millisecond or two. */
export const MAX_PEERS = 1_000;
/** A node has an address for each of its interfaces and transports; what a stranger lists beyond is noise. */
export const MAX_ADDRESSES = 4;
/** A book of MAX_PEERS full entries has less. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;
const VERSION = 1;

export interface Written {
  readonly id: PeerId;
  readonly addresses: readonly Multiaddr[];
  /** milliseconds since 1970, 0 for never */
  readonly lastSuccess: number;
}

export function formatBook(entries: readonly Written[]): string {
  const peers = entries.map(({ id, addresses, lastSuccess }) => ({
    id: id.toString(),
    addresses: addresses.map(String),
    last_success: lastSuccess,
  }));
  return `${JSON.stringify({ version: VERSION, peers }, undefined, 1)}\n`;
}

export interface ReadBook {
  readonly entries: Written[];
  /** what is wrong with those that were left out */
  readonly faults: string[];
}

/** @throws an error that says why it is no book. */
export function parseBook(text: string): ReadBook {
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
