// What is sent, signed and asked for again while nothing moves.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Proposer } from '../../src/consensus/proposer.ts';
import { MAX_ROUND_BYTES, Resender } from '../../src/consensus/resend.ts';
import { Voter } from '../../src/consensus/voter.ts';
import { Certificate, FINAL, SKIP } from '../../src/primitives/consensus.ts';
import {
  Bench,
  block1,
  certificate,
  GENESIS_BLOCK_HASH,
  hash1,
  instance,
  ofType,
  parts,
  vote,
  votesIn,
} from './fixtures.ts';

const resending = suite('sending again');

resending('a stalled node sends again what others may have missed', () => {
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

resending('what the signer would not sign at the front it is asked for again while nothing moves', () => {
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

resending('a round has a bounded number of bytes, and the next one goes on where it ended', () => {
  const shared = parts(3);
  const { slots, outputs } = shared;
  const resender = new Resender({ ...shared, proposer: new Proposer(shared), voter: new Voter(shared) });
  const signatures = Array.from({ length: 512 }, () => new Uint8Array(64));
  const all = Array.from({ length: 20 }, (_, index) => index + 1);
  for (const slot of all.toReversed()) slots.at(slot).setCertificate({ ...certificate(SKIP, slot), signatures });
  const round = () => {
    resender.onTimer();
    return ofType(outputs.splice(0), 'broadcast').flatMap(({ message }) =>
      message.kind === 'certificate' ? [message.certificate] : [],
    );
  };
  assert.equal(round(), [], 'not before a whole interval without a Final');
  const rounds = [round(), round(), round()];
  for (const certificates of rounds) {
    const bytes = certificates.reduce((sum, each) => sum + Certificate.value_serializedSize(each), 0);
    assert.ok(bytes > 0 && bytes <= MAX_ROUND_BYTES);
  }
  const sent = rounds.flat().map(({ slot }) => slot);
  assert.equal(
    sent,
    [...all, ...all].slice(0, sent.length),
    'from the lowest slot, and from the first again after the last',
  );
  assert.ok(sent.length > all.length);
});

resending('who has no seat sends nothing but the Final that ended the epoch before, until this one has a Final', () => {
  const boundary = certificate(FINAL, 9, GENESIS_BLOCK_HASH);
  const { anchor } = instance(undefined);
  const bench = new Bench(undefined, { anchor: { ...anchor, certificate: boundary } });
  const again = () => {
    const outputs = bench.give({ type: 'timer', timer: { kind: 'resend' } });
    return ofType(outputs, 'broadcast').map(({ message }) => message);
  };
  bench.certify(certificate(SKIP, 1));
  again();
  assert.equal(again(), [{ kind: 'certificate', certificate: boundary }]);
  bench.certify(certificate(FINAL, 2, hash1));
  again();
  assert.equal(again(), []);
});

resending.run();
