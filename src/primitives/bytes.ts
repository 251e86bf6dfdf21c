// Byte arrays: hex text, comparison, concatenation. Browser-safe.

const encoder = new TextEncoder();

const HEX_DIGITS = '0123456789abcdef';
const DIGIT_CODES: readonly number[] = Array.from(HEX_DIGITS, (digit) => digit.charCodeAt(0));
/** Bytes turned into text by one call; engines bound the arguments of a call. */
const HEX_CHUNK = 4096;
/** The value of a hex digit by its character code; 255 for every other of the first 128 characters. */
const DIGIT_VALUES: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = HEX_DIGITS.indexOf(String.fromCharCode(code));
  return value === -1 ? 255 : value;
});

/** Lower-case hex without prefix. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += HEX_CHUNK) text += chunkToHex(bytes, start);
  return text;
}

/** In one call, the text is flat: as a key of maps it is twice as fast as one that was put together digit by digit. */
function chunkToHex(bytes: Uint8Array, start: number): string {
  const count = Math.min(HEX_CHUNK, bytes.length - start);
  const codes = new Array<number>(2 * count);
  for (let i = 0; i < count; i++) {
    const byte = bytes[start + i] as number;
    codes[2 * i] = DIGIT_CODES[byte >> 4] as number;
    codes[2 * i + 1] = DIGIT_CODES[byte & 15] as number;
  }
  return String.fromCharCode.apply(undefined, codes);
}

/**
 * Parses lower-case hex without prefix.
 * @throws {RangeError} on an odd length, an upper-case digit or anything that is no hex digit.
 */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  // Or-ed together: a digit leaves the upper four bits clear, anything else does not.
  let seen = text.length % 2 === 0 ? 0 : 255;
  for (let i = 0; i < bytes.length; i++) {
    const high = DIGIT_VALUES[text.charCodeAt(2 * i)] ?? 255;
    const low = DIGIT_VALUES[text.charCodeAt(2 * i + 1)] ?? 255;
    seen |= high | low;
    bytes[i] = (high << 4) | low;
  }
  if (seen > 15) throw new RangeError('expected an even number of lower-case hex digits without prefix');
  return bytes;
}

/**
 * Short bytes as a text of as many characters: the cheapest key of maps. (A Buffer made from the same bytes costs ten
 * times as much, since the engine moves small arrays off its heap for that.)
 */
export function mapKey(bytes: Uint8Array): string {
  return String.fromCharCode.apply(undefined, bytes as unknown as number[]);
}

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order of unsigned bytes; a prefix sorts first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
