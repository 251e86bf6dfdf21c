// The consensus core as a whole: what it holds and serves, and how it starts again. Its rules have tests of their own, and
// what they add up to is the simulator's to show.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/primitives/bytes.ts';
import { FINAL, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import {
  Bench,
  block1,
  certificate,
  GENESIS_BLOCK_HASH,
  hash1,
  hash2,
  makeBlock,
  ofType,
  propose,
  vote,
  votesIn,
} from './fixtures.ts';

const core = suite('consensus core');

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
