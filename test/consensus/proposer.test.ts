// When a leader proposes, and what.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { headerHash } from '../../src/primitives/block.ts';
import { FINAL, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import {
  Bench,
  block1,
  block2,
  certificate,
  GENESIS_BLOCK_HASH,
  hash1,
  makeBlock,
  NOW,
  ofType,
  PARAMETERS,
  propose,
  votesIn,
} from './fixtures.ts';

const proposing = suite('proposing');

proposing(
  'the leader proposes at once after genesis, with transactions when the interval has passed, else at the heartbeat',
  () => {
    const leader = new Bench(0);
    assert.is(ofType(leader.outputs, 'build')[0]?.allowEmpty, true);

    const next = new Bench(1);
    next.executeAll(next.propose(propose(0, 1, 0, block1)));
    next.now = block1.header.timestamp + 10;
    const entered = next.certify(certificate(NOTAR, 1, hash1));
    assert.equal(ofType(entered, 'build'), []);
    const timer = ofType(entered, 'setTimer').find(({ timer }) => timer.kind === 'propose');
    assert.is(timer?.delay, PARAMETERS.minBlockInterval - 10);
    next.now = block1.header.timestamp + PARAMETERS.minBlockInterval;
    const tried = next.give({ type: 'timer', timer: { kind: 'propose', slot: 2 } });
    assert.is(ofType(tried, 'build')[0]?.allowEmpty, false);
    const waits = next.give({ type: 'built', slot: 2, block: undefined });
    assert.is(ofType(waits, 'setTimer')[0]?.delay, PARAMETERS.blockTime - PARAMETERS.minBlockInterval);
    const woken = next.give({ type: 'transactions' });
    assert.is(ofType(woken, 'build')[0]?.allowEmpty, false);
  },
);

proposing('a parent from the future does not make the next leader late', () => {
  const leader = new Bench(1);
  const ahead = makeBlock(1, GENESIS_BLOCK_HASH, 0, { timestamp: NOW + 1000 });
  leader.executeAll(leader.propose(propose(0, 1, 0, ahead)));
  leader.certify(certificate(NOTAR, 1, headerHash(ahead.header)));
  leader.now += PARAMETERS.blockTime;
  const [build] = ofType(leader.give({ type: 'timer', timer: { kind: 'propose', slot: 2 } }), 'build');
  assert.is(build?.allowEmpty, true);
  assert.is(build?.timestamp, NOW + 1001);
});

proposing('a leader proposes once, and signs after the block is durable', () => {
  const leader = new Bench(0);
  const outputs = leader.give({ type: 'built', slot: 1, block: { block: block1, hash: hash1 } });
  const persisted = outputs.findIndex((output) => output.type === 'persist' && output.record.selector === 1);
  const signed = outputs.findIndex((output) => output.type === 'signProposal');
  assert.ok(persisted >= 0 && persisted < signed);
  leader.now += 60_000;
  assert.equal(ofType(leader.give({ type: 'transactions' }), 'build'), []);
});

proposing('a boundary block is proposed again until it is final, and then the epoch is over', () => {
  const epochEnd = block1.header.timestamp;
  const bench = new Bench(1, { epochEnd });
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  const early = bench.certify(certificate(NOTAR, 1, hash1));
  assert.equal(ofType(early, 'signProposal'), [], 'not at once: its Final may come');
  const [timer] = ofType(early, 'setTimer').filter((output) => output.timer.kind === 'propose');
  assert.is(timer?.delay, PARAMETERS.blockTime);
  bench.now += PARAMETERS.blockTime;
  const outputs = bench.give({ type: 'timer', timer: { kind: 'propose', slot: 2 } });
  assert.equal(ofType([...early, ...outputs], 'build'), [], 'nothing is built on it');
  assert.equal(ofType(outputs, 'signProposal')[0]?.data.hash, hash1);

  const follower = new Bench(3, { epochEnd });
  follower.executeAll(follower.propose(propose(0, 1, 0, block1)));
  follower.certify(certificate(NOTAR, 1, hash1));
  follower.propose(propose(1, 2, 1, block2));
  assert.equal(votesIn(follower.outputs.filter((output) => output.type === 'signVote' && output.data.slot === 2)), []);
  follower.certify(certificate(SKIP, 2));
  assert.equal(votesIn(follower.executeAll(follower.propose(propose(2, 3, 1, block1)))), []);
  assert.ok(votesIn(follower.outputs).some(([kind, slot]) => kind === NOTAR && slot === 3));
  const done = follower.certify(certificate(FINAL, 3, hash1));
  assert.is(ofType(done, 'finalize').length, 1);
  assert.is(ofType(follower.give({ type: 'committed', hash: hash1 }), 'epochEnded').length, 1);
});

proposing('a clock that is set back does not keep a leader from building in its next slot', () => {
  const leader = new Bench(0);
  leader.now += 3_600_000;
  leader.give({ type: 'built', slot: 1, block: undefined });
  leader.now = NOW;
  const outputs = leader.certify(...[1, 2, 3, 4].map((slot) => certificate(SKIP, slot)));
  assert.is(leader.core.front, 5);
  assert.is(ofType(outputs, 'build')[0]?.slot, 5);
});

proposing.run();
