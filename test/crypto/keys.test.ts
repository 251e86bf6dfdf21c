import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair, verifyNative } from '../../src/crypto/keys.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { publicKeyOf, sign, verifyStrict } from '../../src/primitives/ed25519.ts';

const test = suite('keys');
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('derives and signs as the portable code does', () => {
  fc.assert(
    fc.property(bytes32, fc.uint8Array({ maxLength: 300 }), (seed, message) => {
      const pair = new KeyPair(seed);
      assert.equal(pair.seed, seed);
      assert.equal(pair.publicKey, publicKeyOf(seed));
      const signature = pair.sign(message);
      assert.equal(signature, sign(seed, message));
      assert.ok(verifyStrict(pair.publicKey, message, signature));
      assert.ok(verifyNative(pair.publicKey, message, signature));
    }),
    { numRuns: 30 },
  );
});

test('generates a new key each time', () => {
  assert.is.not(toHex(KeyPair.generate().publicKey), toHex(KeyPair.generate().publicKey));
});

test('refuses a seed of a wrong length', () => {
  assert.throws(() => new KeyPair(new Uint8Array(31)), /a seed has 32 bytes/);
});

test('does not show its secret when printed or turned into JSON', () => {
  const pair = new KeyPair(new Uint8Array(32).fill(0xab));
  assert.equal(Object.keys(JSON.parse(JSON.stringify(pair))), ['publicKey']);
  assert.not.match(inspect(pair), /171,\s*171|seed|secret/i);
});

test('refuses keys and signatures of a wrong length', () => {
  const pair = KeyPair.generate();
  const message = new Uint8Array(3);
  const signature = pair.sign(message);
  assert.is(verifyNative(pair.publicKey.subarray(1), message, signature), false);
  assert.is(verifyNative(pair.publicKey, message, signature.subarray(1)), false);
  assert.is(verifyNative(pair.publicKey, message, new Uint8Array([...signature, 0])), false);
});

test.run();
