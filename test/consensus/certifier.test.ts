// Votes that add up to certificates, and certificates that are taken in.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Certifier } from '../../src/consensus/certifier.ts';
import { FINAL, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import {
  Bench,
  block1,
  certificate,
  hash1,
  hash2,
  membersOf,
  ofType,
  parts,
  propose,
  vote,
  votesIn,
} from './fixtures.ts';

const certifying = suite('certificates from votes');

certifying('a quorum of NOTARs makes a certificate, sent once, and a FINAL of those who voted for it', () => {
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

certifying('two votes short of a quorum make nothing', () => {
  const bench = new Bench(3);
  bench.give({ type: 'vote', vote: vote(0, NOTAR, 1, hash1) });
  bench.give({ type: 'vote', vote: vote(1, NOTAR, 1, hash1) });
  bench.give({ type: 'vote', vote: vote(1, NOTAR, 1, hash1) });
  assert.is(bench.core.front, 1);
});

certifying('what makes a quorum is weight', () => {
  const members = membersOf(4, [3, 1, 1, 1]);
  const bench = new Bench(3, { members });
  const give = (member: number) =>
    bench.give({ type: 'vote', vote: vote(member, SKIP, 1, undefined, { epoch: 1, members }) });
  for (const member of [1, 2, 3]) give(member);
  assert.is(bench.core.front, 1, 'three of four members weigh three of six');
  give(0);
  assert.is(bench.core.front, 2);
});

certifying(
  'a certificate is durable before it is sent, by members only, and one that settles nothing is neither',
  () => {
    for (const self of [3, undefined]) {
      const shared = parts(self);
      const certifier = new Certifier(shared);
      certifier.onCertificate(certificate(SKIP, 1));
      const done = shared.outputs.splice(0).map(({ type }) => type);
      assert.equal(done, self === undefined ? ['persist', 'event'] : ['persist', 'broadcast', 'event']);
      certifier.onCertificate(certificate(SKIP, 1, undefined, [1, 2, 3]));
      assert.equal(shared.outputs, []);
    }
  },
);

certifying('what the journal held is taken in without being written or sent', () => {
  const shared = parts(3);
  const certifier = new Certifier(shared);
  certifier.keep(certificate(FINAL, 2, hash2));
  assert.equal(
    shared.outputs.map(({ type }) => type),
    ['event'],
  );
  assert.is(shared.slots.lastFinal.slot, 2);
});

certifying.run();
