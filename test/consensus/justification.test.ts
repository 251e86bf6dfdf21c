// What a proposal takes to be voted for, and what is asked for when it lacks something.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { attachable, MAX_ATTACHED_BYTES } from '../../src/consensus/justification.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { Certificate, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
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
  parts,
  propose,
  votesIn,
} from './fixtures.ts';

const justified = suite('justification of proposals');

justified('a proposal whose parent is not notarized waits for its certificate', () => {
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

justified('leaving out a slot takes its Skip', () => {
  const bench = new Bench(3);
  const late = makeBlock(1, GENESIS_BLOCK_HASH, 1);
  const parked = bench.propose(propose(1, 2, 0, late));
  assert.equal(votesIn(bench.executeAll(parked)), []);
  assert.equal(votesIn(bench.executeAll(bench.certify(certificate(SKIP, 1)))), [[NOTAR, 2]]);
});

justified('a block of another than the leader gets no vote', () => {
  const bench = new Bench(3);
  const outputs = bench.propose(propose(0, 1, 0, makeBlock(1, GENESIS_BLOCK_HASH, 2)));
  assert.equal(ofType(outputs, 'verify'), []);
});

justified('certificates that are missing below the front are asked for too', () => {
  const bench = new Bench(3);
  bench.certify(certificate(NOTAR, 1, hash1), certificate(SKIP, 2));
  const skipping = bench.propose(propose(2, 3, 0, makeBlock(1, GENESIS_BLOCK_HASH, 2)));
  assert.equal(
    ofType(skipping, 'fetchCertificates').map(({ from, to }) => [from, to]),
    [[1, 2]],
  );
});

justified('a parked proposal of a faulty leader does not keep a lower certificate from being asked for', () => {
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

justified('what is missing is asked for once a front, and again when it is time to', () => {
  const { justification, slots, outputs } = parts(3);
  const asked = () => ofType(outputs.splice(0), 'fetchCertificates').map(({ from, to }) => [from, to]);
  const child = { proposal: propose(1, 2, 1, block2), hash: hash2, hashHex: toHex(hash2) };
  assert.not(justification.holds(child));
  assert.not(justification.holds(child));
  assert.equal(asked(), [[1, 1]]);
  justification.askAgain();
  assert.not(justification.holds(child));
  assert.equal(asked(), [[1, 1]]);
  slots.at(1).setCertificate(certificate(NOTAR, 1, hash1));
  assert.not(justification.holds(child));
  assert.equal(
    outputs.map(({ type }) => type),
    ['fetchBlock'],
    'the certificate is here, the parent is not',
  );
});

justified('as many certificates are attached as fit, the first ones', () => {
  const small = [certificate(SKIP, 1), certificate(SKIP, 2)];
  assert.equal(attachable(small), small);
  const [one] = small as [Certificate, Certificate];
  const signatures = Array.from({ length: 512 }, () => new Uint8Array(64));
  const large = Array.from({ length: 32 }, (_, slot) => ({ ...one, slot, signatures }));
  const attached = attachable(large);
  const bytes = attached.reduce((sum, each) => sum + Certificate.value_serializedSize(each), 0);
  assert.ok(
    bytes <= MAX_ATTACHED_BYTES && bytes + Certificate.value_serializedSize(one) + 512 * 64 > MAX_ATTACHED_BYTES,
  );
  assert.equal(attached, large.slice(0, attached.length));
});

justified.run();
