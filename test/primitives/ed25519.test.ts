import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { publicKeyOf, sign, verifyStrict } from '../../src/primitives/ed25519.ts';

interface VectorFile {
  cases: { tcId: number; pk: string; msg: string; sig: string; result: 'valid' | 'invalid' }[];
}

const test = suite('ed25519, the portable rule');

for (const name of ['ed25519-wycheproof', 'ed25519-speccheck']) {
  test(`gives the verdicts of ${name}.json`, () => {
    const url = new URL(`../vectors/${name}.json`, import.meta.url);
    const { cases } = JSON.parse(readFileSync(url, 'utf8')) as VectorFile;
    assert.ok(cases.length > 0);
    for (const { tcId, pk, msg, sig, result } of cases) {
      const verdict = verifyStrict(fromHex(pk), fromHex(msg), fromHex(sig));
      assert.is(verdict, result === 'valid', `case ${tcId}`);
    }
  });
}

test('signs as RFC 8032 §7.1, test 2', () => {
  const seed = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
  const publicKey = publicKeyOf(seed);
  const signature = sign(seed, Uint8Array.of(0x72));
  assert.is(toHex(publicKey), '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
  assert.is(
    toHex(signature),
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  );
  assert.is(verifyStrict(publicKey, Uint8Array.of(0x72), signature), true);
});

test('refuses bytes of a wrong length without an error', () => {
  const seed = new Uint8Array(32).fill(7);
  const message = utf8('message');
  const publicKey = publicKeyOf(seed);
  const signature = sign(seed, message);
  assert.is(verifyStrict(publicKey.subarray(1), message, signature), false);
  assert.is(verifyStrict(publicKey, message, signature.subarray(1)), false);
  assert.is(verifyStrict(publicKey, message, new Uint8Array(65)), false);
  assert.is(verifyStrict(new Uint8Array(0), message, new Uint8Array(0)), false);
});

test('refuses a neutral key and signature, under which any message would pass the equation', () => {
  const neutral = new Uint8Array(32);
  neutral[0] = 1;
  const signature = new Uint8Array(64);
  signature[0] = 1;
  assert.is(verifyStrict(neutral, utf8('anything'), signature), false);
});

test.run();
