import { createHash } from 'node:crypto';
import { bech32, bech32m } from '@scure/base';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AddressError, addressKey, addressOf, formatAddress, parseAddress } from '../../src/primitives/address.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';

const address = suite('address');

const BYTES = new Uint8Array(20).fill(1);
const TEXT = 'ait1qyqszqgpqyqszqgpqyqszqgpqyqszqgp7emcj8';
const anyAddress = fc.uint8Array({ minLength: 20, maxLength: 20 });

function assertRefused(text: string, why: RegExp): void {
  try {
    parseAddress(text);
  } catch (error) {
    assert.instance(error, AddressError);
    assert.match((error as AddressError).message, why);
    return;
  }
  assert.unreachable(`accepted ${text}`);
}

address('is the first 20 bytes of sha256 of the public key', () => {
  const publicKey = new Uint8Array(32).fill(9);
  assert.is(toHex(addressOf(publicKey)), createHash('sha256').update(publicKey).digest('hex').slice(0, 40));
});

address('survives its text form, of 42 characters', () => {
  fc.assert(
    fc.property(anyAddress, (bytes) => {
      const text = formatAddress(bytes);
      assert.is(text.length, 42);
      assert.is(toHex(parseAddress(text)), toHex(bytes));
      assert.is(toHex(parseAddress(text.toUpperCase())), toHex(bytes));
      assert.is(toHex(parseAddress(`0x${toHex(bytes)}`)), toHex(bytes));
    }),
  );
  assert.is(formatAddress(BYTES), TEXT);
});

address('one wrong character never reads as another address', () => {
  fc.assert(
    fc.property(
      anyAddress,
      fc.integer({ min: 4, max: 41 }),
      fc.constantFrom(...'qpzry9x8gf2tvdw0s3jn54khce6mua7l'),
      (bytes, position, character) => {
        const text = formatAddress(bytes);
        fc.pre(text[position] !== character);
        assertRefused(`${text.slice(0, position)}${character}${text.slice(position + 1)}`, /checksum/);
      },
    ),
  );
});

address('hex after 0x may have either case, and has 40 digits', () => {
  const mixed = '0xAbCdEf0123456789aBcDeF0123456789abcdefAB';
  assert.is(toHex(parseAddress(mixed)), mixed.slice(2).toLowerCase());
  assert.is(toHex(parseAddress(mixed.replace('0x', '0X'))), mixed.slice(2).toLowerCase());
  assertRefused('0x', /40 digits after 0x, this one has 0/);
  assertRefused(`0x${'ab'.repeat(19)}`, /has 38/);
  assertRefused(`0x${'ab'.repeat(21)}`, /has 42/);
  assertRefused(`0x${'ab'.repeat(19)}zz`, /only hex digits/);
  assertRefused(`0x${'ab'.repeat(19)} 1`, /only hex digits/);
  assertRefused('ab'.repeat(20), /starts with ait1 or 0x/);
});

address('says what is wrong', () => {
  const words = bech32m.toWords(BYTES);
  assertRefused('', /starts with/);
  assertRefused(bech32m.encode('bc', words), /starts with ait1/);
  assertRefused(` ${TEXT}`, /starts with/);
  assertRefused(`${TEXT} `, /checksum or character/);
  assertRefused(TEXT.slice(0, -1), /mistyped or cut/);
  assertRefused(TEXT.replace('q', 'Q'), /one case/);
  assertRefused(`AIT1${TEXT.slice(4)}`, /one case/);
  assertRefused(bech32.encode('ait', words), /checksum/);
  assertRefused(bech32m.encode('ait', bech32m.toWords(new Uint8Array(19))), /this one has 19/);
  assertRefused(bech32m.encode('ait', bech32m.toWords(new Uint8Array(32))), /this one has 32/);
  assertRefused(bech32m.encode('ait', [...words, 0]), /padding/);
  assertRefused(`ait1${'q'.repeat(100_000)}`, /checksum/);
});

address('a longer prefix that begins with ait1 is another prefix', () => {
  assertRefused(bech32m.encode('ait1x', bech32m.toWords(BYTES)), /prefix of an address is ait/);
});

address('non-zero padding bits are refused', () => {
  // 21 bytes are 168 bits in 34 words of 170: the last two are padding.
  const words = bech32m.toWords(new Uint8Array(21));
  assertRefused(bech32m.encode('ait', [...words.slice(0, -1), 1]), /padding/);
});

address('has a key for maps', () => {
  assert.is(addressKey(fromHex('0a'.repeat(20))), '0a'.repeat(20));
});

address.run();
