// Which messages are worth a signature check.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WINDOW } from '../../src/consensus/slots.ts';
import { headerHash } from '../../src/primitives/block.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { FINAL, NOTAR, SKIP } from '../../src/primitives/consensus.ts';
import { sha256 } from '../../src/primitives/hash.ts';
import { Bench, certificate, GENESIS_BLOCK_HASH, hash1, hash2, makeBlock, parts, propose, vote } from './fixtures.ts';

const admission = suite('admission');

admission('votes outside the window and of outsiders are not wanted', () => {
  const { core: one } = new Bench(3);
  assert.is(one.admission.wantsVote(vote(0, NOTAR, 1 + WINDOW, hash1)), true);
  assert.is(one.admission.wantsVote(vote(0, NOTAR, 2 + WINDOW, hash1)), false);
  assert.is(one.admission.wantsVote({ ...vote(0, NOTAR, 1, hash1), member: 4 }), false);
  assert.is(one.admission.wantsVote({ ...vote(0, NOTAR, 1, hash1), epoch: 2 }), false);
});

admission('two proposals of a slot are wanted, and none of a height that its slot does not allow', () => {
  const { admission: one, slots } = parts(3);
  const blocks = [1, 2, 3].map((mark) =>
    makeBlock(1, GENESIS_BLOCK_HASH, 0, { stateRoot: sha256(Uint8Array.of(mark)) }),
  );
  for (const [index, block] of blocks.entries()) {
    const hash = headerHash(block.header);
    const proposal = propose(0, 1, 0, block);
    assert.is(one.wantsProposal(proposal, hash), index < 2);
    slots.at(1).addProposal({ proposal, hash, hashHex: toHex(hash) });
    assert.is(one.wantsProposal(proposal, hash), false, 'once');
  }
  for (const [slot, wanted] of [
    [2, false],
    [3, true],
  ] as const) {
    const high = makeBlock(3, hash2, 2);
    assert.is(one.wantsProposal(propose(2, slot, slot - 1, high), headerHash(high.header)), wanted);
  }
});

admission('a certificate settles what is open: once, in the window, or anywhere when it is a Final', () => {
  const { admission: one, slots } = parts(3);
  const notar = certificate(NOTAR, 1, hash1);
  assert.ok(one.settles(notar));
  slots.at(1).setCertificate(notar);
  assert.not(one.settles(notar));
  assert.ok(one.settles(certificate(SKIP, 1)), 'a slot may have both');
  assert.not(one.settles({ ...certificate(SKIP, 1), epoch: 2 }));
  const beyond = slots.front + WINDOW + 1;
  assert.ok(one.settles(certificate(SKIP, beyond - 1)));
  assert.not(one.settles(certificate(SKIP, beyond)));
  assert.ok(one.settles(certificate(FINAL, beyond, hash2)));
  const final = certificate(FINAL, beyond, hash2);
  slots.finalize({ slot: beyond, hash: hash2, certificate: final });
  assert.not(one.settles(certificate(SKIP, beyond - 1)), 'what is below a Final is settled');
  assert.not(one.settles(final));
  assert.ok(one.settles(certificate(FINAL, beyond, hash1)), 'a conflict settles that something is wrong');
});

admission('a vote is held while its slot is open, and remembered after that', () => {
  const { admission: one, slots } = parts(3);
  const given = vote(0, NOTAR, 1, hash1);
  slots.at(1).addVote(given, 1);
  assert.ok(one.holdsVote(given));
  assert.not(one.holdsVote({ ...given, signature: new Uint8Array(64) }), 'another signature');
  assert.not(one.wantsVote(given));
  slots.finalize({ slot: 1, hash: hash1, certificate: certificate(FINAL, 1, hash1) });
  assert.not(one.holdsVote(given));
  assert.ok(one.remembersVote(given));
  assert.not(one.remembersVote({ ...given, epoch: 2 }));
});

admission.run();
