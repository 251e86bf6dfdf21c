// The JSON codecs of values without parts: integers, names, amounts, addresses, bytes, bits and text.
// Each accepts exactly the text that it writes, but for addresses, which have a second form on input.

import type { BitArray, BitListType, ByteListType, ByteVectorType } from '@chainsafe/ssz';
import { AddressError, formatAddress, parseAddress } from './address.ts';
import { fromHex, toHex } from './bytes.ts';
import { at, type Codec, refuse, type Trail } from './json-codec.ts';
import { decodeText, type EnumType, encodeText, MAX_AMOUNT, type TextType, type UintType } from './ssz.ts';

export function uintCodec({ max }: UintType): Codec {
  return {
    write: (value) => value as number,
    read(json, trail) {
      // Minus zero is an integer to JavaScript, and another text.
      if (!Number.isInteger(json) || (json as number) < 0 || (json as number) > max || Object.is(json, -0)) {
        throw refuse(trail, `an integer from 0 to ${max} as a JSON number`, json);
      }
      return json;
    },
  };
}

export function enumCodec({ names }: EnumType): Codec {
  return {
    write: (value) => at(names, value as number),
    read: (json, trail) => readName(names, json, trail),
  };
}

export function readName(names: readonly string[], json: unknown, trail: Trail): number {
  const position = typeof json === 'string' ? names.indexOf(json) : -1;
  if (position === -1) throw refuse(trail, `one of ${names.map((name) => `"${name}"`).join(', ')}`, json);
  return position;
}

const DECIMAL = /^(?:0|[1-9][0-9]{0,19})$/;
const AMOUNT = 'an amount as a decimal string of whole units, like "1000000000" for 1 AIT';

export const amountCodec: Codec = {
  write: (value) => (value as bigint).toString(),
  read(json, trail) {
    if (typeof json === 'number') {
      throw refuse(trail, `${AMOUNT}; a JSON number loses digits past 2^53 and is not accepted`, json);
    }
    if (typeof json !== 'string') throw refuse(trail, AMOUNT, json);
    if (!DECIMAL.test(json)) throw refuse(trail, `${AMOUNT}, without sign, fraction, exponent or leading zero`, json);
    const amount = BigInt(json);
    if (amount > MAX_AMOUNT) throw refuse(trail, `an amount of at most ${MAX_AMOUNT} units`, json);
    return amount;
  },
};

export const addressCodec: Codec = {
  write: (value) => formatAddress(value as Uint8Array),
  read(json, trail) {
    if (typeof json !== 'string') throw refuse(trail, 'an address, ait1… or 0x and 40 hex digits', json);
    try {
      return parseAddress(json);
    } catch (error) {
      if (error instanceof AddressError) throw refuse(trail, `an address (${error.message})`, json);
      throw error;
    }
  },
};

export function byteVectorCodec({ lengthBytes }: ByteVectorType): Codec {
  const expected = `${lengthBytes} bytes as ${2 * lengthBytes} lower-case hex digits without prefix`;
  return {
    write: (value) => toHex(value as Uint8Array),
    read(json, trail) {
      if (typeof json !== 'string' || json.length !== 2 * lengthBytes) throw refuse(trail, expected, json);
      return readHex(json, expected, trail);
    },
  };
}

export function byteListCodec({ limitBytes }: ByteListType): Codec {
  const expected = `at most ${limitBytes} bytes as lower-case hex without prefix`;
  return {
    write: (value) => toHex(value as Uint8Array),
    read(json, trail) {
      if (typeof json !== 'string' || json.length > 2 * limitBytes) throw refuse(trail, expected, json);
      return readHex(json, expected, trail);
    },
  };
}

/** Hex of the SSZ encoding, whose highest set bit marks the length: the one form that keeps it. */
export function bitListCodec(type: BitListType): Codec {
  const expected = `a bit list of at most ${type.limitBits} bits as lower-case hex of its SSZ encoding`;
  return {
    write: (value) => toHex(type.serialize(value as BitArray)),
    read(json, trail) {
      if (typeof json !== 'string' || json.length > 2 * type.maxSize) throw refuse(trail, expected, json);
      const bytes = readHex(json, expected, trail);
      try {
        return type.deserialize(bytes);
      } catch {
        throw refuse(trail, expected, json);
      }
    },
  };
}

export function textCodec({ limitBytes }: TextType): Codec {
  const expected = `a text of at most ${limitBytes} bytes of UTF-8`;
  return {
    write: (value) => decodeText(value as Uint8Array),
    read(json, trail) {
      // A character has at least one byte: a long text is not worth encoding.
      if (typeof json !== 'string' || json.length > limitBytes || !json.isWellFormed()) {
        throw refuse(trail, expected, json);
      }
      const bytes = encodeText(json);
      if (bytes.length > limitBytes) throw refuse(trail, expected, json);
      return bytes;
    },
  };
}

function readHex(json: string, expected: string, trail: Trail): Uint8Array {
  try {
    return fromHex(json);
  } catch (error) {
    if (error instanceof RangeError) throw refuse(trail, expected, json);
    throw error;
  }
}
