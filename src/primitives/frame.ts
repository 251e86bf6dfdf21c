// Messages on a stream of bytes: a varint length, then that many bytes.

import { concatBytes } from './bytes.ts';

/** A length of at most 28 bits: far above every bound in use. */
export const MAX_LENGTH_BYTES = 4;

/** How a frame begins. */
export interface FrameHeader {
  /** its own bytes */
  readonly size: number;
  /** bytes of the payload */
  readonly length: number;
}

export function encodeFrame(payload: Uint8Array): Uint8Array {
  const header: number[] = [];
  let rest = payload.length;
  while (rest > 0x7f) {
    header.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  header.push(rest);
  return concatBytes(Uint8Array.from(header), payload);
}

/** Takes frames out of a stream as it arrives, and never holds more than one frame that is not whole. */
export class FrameDecoder {
  readonly #maxBytes: number;
  #held: Uint8Array = new Uint8Array(0);

  /** @param maxBytes of one payload */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns the payloads that are whole now. @throws {RangeError} for a length that is too large or not canonical. */
  push(bytes: Uint8Array): Uint8Array[] {
    let rest: Uint8Array = concatBytes(this.#held, bytes);
    const payloads: Uint8Array[] = [];
    for (;;) {
      const header = readLength((index) => rest[index]);
      if (header === undefined) break;
      if (header.length > this.#maxBytes) {
        throw new RangeError(`a message of ${header.length} bytes, at most ${this.#maxBytes}`);
      }
      const end = header.size + header.length;
      if (rest.length < end) break;
      payloads.push(rest.slice(header.size, end));
      rest = rest.subarray(end);
    }
    this.#held = rest.slice();
    return payloads;
  }
}

/**
 * @param byteAt the bytes of a frame by position; undefined for those that have not arrived
 * @returns undefined when the length is not whole
 * @throws {RangeError} when it is too large or not canonical
 */
export function readLength(byteAt: (index: number) => number | undefined): FrameHeader | undefined {
  let length = 0;
  for (let index = 0; index < MAX_LENGTH_BYTES; index++) {
    const byte = byteAt(index);
    if (byte === undefined) return undefined;
    length |= (byte & 0x7f) << (7 * index);
    if (byte >= 0x80) continue;
    if (byte === 0 && index > 0) throw new RangeError('a length is not in its shortest form');
    return { size: index + 1, length };
  }
  throw new RangeError('a length of more than 28 bits');
}
