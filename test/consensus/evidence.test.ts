// Whoever contradicts himself is found out, wherever his two messages come from and for a while after the fact; who
// is honest never is.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { REMEMBERED_SLOTS } from '../../src/consensus/slots.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { type Certificate, FINAL, NOTAR, SKIP, type Vote } from '../../src/primitives/consensus.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import {
  Bench,
  certificate,
  evidenceIn,
  GENESIS_BLOCK_HASH,
  makeBlock,
  ofType,
  propose,
  vote,
  votesIn,
} from './fixtures.ts';

const evidence = suite('evidence in consensus');
const block1 = makeBlock(1, GENESIS_BLOCK_HASH, 0);
const hash1 = headerHash(block1.header);
const other1 = makeBlock(1, GENESIS_BLOCK_HASH, 0, { stateRoot: sha256(Uint8Array.of(1)) });
const hash2 = headerHash(other1.header);

const give = (bench: Bench, ...votes: Vote[]) =>
  evidenceIn(votes.flatMap((one) => bench.give({ type: 'vote', vote: one })));
const certify = (bench: Bench, ...certificates: Certificate[]) => evidenceIn(bench.certify(...certificates));

/** A node on which slot 1 with `hash1` is final; its block is committed unless `committed` says otherwise. */
function afterFinal(committed: 'committed' | 'not committed' = 'committed'): Bench {
  const bench = new Bench(3);
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  bench.certify(certificate(NOTAR, 1, hash1), certificate(FINAL, 1, hash1));
  if (committed === 'committed') bench.give({ type: 'committed', hash: hash1 });
  return bench;
}

evidence('votes of one slot: every pair that contradicts, and none that does not', () => {
  const bench = new Bench(3);
  assert.equal(give(bench, vote(0, NOTAR, 1, hash1), vote(0, NOTAR, 1, hash2)), [['TWO_NOTAR', 0, 1]]);
  assert.equal(give(bench, vote(1, FINAL, 2, hash1), vote(1, FINAL, 2, hash2)), [['TWO_FINAL', 1, 2]]);
  assert.equal(give(bench, vote(0, SKIP, 3), vote(0, FINAL, 3, hash1)), [['SKIP_AND_FINAL', 0, 3]]);
  assert.equal(give(bench, vote(1, FINAL, 3, hash1), vote(1, SKIP, 3)), [['SKIP_AND_FINAL', 1, 3]]);
  assert.equal(give(bench, vote(2, NOTAR, 3, hash1), vote(2, SKIP, 3), vote(2, SKIP, 3)), []);
  assert.equal(give(bench, vote(2, NOTAR, 4, hash1), vote(2, FINAL, 4, hash1)), []);
  assert.equal(give(bench, vote(2, NOTAR, 5, hash1), vote(2, NOTAR, 6, hash2)), [], 'of two slots');
});

evidence('a member that breaks two rules in one slot is told of twice, and then no more', () => {
  const bench = new Bench(3);
  const all = [vote(0, SKIP, 1), vote(0, FINAL, 1, hash1), vote(0, FINAL, 1, hash2)];
  assert.equal(give(bench, ...all), [
    ['SKIP_AND_FINAL', 0, 1],
    ['TWO_FINAL', 0, 1],
  ]);
  assert.equal(give(bench, ...all, vote(0, FINAL, 1, sha256(Uint8Array.of(3)))), []);
});

evidence('two proposals: another block, or the same on another parent slot', () => {
  const one = new Bench(3);
  one.propose(propose(0, 1, 0, block1));
  assert.equal(evidenceIn(one.propose(propose(0, 1, 0, block1))), []);
  assert.equal(evidenceIn(one.propose(propose(0, 1, 0, other1))), [['TWO_PROPOSE', 0, 1]]);

  const two = new Bench(3);
  two.certify(certificate(SKIP, 1), certificate(SKIP, 2));
  const block = makeBlock(1, GENESIS_BLOCK_HASH, 2);
  assert.equal(votesIn(two.executeAll(two.propose(propose(2, 3, 0, block)))), [[NOTAR, 3]]);
  const outputs = two.propose(propose(2, 3, 1, block));
  assert.equal(evidenceIn(outputs), [['TWO_PROPOSE', 2, 3]]);
  assert.equal(votesIn(outputs), []);
});

evidence('a proposal on a wrong parent slot does not keep the right one out', () => {
  const bench = new Bench(3);
  bench.certify(certificate(SKIP, 1), certificate(SKIP, 2));
  const block = makeBlock(1, GENESIS_BLOCK_HASH, 2);
  assert.equal(votesIn(bench.executeAll(bench.propose(propose(2, 3, 1, block)))), []);
  const right = propose(2, 3, 0, block);
  assert.ok(bench.core.admission.wantsProposal(right, headerHash(block.header)));
  assert.equal(votesIn(bench.executeAll(bench.propose(right))), [[NOTAR, 3]]);
});

evidence('a vote against a signature inside a certificate, in either order', () => {
  const one = new Bench(3);
  assert.equal(certify(one, certificate(NOTAR, 1, hash1)), []);
  assert.equal(give(one, vote(2, NOTAR, 1, hash2)), [['TWO_NOTAR', 2, 1]]);

  const two = new Bench(3);
  assert.equal(give(two, vote(1, FINAL, 1, hash1)), []);
  assert.equal(certify(two, certificate(SKIP, 1)), [['SKIP_AND_FINAL', 1, 1]]);
});

evidence('certificates against each other name every member that is in both', () => {
  const one = new Bench(3);
  assert.equal(certify(one, certificate(NOTAR, 1, hash1, [0, 1, 2]), certificate(NOTAR, 1, hash2, [1, 2, 3])), [
    ['TWO_NOTAR', 1, 1],
    ['TWO_NOTAR', 2, 1],
  ]);
  const two = new Bench(3);
  assert.equal(certify(two, certificate(SKIP, 1, undefined, [0, 1, 2]), certificate(FINAL, 1, hash1, [1, 2, 3])), [
    ['SKIP_AND_FINAL', 1, 1],
    ['SKIP_AND_FINAL', 2, 1],
  ]);
});

evidence('a certificate that settles nothing new is looked at only for whom it exposes', () => {
  const bench = new Bench(3);
  give(bench, vote(3, FINAL, 1, hash1));
  bench.certify(certificate(SKIP, 1, undefined, [0, 1, 2]));
  assert.not.ok(bench.core.admission.wantsCertificate(certificate(SKIP, 1, undefined, [0, 1, 2])));
  const exposing = certificate(SKIP, 1, undefined, [0, 1, 3]);
  assert.ok(bench.core.admission.wantsCertificate(exposing));
  assert.not.ok(bench.core.admission.settles(exposing));
  const outputs = bench.certify(exposing);
  assert.equal(evidenceIn(outputs), [['SKIP_AND_FINAL', 3, 1]]);
  assert.equal(ofType(outputs, 'persist'), [], 'it is kept for nothing else');
  assert.equal(ofType(outputs, 'broadcast'), []);
  assert.not.ok(bench.core.admission.wantsCertificate(exposing), 'once');
});

evidence('two Finals of one slot stop consensus, but not before they name who signed both', () => {
  for (const bench of [afterFinal('not committed'), afterFinal()]) {
    const outputs = bench.certify(certificate(FINAL, 1, hash2, [1, 2, 3]));
    assert.equal(evidenceIn(outputs), [
      ['TWO_FINAL', 1, 1],
      ['TWO_FINAL', 2, 1],
    ]);
    assert.is(outputs.at(-1)?.type, 'halt');
  }
});

for (const state of ['not committed', 'committed'] as const) {
  evidence(`what comes after the slot is final, its block ${state}`, () => {
    const bench = afterFinal(state);
    for (const late of [vote(1, NOTAR, 1, hash2), vote(1, SKIP, 1)]) {
      assert.ok(bench.core.admission.wantsVote(late));
      assert.is(give(bench, late).length, 1);
      assert.not.ok(bench.core.admission.wantsVote(late), 'once');
    }
    const proposal = propose(0, 1, 0, other1);
    assert.ok(bench.core.admission.exposesLeader(proposal, hash2));
    assert.equal(evidenceIn(bench.propose(proposal)), [['TWO_PROPOSE', 0, 1]]);
    assert.not.ok(bench.core.admission.exposesLeader(proposal, hash2), 'once');
    const skip = certificate(SKIP, 1, undefined, [0, 1, 2]);
    assert.ok(bench.core.admission.wantsCertificate(skip));
    assert.equal(certify(bench, skip), [
      ['SKIP_AND_FINAL', 0, 1],
      ['SKIP_AND_FINAL', 2, 1],
    ]);
    assert.is(bench.core.block(headerHash(other1.header).toString()), undefined);
  });
}

evidence('what is long past is forgotten', () => {
  const bench = afterFinal();
  const anchorAt = (slot: number) => {
    const { header } = makeBlock(slot, hash1, 0);
    return { slot, hash: headerHash(header), header, certificate: undefined };
  };
  bench.give({ type: 'synced', anchor: anchorAt(REMEMBERED_SLOTS) });
  assert.ok(bench.core.admission.wantsCertificate(certificate(SKIP, 1)));
  bench.give({ type: 'synced', anchor: anchorAt(REMEMBERED_SLOTS + 1) });
  assert.not.ok(bench.core.admission.wantsCertificate(certificate(SKIP, 1)));
  assert.not.ok(bench.core.admission.exposesLeader(propose(0, 1, 0, other1), hash2));
  assert.equal(certify(bench, certificate(SKIP, 1)), []);
});

evidence('what the journal restores counts as seen', () => {
  const bench = new Bench(3, { restored: [{ selector: 3, value: certificate(NOTAR, 1, hash1) }] });
  assert.equal(evidenceIn(bench.outputs), []);
  assert.equal(give(bench, vote(0, NOTAR, 1, hash2)), [['TWO_NOTAR', 0, 1]]);
});

evidence.run();
