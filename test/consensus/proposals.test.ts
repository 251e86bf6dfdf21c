// Proposals that are taken in: of others, and this node's own.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Proposals } from '../../src/consensus/proposals.ts';
import { WINDOW } from '../../src/consensus/slots.ts';
import { FINAL } from '../../src/primitives/consensus.ts';
import { block1, certificate, hash1, parts, propose } from './fixtures.ts';

const proposals = suite('proposals');

proposals('the own one goes out when it is signed, and is held like those of others', () => {
  const shared = parts(0);
  const proposal = propose(0, 1, 0, block1);
  new Proposals(shared).onSigned(proposal);
  const [broadcast, event] = shared.outputs;
  assert.equal(broadcast, { type: 'broadcast', message: { kind: 'proposal', proposal }, again: false });
  assert.is(event?.type, 'event');
  assert.equal(
    shared.slots.get(1)?.proposals.map(({ hash }) => hash),
    [hash1],
  );
});

proposals('one outside the window, or of a slot that is final, is neither sent nor held', () => {
  const shared = parts(0);
  const one = new Proposals(shared);
  const beyond = propose(0, shared.slots.front + WINDOW + 1, 0, block1);
  one.onSigned(beyond);
  one.onProposal(beyond, hash1);
  shared.slots.finalize({ slot: 1, hash: hash1, certificate: certificate(FINAL, 1, hash1) });
  one.onSigned(propose(0, 1, 0, block1));
  one.onProposal(propose(0, 1, 0, block1), hash1);
  assert.equal(shared.outputs, []);
  assert.is(shared.blocks.held.blocks, 0);
});

proposals('whoever proposes is not silent', () => {
  const shared = parts(3);
  for (let slot = 1; slot <= shared.silence.horizon; slot++) shared.silence.quorumSigned(slot);
  assert.ok(shared.silence.isSilent(0));
  new Proposals(shared).onProposal(propose(0, 1, 0, block1), hash1);
  assert.not(shared.silence.isSilent(0));
});

proposals.run();
