// What a member votes for, and what it never signs: NOTAR, SKIP and FINAL one by one.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Voter } from '../../src/consensus/voter.ts';
import { FINAL, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { baseTimeout } from '../../src/primitives/parameters.ts';
import {
  Bench,
  block1,
  certificate,
  evidenceIn,
  GENESIS_BLOCK_HASH,
  hash1,
  makeBlock,
  NOW,
  ofType,
  PARAMETERS,
  parts,
  propose,
  vote,
  votesIn,
} from './fixtures.ts';

const voting = suite('voting');

voting('a valid proposal of the leader gets one NOTAR, after its block is durable', () => {
  const bench = new Bench(3);
  const outputs = bench.propose(propose(0, 1, 0, block1));
  assert.equal(votesIn(outputs), [], 'not before the block is executed');
  const after = bench.executeAll(outputs);
  assert.equal(votesIn(after), [[NOTAR, 1]]);
  const persisted = after.findIndex((output) => output.type === 'persist' && output.record.selector === 0);
  const signed = after.findIndex((output) => output.type === 'signVote');
  assert.ok(persisted >= 0 && persisted < signed, 'the block is written before the vote is asked for');
});

voting('a second proposal of one slot is evidence and gets no vote', () => {
  const bench = new Bench(3);
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  const other = makeBlock(1, GENESIS_BLOCK_HASH, 0, { stateRoot: sha256(Uint8Array.of(1)) });
  const outputs = bench.propose(propose(0, 1, 0, other));
  assert.equal(evidenceIn(outputs), [['TWO_PROPOSE', 0, 1]]);
  assert.equal(votesIn([...outputs, ...bench.executeAll(outputs)]), []);
});

voting('an invalid block gets no vote', () => {
  const bench = new Bench(3);
  bench.propose(propose(0, 1, 0, block1));
  assert.equal(votesIn(bench.give({ type: 'verdict', hash: hash1, verdict: 'invalid', reason: 'STATE_ROOT' })), []);
});

voting('a block from the future waits for the clock', () => {
  const bench = new Bench(3);
  const ahead = makeBlock(1, GENESIS_BLOCK_HASH, 0, { timestamp: NOW + 5000 });
  const outputs = bench.propose(propose(0, 1, 0, ahead));
  assert.equal(ofType(outputs, 'verify'), []);
  const timer = ofType(outputs, 'setTimer').find(({ timer }) => timer.kind === 'clock');
  assert.is(timer?.delay, 4000);
  bench.now += 4000;
  assert.is(ofType(bench.give({ type: 'timer', timer: { kind: 'clock', slot: 1 } }), 'verify').length, 1);
});

voting('the wait for the clock is bounded', () => {
  const bench = new Bench(3);
  const never = makeBlock(1, GENESIS_BLOCK_HASH, 0, { timestamp: Number.MAX_SAFE_INTEGER });
  const outputs = bench.propose(propose(0, 1, 0, never));
  assert.is(ofType(outputs, 'setTimer').find(({ timer }) => timer.kind === 'clock')?.delay, PARAMETERS.timerCap);
});

voting('after its SKIP a node still votes NOTAR, and never FINAL', () => {
  const bench = new Bench(3);
  assert.equal(votesIn(bench.give({ type: 'timer', timer: { kind: 'slot', slot: 1 } })), [[SKIP, 1]]);
  assert.equal(votesIn(bench.executeAll(bench.propose(propose(0, 1, 0, block1)))), [[NOTAR, 1]]);
  assert.equal(votesIn(bench.certify(certificate(NOTAR, 1, hash1))), []);
});

voting('after its FINAL a node never votes SKIP', () => {
  const bench = new Bench(3);
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  assert.equal(votesIn(bench.certify(certificate(NOTAR, 1, hash1))), [[FINAL, 1]]);
  assert.equal(votesIn(bench.give({ type: 'timer', timer: { kind: 'slot', slot: 1 } })), []);
});

voting('timers grow with the distance from the last Final', () => {
  const bench = new Bench(3);
  const delayOf = (slot: number) =>
    ofType(bench.outputs, 'setTimer').find(({ timer }) => timer.kind === 'slot' && timer.slot === slot)?.delay;
  assert.is(delayOf(1), baseTimeout(PARAMETERS));
  bench.certify(certificate(SKIP, 1));
  assert.is(delayOf(2), baseTimeout(PARAMETERS) * 1.5);
});

voting('a node without a seat signs nothing and waits for nobody, but has proposed blocks executed', () => {
  const bench = new Bench(undefined);
  const outputs = bench.propose(propose(0, 1, 0, block1));
  assert.is(ofType(outputs, 'verify').length, 1);
  bench.executeAll(outputs);
  bench.certify(certificate(NOTAR, 1, hash1));
  assert.equal(votesIn(bench.outputs), []);
  assert.not(ofType(bench.outputs, 'setTimer').some(({ timer }) => timer.kind === 'slot'));
});

voting('the signer is asked again for what it did not sign, and for nothing else', () => {
  const shared = parts(3);
  const voter = new Voter(shared);
  const slot = shared.slots.at(1);
  voter.sign(slot);
  assert.equal(shared.outputs, []);
  voter.onSlotTimer(1);
  shared.outputs.length = 0;
  voter.sign(slot);
  assert.equal(votesIn(shared.outputs.splice(0)), [[SKIP, 1]]);
  slot.addVote(vote(3, SKIP, 1), 1);
  voter.sign(slot);
  voter.onSlotTimer(1);
  assert.equal(shared.outputs, []);
});

voting.run();
