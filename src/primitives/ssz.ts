// The basic SSZ types from which every other type of the protocol is made. All are canonical:
// one value has one encoding, and bytes that decode encode to themselves again.

import { ByteListType, ByteVectorType, type ByteViews, UintBigintType, UintNumberType } from '@chainsafe/ssz';
import { formatAddress, parseAddress } from './address.ts';
import { utf8 } from './bytes.ts';

/** An unsigned 64-bit integer held as a number; values past 2^53 − 1 do not decode. */
class SafeUint64Type extends UintNumberType {
  constructor() {
    super(8, { typeName: 'uint64' });
  }
  override value_deserializeFromBytes(data: ByteViews, start: number, end: number): number {
    const value = super.value_deserializeFromBytes(data, start, end);
    if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('integer past 2^53 − 1');
    return value;
  }
}

/** Bytes that must be UTF-8 text, so that they have one JSON form. */
export class TextType extends ByteListType {
  override value_deserializeFromBytes(data: ByteViews, start: number, end: number, reuse?: boolean): Uint8Array {
    const bytes = super.value_deserializeFromBytes(data, start, end, reuse);
    if (bytes.length > this.limitBytes)
      throw new RangeError(`text of ${bytes.length} bytes, at most ${this.limitBytes}`);
    decodeText(bytes);
    return bytes;
  }
}

/** The 20 bytes of an account address; its JSON form is `ait1…`. */
export class AddressType extends ByteVectorType {
  constructor() {
    super(20, { typeName: 'Address' });
  }
  format(value: Uint8Array): string {
    return formatAddress(value);
  }
  parse(text: string): Uint8Array {
    return parseAddress(text);
  }
}

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws {TypeError} when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : textDecoder.decode(bytes);
}

export function encodeText(text: string): Uint8Array {
  return utf8(text);
}

export const Uint8 = new UintNumberType(1);
export const Uint16 = new UintNumberType(2);
export const Uint32 = new UintNumberType(4);
/** Heights, slots, epochs, nonces, milliseconds. */
export const Uint64 = new SafeUint64Type();
/** Units of 10⁻⁹ AIT as a bigint; its JSON form is a decimal string. */
export const Amount = new UintBigintType(8);
export const Bytes32 = new ByteVectorType(32);
export const Bytes64 = new ByteVectorType(64);
export const AddressBytes = new AddressType();
export const PublicKey = new ByteVectorType(32);
export const Signature = new ByteVectorType(64);

/** The largest amount: 2^64 − 1 units. */
export const MAX_AMOUNT = (1n << 64n) - 1n;
