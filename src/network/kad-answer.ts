// The answer of a peer in the DHT, cut to what is taken of it before the library reads it: the library keeps every peer
// that an answer names, and two thousand go into one.

import { concatBytes } from '../primitives/bytes.ts';
import { encodeFrame, type FrameHeader, readLength } from '../primitives/frame.ts';

/** A bucket of the DHT, of each kind. */
const MAX_NAMED_PEERS = 20;

/** Fields of the message that name peers: those closer to the key, and those who have what it stands for. */
const CLOSER = 8;
const PROVIDERS = 9;
/** What follows the number of a field, as far as a message of the DHT has it. */
const VARINT = 0;
const BYTES = 2;
const MAX_VARINT_BYTES = 10;

/** The one answer that a stream brings, put together from its pieces. */
export class KadAnswer {
  readonly #maxBytes: number;
  /** while the length is not whole */
  #start: Uint8Array = new Uint8Array(0);
  #message: Uint8Array | undefined;
  #held = 0;
  #isWhole = false;

  /** @param maxBytes of the message */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * @param piece bytes as they arrived
   * @returns the answer with its length before it, once it is whole; what comes after it is nobody's.
   * @throws {RangeError} for what is no message of the DHT, or too long
   */
  add(piece: Uint8Array): Uint8Array | undefined {
    if (this.#isWhole) return undefined;
    if (this.#message !== undefined) return this.#fill(this.#message, piece);
    this.#start = concatBytes(this.#start, piece);
    const header = readLength((index) => this.#start[index]);
    if (header === undefined) return undefined;
    const { size, length } = header;
    if (length > this.#maxBytes) throw new RangeError(`an answer of ${length} bytes, at most ${this.#maxBytes}`);
    this.#message = new Uint8Array(length);
    return this.#fill(this.#message, this.#start.subarray(size));
  }

  #fill(message: Uint8Array, piece: Uint8Array): Uint8Array | undefined {
    const taken = piece.subarray(0, message.length - this.#held);
    message.set(taken, this.#held);
    this.#held += taken.length;
    if (this.#held < message.length) return undefined;
    this.#isWhole = true;
    return encodeFrame(withFewPeers(message));
  }
}

/** The first peers of each kind, and all else. @throws {RangeError} for what is no message of the DHT */
export function withFewPeers(message: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  const named = new Map([
    [CLOSER, 0],
    [PROVIDERS, 0],
  ]);
  for (let at = 0; at < message.length; ) {
    const { field, end } = readField(message, at);
    const count = named.get(field);
    if (count !== undefined) named.set(field, count + 1);
    if (count === undefined || count < MAX_NAMED_PEERS) kept.push(message.subarray(at, end));
    at = end;
  }
  return concatBytes(...kept);
}

/** Stricter than the library, which takes a field for what its number says, whatever its kind. */
function readField(message: Uint8Array, start: number): { field: number; end: number } {
  const tag = lengthAt(message, start);
  const field = tag.length >>> 3;
  const kind = tag.length & 7;
  const value = start + tag.size;
  if (kind === BYTES) {
    const { size, length } = lengthAt(message, value);
    return { field, end: within(message, value + size + length) };
  }
  const namesPeers = field === CLOSER || field === PROVIDERS;
  if (kind !== VARINT || namesPeers) throw new RangeError(`field ${field} of a DHT message is of kind ${kind}`);
  return { field, end: within(message, value + varintSize(message, value)) };
}

function lengthAt(message: Uint8Array, start: number): FrameHeader {
  const header = readLength((index) => message[start + index]);
  if (header === undefined) throw new RangeError('a DHT message ends within a field');
  return header;
}

function varintSize(message: Uint8Array, start: number): number {
  const last = message.subarray(start, start + MAX_VARINT_BYTES).findIndex((byte) => byte < 0x80);
  if (last === -1) throw new RangeError('a DHT message has a number without an end');
  return last + 1;
}

function within(message: Uint8Array, end: number): number {
  if (end > message.length) throw new RangeError('a DHT message ends within a field');
  return end;
}
