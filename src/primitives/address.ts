// Account addresses: the first 20 bytes of sha256(public key), written as bech32m `ait1…`.

import { bech32m } from '@scure/base';
import { fromHex, toHex } from './bytes.ts';
import { sha256 } from './hash.ts';

/** 20 bytes. */
export type Address = Uint8Array;

export const ADDRESS_BYTES = 20;
export const ADDRESS_PREFIX = 'ait';

/** A text that is no address; `message` says which rule it breaks. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
}

/** @param publicKey 32 bytes, an Ed25519 public key. */
export function addressOf(publicKey: Uint8Array): Address {
  return sha256(publicKey).slice(0, ADDRESS_BYTES);
}

export function formatAddress(address: Address): string {
  return bech32m.encode(ADDRESS_PREFIX, bech32m.toWords(address));
}

/**
 * Reads `ait1…` (bech32m) or `0x` followed by 40 hex digits of either case.
 * @throws {AddressError}
 */
export function parseAddress(text: string): Address {
  if (text.startsWith('0x') || text.startsWith('0X')) return parseHexAddress(text.slice(2));
  return parseBech32Address(text);
}

/** The text form under which an address is a key of maps: 40 hex digits. */
export function addressKey(address: Address): string {
  return toHex(address);
}

function parseHexAddress(digits: string): Address {
  if (digits.length !== 2 * ADDRESS_BYTES) {
    throw new AddressError(`a hex address has 40 digits after 0x, this one has ${digits.length}`);
  }
  try {
    return fromHex(digits.toLowerCase());
  } catch {
    throw new AddressError('a hex address has only hex digits after 0x');
  }
}

function parseBech32Address(text: string): Address {
  if (!text.toLowerCase().startsWith(`${ADDRESS_PREFIX}1`)) {
    throw new AddressError(`an address starts with ${ADDRESS_PREFIX}1 or 0x`);
  }
  if (text !== text.toLowerCase() && text !== text.toUpperCase()) {
    throw new AddressError('an address is written in one case, not in a mix of both');
  }
  let decoded: { prefix: string; words: number[] };
  try {
    decoded = bech32m.decode(text as `${string}1${string}`);
  } catch {
    throw new AddressError('bad checksum or character: the address was mistyped or cut');
  }
  // The last "1" ends the prefix, so a text may begin with ait1 and yet have another prefix.
  if (decoded.prefix !== ADDRESS_PREFIX) throw new AddressError(`the prefix of an address is ${ADDRESS_PREFIX}`);
  let bytes: Uint8Array;
  try {
    bytes = bech32m.fromWords(decoded.words);
  } catch {
    throw new AddressError('bad padding in the address');
  }
  if (bytes.length !== ADDRESS_BYTES) throw new AddressError(`an address is 20 bytes, this one has ${bytes.length}`);
  return bytes;
}
