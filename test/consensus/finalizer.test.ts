// What becomes of certified blocks: executed, committed, the end of the epoch; and what stops everything.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { headerHash } from '../../src/primitives/block.ts';
import { FINAL, NOTAR } from '../../src/primitives/consensus.ts';
import { sha256 } from '../../src/primitives/hash.ts';
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

const finality = suite('finality');

finality('a Final commits the block and its ancestors once they are executed', () => {
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

finality('blocks are committed one Final at a time, the newest that is there', () => {
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

finality('a block that lost against a committed one stops nothing, unless it is said to be final', () => {
  const bench = new Bench(3);
  bench.propose(propose(0, 1, 0, block1));
  bench.certify(certificate(NOTAR, 1, hash1));
  assert.equal(ofType(bench.give({ type: 'verdict', hash: hash1, verdict: 'lost' }), 'halt'), []);
  assert.is(ofType(bench.certify(certificate(FINAL, 1, hash1)), 'halt').length, 1);
});

finality('two conflicting Finals stop everything', () => {
  const bench = new Bench(3);
  bench.certify(certificate(FINAL, 5, hash1));
  assert.is(bench.core.admission.wantsCertificate(certificate(FINAL, 5, hash1)), false);
  assert.is(bench.core.admission.wantsCertificate(certificate(FINAL, 5, hash2)), true);
  const [halt] = ofType(bench.certify(certificate(FINAL, 5, hash2)), 'halt');
  assert.is(halt?.certificates.length, 2);
  assert.equal(bench.give({ type: 'timer', timer: { kind: 'resend' } }), []);
});

finality('a certified block that does not execute stops everything', () => {
  const bench = new Bench(3);
  bench.propose(propose(0, 1, 0, block1));
  bench.certify(certificate(NOTAR, 1, hash1));
  bench.propose(propose(1, 2, 1, block2));
  const outputs = bench.give({ type: 'verdict', hash: hash1, verdict: 'invalid', reason: 'STATE_ROOT' });
  assert.is(outputs.at(-1)?.type, 'halt', 'and nothing after that');
  assert.equal(bench.give({ type: 'timer', timer: { kind: 'slot', slot: 2 } }), []);
});

finality('a Final above a committed block that it does not descend from stops everything', () => {
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

finality('a notarized block beside a committed one stops nothing, nor does it wait for ever', () => {
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

finality('of two Finals in different slots neither is committed when one does not build on the other', () => {
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

finality('a synced block against a held Final of its slot stops everything', () => {
  const bench = new Bench(3);
  bench.certify(certificate(FINAL, 1, hash1));
  const rival = makeBlock(1, GENESIS_BLOCK_HASH, 1);
  const hash = headerHash(rival.header);
  const anchor = { slot: 1, hash, header: rival.header, certificate: certificate(FINAL, 1, hash) };
  assert.is(ofType(bench.give({ type: 'synced', anchor }), 'halt')[0]?.certificates.length, 2);
});

finality('an epoch whose boundary is final is over, however this node has come to it', () => {
  const epochEnd = block1.header.timestamp;
  const anchor = { slot: 1, hash: hash1, header: block1.header, certificate: certificate(FINAL, 1, hash1) };
  const synced = new Bench(3, { epochEnd });
  assert.is(ofType(synced.give({ type: 'synced', anchor }), 'epochEnded').length, 1);
  assert.equal(synced.give({ type: 'timer', timer: { kind: 'slot', slot: 1 } }), []);
});

finality('an epoch ends when its boundary is final, be it committed or not', () => {
  const epochEnd = block2.header.timestamp;
  const bench = new Bench(3, { epochEnd });
  bench.executeAll(bench.propose(propose(0, 1, 0, block1)));
  bench.certify(certificate(NOTAR, 1, hash1), certificate(FINAL, 1, hash1));
  assert.is(bench.core.isEnding, false);
  bench.propose(propose(1, 2, 1, block2));
  bench.certify(certificate(NOTAR, 2, hash2));
  assert.is(bench.core.isEnding, false, 'notarized');
  bench.certify(certificate(FINAL, 2, hash2));
  assert.is(bench.core.isEnding, true);
});

finality.run();
