// What holds is checked once, what does not each time, and nothing passes for something else.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair, verifyNative } from '../../src/crypto/keys.ts';
import { rememberVerified } from '../../src/crypto/verified-signatures.ts';
import { utf8 } from '../../src/primitives/bytes.ts';
import type { SignatureCheck } from '../../src/primitives/signing.ts';

const test = suite('verified signatures');
const key = new KeyPair(new Uint8Array(32).fill(1));
const other = new KeyPair(new Uint8Array(32).fill(2));

function signed(text: string): SignatureCheck {
  const message = utf8(text);
  return { publicKey: key.publicKey, message, signature: key.sign(message) };
}

function setup(max?: number) {
  const asked: number[] = [];
  const verify = rememberVerified(async (checks) => {
    asked.push(checks.length);
    return checks.map(({ publicKey, message, signature }) => verifyNative(publicKey, message, signature));
  }, max);
  return { asked, verify };
}

test('what holds is asked once, in whatever company it comes again', async () => {
  const { asked, verify } = setup();
  const [a, b, c] = [signed('a'), signed('b'), signed('c')];
  assert.equal(await verify([a, b]), [true, true]);
  assert.equal(await verify([b, c, a]), [true, true, true]);
  assert.equal(await verify([c, a, b]), [true, true, true]);
  assert.equal(await verify([]), []);
  assert.equal(asked, [2, 1]);
});

test('what does not hold is asked each time, and verdicts stay in order', async () => {
  const { asked, verify } = setup();
  const good = signed('a');
  const bad = { ...signed('b'), signature: good.signature };
  assert.equal(await verify([bad, good, bad]), [false, true, false]);
  assert.equal(await verify([good, bad]), [true, false]);
  assert.equal(asked, [3, 1]);
});

test('a signature that holds vouches for its own message and key only', async () => {
  const { verify } = setup();
  const good = signed('a');
  await verify([good]);
  assert.equal(await verify([{ ...good, message: utf8('b') }]), [false]);
  assert.equal(await verify([{ ...good, publicKey: other.publicKey }]), [false]);
});

test('so many are remembered and no more; a failure is nobody’s verdict', async () => {
  const { asked, verify } = setup(2);
  const [a, b, c] = [signed('a'), signed('b'), signed('c')];
  await verify([a]);
  await verify([b]);
  await verify([c]);
  await verify([c, b, a]);
  assert.equal(asked, [1, 1, 1, 1]);
  let failing = true;
  const shaky = rememberVerified(async (checks) => {
    if (failing) throw new Error('no workers');
    return checks.map(() => true);
  });
  assert.is(await shaky([a]).catch((error: Error) => error.message), 'no workers');
  failing = false;
  assert.equal(await shaky([a]), [true]);
});

test.run();
