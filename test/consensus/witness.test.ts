// Who is told of, and what stops everything. What messages contradict each other is the slot's to say.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { certificate, evidenceIn, hash1, hash2, ofType, parts, vote } from './fixtures.ts';

const witness = suite('witness');

witness('a vote counts once, and the one that contradicts it is evidence', () => {
  const { witness: one, slots, outputs } = parts(3);
  assert.ok(one.keepVote(slots.at(1), vote(2, NOTAR, 1, hash1)));
  assert.not(one.keepVote(slots.at(1), vote(2, NOTAR, 1, hash1)));
  assert.equal(outputs, []);
  assert.ok(one.keepVote(slots.at(1), vote(2, NOTAR, 1, hash2)));
  assert.equal(evidenceIn(outputs.splice(0)), [['TWO_NOTAR', 2, 1]]);
  one.keepVotes(undefined, [vote(1, NOTAR, 1, hash1)]);
  assert.equal(outputs, [], 'of a slot that is forgotten nothing is kept');
});

witness('conflicting Finals stop everything after those who signed both are named', () => {
  const { witness: one, outputs } = parts(3);
  const finals = [certificate(FINAL, 1, hash1, [0, 1, 2]), certificate(FINAL, 1, hash2, [1, 2, 3])];
  one.haltOnFinals(finals);
  assert.equal(evidenceIn(outputs), [
    ['TWO_FINAL', 1, 1],
    ['TWO_FINAL', 2, 1],
  ]);
  assert.is(outputs.at(-1)?.type, 'halt');
  assert.equal(ofType(outputs, 'halt')[0]?.certificates, finals);
});

witness('the Final of the epoch before, or none, stands for a block that is committed', () => {
  const { witness: one, slots, outputs } = parts(3);
  const before = { ...certificate(FINAL, 9, hash1), epoch: 0 };
  const final = certificate(FINAL, 1, hash2);
  for (const [held, named] of [
    [before, [before, final]],
    [undefined, [final]],
  ] as const) {
    one.haltOnFinals([held, final]);
    assert.equal(ofType(outputs.splice(0), 'halt')[0]?.certificates, named);
  }
  assert.is(slots.get(9), undefined, 'its votes are none of this epoch');
});

witness.run();
