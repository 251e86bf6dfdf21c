// Blocks that are fetched, executed and tried again.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BEHIND_DEPTH } from '../../src/consensus/block-tree.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import {
  Bench,
  block1,
  block2,
  certificate,
  GENESIS_BLOCK_HASH,
  hash1,
  hash2,
  makeBlock,
  ofType,
  propose,
} from './fixtures.ts';

const executing = suite('execution of blocks');

executing('a Final of a block that was never seen is fetched, with its parent', () => {
  const bench = new Bench(3);
  const [wanted] = ofType(bench.certify(certificate(FINAL, 2, hash2)), 'fetchBlock');
  assert.equal(wanted?.hash, hash2);
  const [parent] = ofType(bench.give({ type: 'block', hash: hash2, block: block2 }), 'fetchBlock');
  assert.equal(parent?.hash, hash1);
  const outputs = bench.executeAll(bench.give({ type: 'block', hash: hash1, block: block1 }));
  assert.is(ofType(outputs, 'finalize').length, 1);
});

executing('a block that was not asked for is not taken', () => {
  const bench = new Bench(3);
  bench.give({ type: 'block', hash: hash1, block: block1 });
  assert.is(bench.core.block(Buffer.from(hash1).toString('hex')), undefined);
});

executing('a Final a few blocks above the chain is fetched block by block, and in ranges too beyond that', () => {
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

executing('a Final far above the chain asks for catching up', () => {
  const bench = new Bench(3);
  const far = makeBlock(500, hash1, 1);
  bench.certify(certificate(FINAL, 400, headerHash(far.header)));
  const outputs = bench.give({ type: 'block', hash: headerHash(far.header), block: far });
  assert.is(ofType(outputs, 'behind').length, 1);
  assert.equal(ofType(bench.give({ type: 'transactions' }), 'behind'), [], 'not with every step');
  assert.is(ofType(bench.give({ type: 'timer', timer: { kind: 'resend' } }), 'behind').length, 1);
});

executing('a missing block is asked for again although others go on', () => {
  const bench = new Bench(3);
  bench.certify(certificate(FINAL, 1, hash1));
  bench.give({ type: 'timer', timer: { kind: 'resend' } });
  bench.certify(certificate(FINAL, 2, hash2));
  const [first, second] = ofType(bench.give({ type: 'timer', timer: { kind: 'resend' } }), 'fetchBlock');
  assert.equal([first?.hash, second?.hash], [hash1, hash2]);
});

executing('a block that can not be executed for now is tried again', () => {
  const bench = new Bench(3);
  bench.propose(propose(0, 1, 0, block1));
  bench.certify(certificate(NOTAR, 1, hash1));
  assert.equal(ofType(bench.give({ type: 'verdict', hash: hash1, verdict: 'postponed' }), 'verify'), []);
  assert.is(ofType(bench.give({ type: 'timer', timer: { kind: 'resend' } }), 'verify').length, 1);
});

executing('a certified block at the height of a committed one is fetched once', () => {
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

executing.run();
