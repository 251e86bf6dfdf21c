// The rules of the consensus core, one by one. What they add up to is the simulator's to show.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BEHIND_DEPTH } from '../../src/consensus/block-tree.ts';
import { WINDOW } from '../../src/consensus/slots.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { FINAL, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { baseTimeout } from '../../src/primitives/parameters.ts';
import {
  Bench,
  certificate,
  evidenceIn,
  GENESIS_BLOCK_HASH,
  makeBlock,
  NOW,
  ofType,
  PARAMETERS,
  propose,
  vote,
  votesIn,
} from './fixtures.ts';

const core = suite('consensus core');

/** With equal weights the leaders take turns by index: slot 1 is member 0's. */
const block1 = makeBlock(1, GENESIS_BLOCK_HASH, 0);
const hash1 = headerHash(block1.header);
const block2 = makeBlock(2, hash1, 1);
const hash2 = headerHash(block2.header);

core('a valid proposal of the leader gets one NOTAR, after its block is durable', () => {
  const bench = new Bench(3);
  const outputs = bench.propose(propose(0, 1, 0, block1));
  assert.equal(votesIn(outputs), [], 'not before the block is executed');
  const after = bench.executeAll(outputs);
  assert.equal(votesIn(after), [[NOTAR, 1]]);
  const persisted = after.findIndex((output) => output.type === 'persist' && output.record.selector === 0);
  const signed = after.findIndex((output) => output.type === 'signVote');
  assert.ok(persisted >= 0 && persisted < signed, 'the block is written before the vote is asked for');
});

core('a second proposal of one slot is evidence and gets no vote', () => {
  const bench = new Bench(3);
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  const other = makeBlock(1, GENESIS_BLOCK_HASH, 0, { stateRoot: sha256(Uint8Array.of(1)) });
  const outputs = bench.propose(propose(0, 1, 0, other));
  assert.equal(evidenceIn(outputs), [['TWO_PROPOSE', 0, 1]]);
  assert.equal(votesIn([...outputs, ...bench.executeAll(outputs)]), []);
});

core('what is held is counted, and let go when a block is committed', () => {
  const bench = new Bench(3);
  const empty = bench.core.held;
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  bench.give({ type: 'vote', vote: vote(1, NOTAR, 1, hash1) });
  assert.equal(bench.core.held, { slots: 1, votes: 1, proposals: 1, blocks: 1, wanted: 0 });
  bench.give({ type: 'certificate', certificate: certificate(FINAL, 1, hash1) });
  bench.give({ type: 'committed', hash: hash1 });
  const { votes, proposals, blocks } = bench.core.held;
  assert.equal([votes, proposals, blocks], [empty.votes, empty.proposals, empty.blocks]);
});

core('an invalid block gets no vote', () => {
  const bench = new Bench(3);
  bench.propose(propose(0, 1, 0, block1));
  assert.equal(votesIn(bench.give({ type: 'verdict', hash: hash1, verdict: 'invalid', reason: 'STATE_ROOT' })), []);
});

core('a proposal whose parent is not notarized waits for its certificate', () => {
  const bench = new Bench(3);
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  const parked = bench.propose(propose(1, 2, 1, block2));
  assert.equal(ofType(parked, 'verify'), []);
  assert.equal(
    ofType(parked, 'fetchCertificates').map(({ from, to }) => [from, to]),
    [[1, 1]],
  );
  const outputs = bench.certify(certificate(NOTAR, 1, hash1));
  assert.equal(votesIn(bench.executeAll(outputs)), [[NOTAR, 2]]);
});

core('leaving out a slot takes its Skip', () => {
  const bench = new Bench(3);
  const late = makeBlock(1, GENESIS_BLOCK_HASH, 1);
  const parked = bench.propose(propose(1, 2, 0, late));
  assert.equal(votesIn(bench.executeAll(parked)), []);
  assert.equal(votesIn(bench.executeAll(bench.certify(certificate(SKIP, 1)))), [[NOTAR, 2]]);
});

core('a block of another than the leader gets no vote', () => {
  const bench = new Bench(3);
  const outputs = bench.propose(propose(0, 1, 0, makeBlock(1, GENESIS_BLOCK_HASH, 2)));
  assert.equal(ofType(outputs, 'verify'), []);
});

core('a block from the future waits for the clock', () => {
  const bench = new Bench(3);
  const ahead = makeBlock(1, GENESIS_BLOCK_HASH, 0, { timestamp: NOW + 5000 });
  const outputs = bench.propose(propose(0, 1, 0, ahead));
  assert.equal(ofType(outputs, 'verify'), []);
  const timer = ofType(outputs, 'setTimer').find(({ timer }) => timer.kind === 'clock');
  assert.is(timer?.delay, 4000);
  bench.now += 4000;
  assert.is(ofType(bench.give({ type: 'timer', timer: { kind: 'clock', slot: 1 } }), 'verify').length, 1);
});

core('the wait for the clock is bounded', () => {
  const bench = new Bench(3);
  const never = makeBlock(1, GENESIS_BLOCK_HASH, 0, { timestamp: Number.MAX_SAFE_INTEGER });
  const outputs = bench.propose(propose(0, 1, 0, never));
  assert.is(ofType(outputs, 'setTimer').find(({ timer }) => timer.kind === 'clock')?.delay, PARAMETERS.timerCap);
});

core('certificates that are missing below the front are asked for too', () => {
  const bench = new Bench(3);
  bench.certify(certificate(NOTAR, 1, hash1), certificate(SKIP, 2));
  const skipping = bench.propose(propose(2, 3, 0, makeBlock(1, GENESIS_BLOCK_HASH, 2)));
  assert.equal(
    ofType(skipping, 'fetchCertificates').map(({ from, to }) => [from, to]),
    [[1, 2]],
  );
});

core('a quorum of NOTARs makes a certificate, sent once, and a FINAL of those who voted for it', () => {
  const bench = new Bench(3);
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  bench.give({ type: 'vote', vote: vote(3, NOTAR, 1, hash1) });
  bench.give({ type: 'vote', vote: vote(0, NOTAR, 1, hash1) });
  const outputs = bench.give({ type: 'vote', vote: vote(1, NOTAR, 1, hash1) });
  const sent = ofType(outputs, 'broadcast').flatMap(({ message }) => (message.kind === 'certificate' ? [message] : []));
  assert.is(sent.length, 1);
  assert.equal(votesIn(outputs), [[FINAL, 1]]);
  assert.is(bench.core.front, 2);
  assert.equal(ofType(bench.give({ type: 'vote', vote: vote(2, NOTAR, 1, hash1) }), 'broadcast'), []);
});

core('two votes short of a quorum make nothing', () => {
  const bench = new Bench(3);
  bench.give({ type: 'vote', vote: vote(0, NOTAR, 1, hash1) });
  bench.give({ type: 'vote', vote: vote(1, NOTAR, 1, hash1) });
  bench.give({ type: 'vote', vote: vote(1, NOTAR, 1, hash1) });
  assert.is(bench.core.front, 1);
});

core('after its SKIP a node still votes NOTAR, and never FINAL', () => {
  const bench = new Bench(3);
  assert.equal(votesIn(bench.give({ type: 'timer', timer: { kind: 'slot', slot: 1 } })), [[SKIP, 1]]);
  assert.equal(votesIn(bench.executeAll(bench.propose(propose(0, 1, 0, block1)))), [[NOTAR, 1]]);
  assert.equal(votesIn(bench.certify(certificate(NOTAR, 1, hash1))), []);
});

core('after its FINAL a node never votes SKIP', () => {
  const bench = new Bench(3);
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  assert.equal(votesIn(bench.certify(certificate(NOTAR, 1, hash1))), [[FINAL, 1]]);
  assert.equal(votesIn(bench.give({ type: 'timer', timer: { kind: 'slot', slot: 1 } })), []);
});

core('a Final commits the block and its ancestors once they are executed', () => {
  const bench = new Bench(3);
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  bench.certify(certificate(NOTAR, 1, hash1));
  const second = bench.propose(propose(1, 2, 1, block2));
  const early = bench.certify(certificate(FINAL, 2, hash2));
  assert.equal(ofType(early, 'finalize'), [], 'not before it is executed');
  const [finalize] = ofType(bench.executeAll(second), 'finalize');
  assert.equal(finalize?.hash, hash2);
  assert.is(bench.core.lastFinalSlot, 2);
});

core('a Final of a block that was never seen is fetched, with its parent', () => {
  const bench = new Bench(3);
  const [wanted] = ofType(bench.certify(certificate(FINAL, 2, hash2)), 'fetchBlock');
  assert.equal(wanted?.hash, hash2);
  const [parent] = ofType(bench.give({ type: 'block', hash: hash2, block: block2 }), 'fetchBlock');
  assert.equal(parent?.hash, hash1);
  const outputs = bench.executeAll(bench.give({ type: 'block', hash: hash1, block: block1 }));
  assert.is(ofType(outputs, 'finalize').length, 1);
});

core('a block that was not asked for is not taken', () => {
  const bench = new Bench(3);
  bench.give({ type: 'block', hash: hash1, block: block1 });
  assert.is(bench.core.block(Buffer.from(hash1).toString('hex')), undefined);
});

core('a Final a few blocks above the chain is fetched block by block, and in ranges too beyond that', () => {
  for (const [height, behind] of [
    [BEHIND_DEPTH, 0],
    [1 + BEHIND_DEPTH, 1],
  ] as const) {
    const bench = new Bench(3);
    const far = makeBlock(height, hash1, 1);
    bench.certify(certificate(FINAL, height, headerHash(far.header)));
    const outputs = bench.give({ type: 'block', hash: headerHash(far.header), block: far });
    assert.equal(ofType(outputs, 'fetchBlock')[0]?.hash, hash1);
    assert.is(ofType(outputs, 'behind').length, behind);
  }
});

core('a Final far above the chain asks for catching up', () => {
  const bench = new Bench(3);
  const far = makeBlock(500, hash1, 1);
  bench.certify(certificate(FINAL, 400, headerHash(far.header)));
  const outputs = bench.give({ type: 'block', hash: headerHash(far.header), block: far });
  assert.is(ofType(outputs, 'behind').length, 1);
  assert.equal(ofType(bench.give({ type: 'transactions' }), 'behind'), [], 'not with every step');
  assert.is(ofType(bench.give({ type: 'timer', timer: { kind: 'resend' } }), 'behind').length, 1);
});

core('a missing block is asked for again although others go on', () => {
  const bench = new Bench(3);
  bench.certify(certificate(FINAL, 1, hash1));
  bench.give({ type: 'timer', timer: { kind: 'resend' } });
  bench.certify(certificate(FINAL, 2, hash2));
  const [first, second] = ofType(bench.give({ type: 'timer', timer: { kind: 'resend' } }), 'fetchBlock');
  assert.equal([first?.hash, second?.hash], [hash1, hash2]);
});

core('blocks are committed one Final at a time, the newest that is there', () => {
  const bench = new Bench(3);
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  assert.equal(
    ofType(bench.certify(certificate(FINAL, 1, hash1)), 'finalize').map(({ hash }) => hash),
    [hash1],
  );
  bench.executeAll(bench.propose(propose(1, 2, 1, block2)));
  assert.equal(ofType(bench.certify(certificate(FINAL, 2, hash2)), 'finalize'), [], 'the first is under way');
  const next = bench.give({ type: 'committed', hash: hash1 });
  assert.equal(
    ofType(next, 'finalize').map(({ hash }) => hash),
    [hash2],
  );
  assert.equal(
    bench.core.certificates(1, 1).map(({ slot }) => slot),
    [2],
    'what the database has is forgotten, though a newer Final is known',
  );
});

core('a block that can not be executed for now is tried again', () => {
  const bench = new Bench(3);
  bench.propose(propose(0, 1, 0, block1));
  bench.certify(certificate(NOTAR, 1, hash1));
  assert.equal(ofType(bench.give({ type: 'verdict', hash: hash1, verdict: 'postponed' }), 'verify'), []);
  assert.is(ofType(bench.give({ type: 'timer', timer: { kind: 'resend' } }), 'verify').length, 1);
});

core('a block that lost against a committed one stops nothing, unless it is said to be final', () => {
  const bench = new Bench(3);
  bench.propose(propose(0, 1, 0, block1));
  bench.certify(certificate(NOTAR, 1, hash1));
  assert.equal(ofType(bench.give({ type: 'verdict', hash: hash1, verdict: 'lost' }), 'halt'), []);
  assert.is(ofType(bench.certify(certificate(FINAL, 1, hash1)), 'halt').length, 1);
});

core('a certified block at the height of a committed one is fetched once', () => {
  const bench = new Bench(3);
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  bench.certify(certificate(FINAL, 1, hash1));
  bench.give({ type: 'committed', hash: hash1 });
  const rival = makeBlock(1, GENESIS_BLOCK_HASH, 2);
  const hash = headerHash(rival.header);
  assert.is(ofType(bench.certify(certificate(NOTAR, 2, hash)), 'fetchBlock').length, 1);
  assert.equal(ofType(bench.give({ type: 'block', hash, block: rival }), 'fetchBlock'), []);
  assert.is(ofType(bench.certify(certificate(FINAL, 2, hash)), 'halt').length, 1);
});

core('two conflicting Finals stop everything', () => {
  const bench = new Bench(3);
  bench.certify(certificate(FINAL, 5, hash1));
  assert.is(bench.core.wantsCertificate(certificate(FINAL, 5, hash1)), false);
  assert.is(bench.core.wantsCertificate(certificate(FINAL, 5, hash2)), true);
  const [halt] = ofType(bench.certify(certificate(FINAL, 5, hash2)), 'halt');
  assert.is(halt?.certificates.length, 2);
  assert.equal(bench.give({ type: 'timer', timer: { kind: 'resend' } }), []);
});

core('a certified block that does not execute stops everything', () => {
  const bench = new Bench(3);
  bench.propose(propose(0, 1, 0, block1));
  bench.certify(certificate(NOTAR, 1, hash1));
  bench.propose(propose(1, 2, 1, block2));
  const outputs = bench.give({ type: 'verdict', hash: hash1, verdict: 'invalid', reason: 'STATE_ROOT' });
  assert.is(outputs.at(-1)?.type, 'halt', 'and nothing after that');
  assert.equal(bench.give({ type: 'timer', timer: { kind: 'slot', slot: 2 } }), []);
});

core('votes outside the window and of outsiders are not wanted', () => {
  const { core: one } = new Bench(3);
  assert.is(one.wantsVote(vote(0, NOTAR, 1 + WINDOW, hash1)), true);
  assert.is(one.wantsVote(vote(0, NOTAR, 2 + WINDOW, hash1)), false);
  assert.is(one.wantsVote({ ...vote(0, NOTAR, 1, hash1), member: 4 }), false);
  assert.is(one.wantsVote({ ...vote(0, NOTAR, 1, hash1), epoch: 2 }), false);
});

core(
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

core('a parent from the future does not make the next leader late', () => {
  const leader = new Bench(1);
  const ahead = makeBlock(1, GENESIS_BLOCK_HASH, 0, { timestamp: NOW + 1000 });
  leader.executeAll(leader.propose(propose(0, 1, 0, ahead)));
  leader.certify(certificate(NOTAR, 1, headerHash(ahead.header)));
  leader.now += PARAMETERS.blockTime;
  const [build] = ofType(leader.give({ type: 'timer', timer: { kind: 'propose', slot: 2 } }), 'build');
  assert.is(build?.allowEmpty, true);
  assert.is(build?.timestamp, NOW + 1001);
});

core('a leader proposes once, and signs after the block is durable', () => {
  const leader = new Bench(0);
  const outputs = leader.give({ type: 'built', slot: 1, block: { block: block1, hash: hash1 } });
  const persisted = outputs.findIndex((output) => output.type === 'persist' && output.record.selector === 1);
  const signed = outputs.findIndex((output) => output.type === 'signProposal');
  assert.ok(persisted >= 0 && persisted < signed);
  leader.now += 60_000;
  assert.equal(ofType(leader.give({ type: 'transactions' }), 'build'), []);
});

core('a restarted node keeps what it has signed', () => {
  const before = new Bench(3);
  before.executeAll(before.propose(propose(0, 1, 0, block1)));
  before.certify(certificate(NOTAR, 1, hash1));
  const restored = before.outputs.flatMap((output) => (output.type === 'persist' ? [output.record] : []));
  for (const records of [restored, before.core.journal()]) {
    const after = new Bench(3, { restored: records });
    assert.equal(
      votesIn(after.outputs).sort(),
      [
        [NOTAR, 1],
        [FINAL, 1],
      ].sort(),
      'signs the same again',
    );
    assert.is(after.core.front, 2);
    const other = makeBlock(1, GENESIS_BLOCK_HASH, 0, { stateRoot: sha256(Uint8Array.of(9)) });
    assert.equal(votesIn(after.executeAll(after.propose(propose(0, 1, 0, other)))), []);
    assert.equal(votesIn(after.give({ type: 'timer', timer: { kind: 'slot', slot: 1 } })), []);
  }
});

core('nothing is taken in before what the journal holds', () => {
  const before = new Bench(3);
  before.executeAll(before.propose(propose(0, 1, 0, block1)));
  const restored = before.outputs.flatMap((output) => (output.type === 'persist' ? [output.record] : []));
  const after = new Bench(3, { restored }, 'not started');
  const other = makeBlock(1, GENESIS_BLOCK_HASH, 0, { stateRoot: sha256(Uint8Array.of(9)) });
  assert.equal(after.propose(propose(0, 1, 0, other)), []);
  after.give({ type: 'start' });
  after.executeAll(after.outputs);
  assert.equal(
    ofType(after.outputs, 'signVote').map(({ data }) => data.hash),
    [hash1],
  );
});

core('a restarted leader sends the proposal it had made', () => {
  const before = new Bench(0);
  before.give({ type: 'built', slot: 1, block: { block: block1, hash: hash1 } });
  const restored = before.outputs.flatMap((output) => (output.type === 'persist' ? [output.record] : []));
  const after = new Bench(0, { restored });
  assert.is(ofType(after.outputs, 'signProposal')[0]?.data.slot, 1);
  assert.equal(ofType(after.outputs, 'build'), []);
});

core('timers grow with the distance from the last Final', () => {
  const bench = new Bench(3);
  const delayOf = (slot: number) =>
    ofType(bench.outputs, 'setTimer').find(({ timer }) => timer.kind === 'slot' && timer.slot === slot)?.delay;
  assert.is(delayOf(1), baseTimeout(PARAMETERS));
  bench.certify(certificate(SKIP, 1));
  assert.is(delayOf(2), baseTimeout(PARAMETERS) * 1.5);
});

core('a stalled node sends again what others may have missed', () => {
  const bench = new Bench(3);
  bench.give({ type: 'vote', vote: vote(3, SKIP, 1) });
  bench.certify(certificate(SKIP, 1));
  bench.give({ type: 'timer', timer: { kind: 'resend' } });
  const outputs = bench.give({ type: 'timer', timer: { kind: 'resend' } });
  const again = ofType(outputs, 'broadcast').filter((output) => output.again);
  assert.equal(
    again.map(({ message }) => message.kind),
    ['certificate', 'vote'],
  );
});

core('a boundary block is proposed again until it is final, and then the epoch is over', () => {
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

core('a Final above a committed block that it does not descend from stops everything', () => {
  const bench = new Bench(3);
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  bench.certify(certificate(FINAL, 1, hash1));
  bench.give({ type: 'committed', hash: hash1 });
  const rival = makeBlock(2, sha256(Uint8Array.of(5)), 1);
  const child = makeBlock(3, headerHash(rival.header), 2);
  bench.certify(certificate(FINAL, 3, headerHash(child.header)));
  bench.give({ type: 'block', hash: headerHash(child.header), block: child });
  const [halt] = ofType(bench.give({ type: 'block', hash: headerHash(rival.header), block: rival }), 'halt');
  assert.equal(
    halt?.certificates.map(({ slot }) => slot),
    [1, 3],
    'both are kept',
  );
});

core('a notarized block beside a committed one stops nothing, nor does it wait for ever', () => {
  const bench = new Bench(3);
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  bench.certify(certificate(FINAL, 1, hash1));
  bench.give({ type: 'committed', hash: hash1 });
  const rival = makeBlock(2, sha256(Uint8Array.of(5)), 1);
  const hash = headerHash(rival.header);
  bench.certify(certificate(NOTAR, 2, hash));
  const outputs = bench.give({ type: 'block', hash, block: rival });
  assert.equal([...ofType(outputs, 'halt'), ...ofType(outputs, 'verify')], []);
});

core('of two Finals in different slots neither is committed when one does not build on the other', () => {
  const bench = new Bench(3);
  bench.certify(certificate(FINAL, 1, hash1));
  const rival = makeBlock(1, GENESIS_BLOCK_HASH, 1);
  const hash = headerHash(rival.header);
  bench.certify(certificate(FINAL, 2, hash));
  const outputs = bench.executeAll(bench.give({ type: 'block', hash, block: rival }));
  assert.equal(ofType(outputs, 'finalize'), []);
  assert.equal(
    ofType(outputs, 'halt')[0]?.certificates.map(({ slot }) => slot),
    [1, 2],
  );
});

core('a synced block against a held Final of its slot stops everything', () => {
  const bench = new Bench(3);
  bench.certify(certificate(FINAL, 1, hash1));
  const rival = makeBlock(1, GENESIS_BLOCK_HASH, 1);
  const hash = headerHash(rival.header);
  const anchor = { slot: 1, hash, header: rival.header, certificate: certificate(FINAL, 1, hash) };
  assert.is(ofType(bench.give({ type: 'synced', anchor }), 'halt')[0]?.certificates.length, 2);
});

core('what the signer would not sign at the front it is asked for again while nothing moves', () => {
  const bench = new Bench(3);
  assert.equal(votesIn(bench.give({ type: 'timer', timer: { kind: 'slot', slot: 1 } })), [[SKIP, 1]]);
  bench.give({ type: 'timer', timer: { kind: 'resend' } });
  assert.equal(votesIn(bench.give({ type: 'timer', timer: { kind: 'resend' } })), [[SKIP, 1]]);
  bench.give({ type: 'vote', vote: vote(3, SKIP, 1) });
  assert.equal(votesIn(bench.give({ type: 'timer', timer: { kind: 'resend' } })), [], 'not when it has signed');

  const leader = new Bench(0);
  leader.give({ type: 'built', slot: 1, block: { block: block1, hash: hash1 } });
  leader.give({ type: 'timer', timer: { kind: 'resend' } });
  const again = ofType(leader.give({ type: 'timer', timer: { kind: 'resend' } }), 'signProposal');
  assert.equal(
    again.map(({ data }) => data.hash),
    [hash1],
  );
});

core('a parked proposal of a faulty leader does not keep a lower certificate from being asked for', () => {
  const bench = new Bench(3);
  bench.certify(certificate(SKIP, 1), certificate(SKIP, 2), certificate(NOTAR, 3, hash1));
  const ahead = bench.propose(propose(2, 7, 6, makeBlock(3, hash2, 2)));
  assert.is(ofType(ahead, 'fetchCertificates')[0]?.from, 4);
  const missesSkip = bench.propose(propose(3, 4, 0, makeBlock(1, GENESIS_BLOCK_HASH, 3)));
  assert.equal(
    ofType(missesSkip, 'fetchCertificates').map(({ from, to }) => [from, to]),
    [[3, 3]],
  );
  assert.equal(ofType(bench.give({ type: 'transactions' }), 'fetchCertificates'), [], 'once');
});

core('a clock that is set back does not keep a leader from building in its next slot', () => {
  const leader = new Bench(0);
  leader.now += 3_600_000;
  leader.give({ type: 'built', slot: 1, block: undefined });
  leader.now = NOW;
  const outputs = leader.certify(...[1, 2, 3, 4].map((slot) => certificate(SKIP, slot)));
  assert.is(leader.core.front, 5);
  assert.is(ofType(outputs, 'build')[0]?.slot, 5);
});

core('an epoch whose boundary is final is over, however this node has come to it', () => {
  const epochEnd = block1.header.timestamp;
  const anchor = { slot: 1, hash: hash1, header: block1.header, certificate: certificate(FINAL, 1, hash1) };
  const synced = new Bench(3, { epochEnd });
  assert.is(ofType(synced.give({ type: 'synced', anchor }), 'epochEnded').length, 1);
  assert.equal(synced.give({ type: 'timer', timer: { kind: 'slot', slot: 1 } }), []);
});

core('what is held is served: certificates by slot and by block, after the newest Final', () => {
  const bench = new Bench(3);
  bench.certify(certificate(FINAL, 3, hash1), certificate(SKIP, 5), certificate(NOTAR, 5, hash2), certificate(SKIP, 4));
  const { core: one } = bench;
  assert.equal(
    one.certificates(2, 9).map(({ kind, slot }) => [kind, slot]),
    [
      [FINAL, 3],
      [FINAL, 3],
      [SKIP, 4],
      [NOTAR, 5],
      [SKIP, 5],
    ],
  );
  assert.is(one.certificateFor(toHex(hash1))?.kind, FINAL);
  assert.is(one.certificateFor(toHex(hash2))?.kind, NOTAR);
  assert.is(one.certificateFor(toHex(GENESIS_BLOCK_HASH)), undefined);
});

core.run();
