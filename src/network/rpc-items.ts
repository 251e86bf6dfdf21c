// How much work a stream of gossip asks for, counted from its bytes alone: each RPC, and in it each subscription, message
// and group of control messages. The library tells of new messages only, and most of a flood need not be new.

/** What follows a field of each wire type of protobuf. */
const VARINT = 0;
const LENGTH = 2;
const FIXED_BYTES: ReadonlyMap<number, number> = new Map([
  [1, 8],
  [5, 4],
]);

/** Of one stream, whose RPCs each have their length in front. */
export class RpcItems {
  readonly #varint = new Varint();
  #reads: 'rpc' | 'field' | 'length' | 'number' = 'rpc';
  /** bytes of this RPC that have yet to be looked at */
  #left = 0;
  /** bytes to come that are not */
  #skip = 0;

  /** @param piece the next bytes of the stream. @returns how many items begin in it. */
  count(piece: Uint8Array): number {
    let items = 0;
    for (let position = 0; position < piece.length; ) {
      const skipped = Math.min(this.#skip, piece.length - position);
      this.#skip -= skipped;
      position += skipped;
      if (position < piece.length && this.#take(piece[position++] as number)) items += 1;
    }
    return items;
  }

  /** @returns whether an item begins. */
  #take(byte: number): boolean {
    const value = this.#varint.take(byte);
    const before = this.#reads;
    if (before !== 'rpc') this.#left -= 1;
    if (value !== undefined) this.#read(value);
    if (this.#left === 0) {
      this.#reads = 'rpc';
      if (before !== 'rpc') this.#varint.reset();
    }
    return value !== undefined && (before === 'rpc' || before === 'field');
  }

  #read(value: number): void {
    if (this.#reads === 'rpc') {
      this.#left = value;
      this.#reads = 'field';
    } else if (this.#reads === 'field') {
      const type = value & 7;
      this.#reads = type === VARINT ? 'number' : type === LENGTH ? 'length' : 'field';
      // an RPC with a type that is none can not be decoded
      if (this.#reads === 'field') this.#pass(FIXED_BYTES.get(type) ?? this.#left);
    } else {
      if (this.#reads === 'length') this.#pass(value);
      this.#reads = 'field';
    }
  }

  #pass(bytes: number): void {
    this.#skip = Math.min(bytes, this.#left);
    this.#left -= this.#skip;
  }
}

/** No length that is let in comes near; what is longer is as large. */
const LARGEST_FACTOR = 2 ** 42;

class Varint {
  #value = 0;
  #factor = 1;

  /** @returns undefined until it is whole. */
  take(byte: number): number | undefined {
    this.#value += (byte & 0x7f) * this.#factor;
    this.#factor = Math.min(128 * this.#factor, LARGEST_FACTOR);
    if (byte >= 0x80) return undefined;
    const value = this.#value;
    this.reset();
    return value;
  }

  reset(): void {
    this.#value = 0;
    this.#factor = 1;
  }
}
