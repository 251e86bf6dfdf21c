import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { concatBytes, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { HASH_BYTES, sha256, sha256Pair, ZERO_HASH } from '../../src/primitives/hash.ts';

const hash = suite('hash');

/** OpenSSL's. */
function reference(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

hash('is SHA-256 (FIPS 180-4 examples)', () => {
  assert.is(toHex(sha256(utf8('abc'))), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.is(toHex(sha256(new Uint8Array(0))), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

hash('agrees with OpenSSL on every length around the block sizes', () => {
  for (let length = 0; length <= 300; length++) {
    const data = Uint8Array.from({ length }, (_, i) => (7 * i + length) & 255);
    assert.is(toHex(sha256(data)), reference(data), `${length} bytes`);
  }
  fc.assert(
    fc.property(fc.integer({ min: 500, max: 70_000 }), (length) => {
      const data = new Uint8Array(length).fill(length & 255);
      assert.is(toHex(sha256(data)), reference(data));
    }),
    { numRuns: 30 },
  );
});

hash('of a pair is the hash of its 64 bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (pair) => {
      assert.is(toHex(sha256Pair(pair)), reference(pair));
    }),
  );
  assert.throws(() => sha256Pair(new Uint8Array(63)));
  assert.throws(() => sha256Pair(new Uint8Array(65)));
});

hash('results do not share memory', () => {
  const first = sha256(utf8('a'));
  const kept = toHex(first);
  const pair = sha256Pair(concatBytes(first, first));
  const keptPair = toHex(pair);
  sha256(utf8('b'));
  sha256Pair(new Uint8Array(64));
  assert.is(toHex(first), kept);
  assert.is(toHex(pair), keptPair);
});

hash('zero hash is 32 zero bytes', () => {
  assert.is(toHex(ZERO_HASH), '00'.repeat(HASH_BYTES));
});

hash.run();
