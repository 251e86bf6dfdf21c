// Passing over leaders that have signed nothing for long: who counts as silent, and how often it may happen.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Silence } from '../../src/consensus/silence.ts';
import { FINAL, SKIP } from '../../src/primitives/consensus.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { Bench, certificate, membersOf, ofType } from './fixtures.ts';

const silence = suite('silent leaders');
const HASH = sha256(Uint8Array.of(1));

/** Slots 1 … count, in which everyone but `silent` signs. */
function heard(size: number, silent: number, count: number): Silence {
  const one = new Silence(membersOf(size));
  for (let slot = 1; slot <= count; slot++) {
    for (let member = 0; member < size; member++) if (member !== silent) one.signed(member);
    one.quorumSigned(slot);
  }
  return one;
}

silence('a member is silent after 2n slots of a quorum without it, and not before', () => {
  assert.is(heard(4, 2, 7).passOver(8, 2, 7), false);
  assert.is(heard(4, 2, 8).passOver(9, 2, 8), true);
  assert.is(heard(4, 2, 8).passOver(9, 1, 8), false, 'another one');
});

silence('one signature is enough to be alive again', () => {
  const one = heard(4, 2, 8);
  assert.is(one.isNews(2), true);
  one.signed(2);
  assert.is(one.isNews(2), false);
  assert.is(one.passOver(9, 2, 8), false);
});

silence('a third of n slots may be passed over, whoever leads them, and more only when n slots are gone', () => {
  const one = heard(7, 2, 14);
  assert.equal(
    [15, 16, 17, 21].map((slot) => one.passOver(slot, 2, 14)),
    [true, true, false, false],
  );
  assert.is(one.passOver(22, 2, 20), true);
  assert.is(heard(2, 1, 100).passOver(101, 1, 100), false, 'a third of two is none');
});

silence('far from the last Final nobody is passed over', () => {
  assert.is(heard(4, 2, 8).passOver(13, 2, 8), false);
});

silence('a slot counts once, however many certificates it has', () => {
  const one = new Silence(membersOf(4));
  for (let count = 0; count < 20; count++) one.quorumSigned(1);
  assert.is(one.passOver(2, 0, 1), false);
});

silence('the timer of a silent leader is over at once, if a Final is near', () => {
  const finals = (last: number) => {
    const bench = new Bench(3);
    for (let slot = 1; slot < 8; slot++)
      bench.certify(certificate(slot === last ? FINAL : SKIP, slot, HASH, [1, 2, 3]));
    const outputs = bench.certify(certificate(last === 8 ? FINAL : SKIP, 8, HASH, [1, 2, 3]));
    return ofType(outputs, 'setTimer').find(({ timer }) => timer.kind === 'slot' && timer.slot === 9)?.delay;
  };
  assert.is(finals(8), 0);
  assert.ok((finals(4) ?? 0) > 0);
});

silence.run();
