import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { certificateChecks, malformedCertificate } from '../../src/consensus/certificate.ts';
import { FINAL, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import { verifyStrict } from '../../src/primitives/ed25519.ts';
import { sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import { certificate, GENESIS_HASH, MEMBERS, membersOf, vote } from './fixtures.ts';

const certificates = suite('certificates');
const hash = sha256(Uint8Array.of(1));

certificates('hold from signatures alone', () => {
  for (const kind of [NOTAR, SKIP, FINAL] as const) {
    const made = certificate(kind, 9, hash, [3, 0, 2]);
    assert.is(malformedCertificate(made, MEMBERS), undefined);
    const checks = certificateChecks(made, MEMBERS, GENESIS_HASH);
    assert.is(checks.length, 3);
    for (const { publicKey, message, signature } of checks) assert.ok(verifyStrict(publicKey, message, signature));
  }
});

certificates('of another slot, kind, hash or network do not hold', () => {
  const made = certificate(NOTAR, 9, hash);
  const changed = [
    { ...made, slot: 10 },
    { ...made, kind: FINAL },
    { ...made, hash: sha256(hash) },
    { ...made, epoch: 2 },
  ];
  for (const other of changed) {
    const [first] = certificateChecks(other, MEMBERS, GENESIS_HASH);
    assert.not(first && verifyStrict(first.publicKey, first.message, first.signature));
  }
  const [foreign] = certificateChecks(made, MEMBERS, sha256(GENESIS_HASH));
  assert.not(foreign && verifyStrict(foreign.publicKey, foreign.message, foreign.signature));
});

certificates('below a quorum, or malformed, are refused before any signature is checked', () => {
  const made = certificate(NOTAR, 9, hash);
  assert.match(malformedCertificate(certificate(NOTAR, 9, hash, [0, 1]), MEMBERS) ?? '', 'weight 2');
  assert.match(malformedCertificate(made, membersOf(7)) ?? '', 'bitmap');
  assert.match(malformedCertificate({ ...made, slot: 0 }, MEMBERS) ?? '', 'slot 0');
  assert.match(malformedCertificate({ ...made, kind: SKIP }, MEMBERS) ?? '', 'SKIP');
  assert.match(malformedCertificate({ ...made, hash: ZERO_HASH }, MEMBERS) ?? '', 'SKIP');
  assert.match(malformedCertificate({ ...made, signatures: made.signatures.slice(1) }, MEMBERS) ?? '', 'signatures');
});

certificates('count weight, not heads', () => {
  const members = membersOf(4, [4, 1, 1, 1]);
  assert.is(members.quorum, 5);
  const made = certificate(NOTAR, 9, hash, [1, 2, 3]);
  assert.match(malformedCertificate(made, members) ?? '', 'weight 3 below the quorum 5');
  assert.is(malformedCertificate(certificate(NOTAR, 9, hash, [0, 3]), members), undefined);
});

certificates('are the same whoever assembles them from the same votes', () => {
  assert.equal(certificate(NOTAR, 9, hash, [0, 1, 2]), certificate(NOTAR, 9, hash, [2, 1, 0]));
  assert.equal(vote(0, NOTAR, 9, hash), vote(0, NOTAR, 9, hash));
});

certificates.run();
