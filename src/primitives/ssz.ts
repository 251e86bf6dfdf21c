// The basic SSZ types from which every other type of the protocol is made. All are canonical: one value has one
// encoding, bytes that decode encode to themselves again, and a value outside its type does not encode.

import {
  ByteListType,
  ByteVectorType,
  type ByteViews,
  SerializedListType,
  type Type,
  UintBigintType,
  UintNumberType,
  UnionType,
} from '@chainsafe/ssz';
import { ADDRESS_BYTES } from './address.ts';
import { utf8 } from './bytes.ts';

/** The largest amount: 2^64 − 1 units. */
export const MAX_AMOUNT = (1n << 64n) - 1n;

/** An unsigned integer of 8, 16, 32 or 64 bits held as a number; values past 2^53 − 1 neither decode nor encode. */
export class UintType extends UintNumberType {
  readonly max: number;

  constructor(byteLength: 1 | 2 | 4 | 8, max: number = Math.min(2 ** (8 * byteLength) - 1, Number.MAX_SAFE_INTEGER)) {
    super(byteLength);
    this.max = max;
  }
  override value_serializeToBytes(output: ByteViews, offset: number, value: number): number {
    this.check(value);
    return super.value_serializeToBytes(output, offset, value);
  }
  override value_deserializeFromBytes(data: ByteViews, start: number, end: number): number {
    const value = super.value_deserializeFromBytes(data, start, end);
    this.check(value);
    return value;
  }
  private check(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > this.max) {
      throw new RangeError(`${value} is no integer from 0 to ${this.max}`);
    }
  }
}

/** One byte that stands for a name: the position in `names`. Held as the number; its JSON form is the name. */
export class EnumType extends UintType {
  readonly names: readonly string[];

  constructor(names: readonly string[]) {
    super(1, names.length - 1);
    this.names = names;
  }
}

/** Units of 10⁻⁹ AIT, 64 bits; the base class would wrap a value past them around. */
export class AmountType extends UintBigintType {
  constructor() {
    super(8, { typeName: 'Amount' });
  }
  override value_serializeToBytes(output: ByteViews, offset: number, value: bigint): number {
    if (value < 0n || value > MAX_AMOUNT) throw new RangeError(`an amount of ${value} units has no 64 bits`);
    return super.value_serializeToBytes(output, offset, value);
  }
}

/** Exactly so many bytes; the base class would let another length shift or overwrite what stands behind. */
export class FixedBytesType extends ByteVectorType {
  override value_serializeToBytes(output: ByteViews, offset: number, value: Uint8Array): number {
    if (value.length !== this.lengthBytes) {
      throw new RangeError(`${value.length} bytes where ${this.lengthBytes} belong`);
    }
    return super.value_serializeToBytes(output, offset, value);
  }
}

/** The bytes of an account address; its JSON form is `ait1…`. */
export class AddressType extends FixedBytesType {
  constructor() {
    super(ADDRESS_BYTES, { typeName: 'Address' });
  }
}

/** Bytes that must be UTF-8 text, so that they have one JSON form. */
export class TextType extends ByteListType {
  override value_serializeToBytes(output: ByteViews, offset: number, value: Uint8Array): number {
    this.assertValidByteLength(value.length);
    decodeText(value);
    return super.value_serializeToBytes(output, offset, value);
  }
  override value_deserializeFromBytes(data: ByteViews, start: number, end: number, reuse?: boolean): Uint8Array {
    const bytes = super.value_deserializeFromBytes(data, start, end, reuse);
    decodeText(bytes);
    return bytes;
  }
}

/**
 * A union whose alternatives have names: the position in `names` is the selector.
 * Without bytes for its selector it does not decode; the base class would read the byte behind its own range.
 */
export class TaggedUnionType<Types extends Type<unknown>[]> extends UnionType<Types> {
  readonly names: readonly string[];

  constructor(names: readonly string[], types: Types) {
    super(types);
    if (names.length !== types.length) throw new RangeError('a union has one name for each alternative');
    this.names = names;
  }
  override value_deserializeFromBytes(
    data: ByteViews,
    start: number,
    end: number,
    reuse?: boolean,
  ): ReturnType<UnionType<Types>['defaultValue']> {
    if (start >= end) throw new RangeError('a union without a selector');
    return super.value_deserializeFromBytes(data, start, end, reuse);
  }
}

/**
 * A list whose elements stay encoded until somebody needs them: it is read, stored and sent on as one piece. The value
 * is a `SerializedList`, the encoding is that of `List[decoded, limit]`; that each element is one of `decoded` is for
 * whoever decodes it to find out.
 */
export class EncodedListType<T> extends SerializedListType {
  readonly decoded: Type<T>;

  /** @param maxBytes of one element */
  constructor(decoded: Type<T>, maxBytes: number, limit: number) {
    super(new ByteListType(maxBytes), limit);
    this.decoded = decoded;
  }
}

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws {TypeError} when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : textDecoder.decode(bytes);
}

/** @throws {TypeError} when the text has a half of a surrogate pair, which UTF-8 can't carry. */
export function encodeText(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new TypeError('text with half a surrogate pair');
  return utf8(text);
}

export const Uint8 = new UintType(1);
export const Uint16 = new UintType(2);
export const Uint32 = new UintType(4);
/** Heights, slots, epochs, nonces, milliseconds. */
export const Uint64 = new UintType(8);
/** Units of 10⁻⁹ AIT as a bigint; its JSON form is a decimal string. */
export const Amount = new AmountType();
export const Bytes32 = new FixedBytesType(32);
export const AddressBytes = new AddressType();
export const PublicKey = new FixedBytesType(32);
export const Signature = new FixedBytesType(64);
