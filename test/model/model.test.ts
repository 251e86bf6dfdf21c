// The short form of the model check: the right rules hold in runs that reach what is interesting, and every broken rule
// is found out. `make model` looks longer. The runs' votes also go to the real signer's rules, which must agree.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { voteEntry } from '../../src/crypto/signer/entry.ts';
import { SigningHistory } from '../../src/crypto/signer/history.ts';
import { VOTE_KINDS, type VoteKind } from '../../src/primitives/consensus.ts';
import { HASH_BYTES } from '../../src/primitives/hash.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { INVARIANTS, search } from './quint.ts';
import { readVotes } from './trace.ts';
import { BROKEN, RIGHT, SIGNER_STOPS } from './variants.ts';

const SEED = 1;

const model = suite('model');

for (const [variant, witnesses] of Object.entries(RIGHT)) {
  model(`${variant}: every invariant holds, and not for want of events`, () =>
    withTempDir(async (folder) => {
      const traces = { folder, count: 20 };
      const found = await search({ variant, invariants: INVARIANTS, witnesses, samples: 100, seed: SEED, traces });
      assert.ok(found.holds, found.output);
      const missing = witnesses.filter((witness) => (found.witnessed.get(witness) ?? 0) === 0);
      assert.equal(missing, [], found.output);
      assert.equal(refusals(folder, variant, traces.count), [], 'what the model allows the signer signs');
    }),
  );
}

for (const [variant, invariant] of Object.entries(BROKEN)) {
  model(`${variant}: breaks ${invariant}`, () =>
    withTempDir(async (folder) => {
      const traces = { folder, count: 1 };
      const { holds, output } = await search({ variant, invariants: [invariant], samples: 400, seed: SEED, traces });
      assert.not(holds, output);
      assert.is(refusals(folder, variant, 1).length > 0, SIGNER_STOPS.includes(variant), 'refused by the signer');
    }),
  );
}

/** What the signers of the members refuse of the votes in the written runs. */
function refusals(folder: string, variant: string, runs: number): string[] {
  const files = readdirSync(folder);
  assert.is(files.length, runs);
  return files.flatMap((file) => {
    const votes = readVotes(join(folder, file), variant);
    assert.ok(votes.length > 0);
    const signers = new Map(votes.map(({ member }) => [member, new SigningHistory()]));
    return votes.flatMap(({ kind, slot, block, member }) => {
      const entry = voteEntry({
        epoch: 1,
        validatorsRoot: new Uint8Array(HASH_BYTES),
        kind: VOTE_KINDS.indexOf(kind) as VoteKind,
        slot,
        hash: new Uint8Array(HASH_BYTES).fill(block),
      });
      const ruling = signers.get(member)?.admit(entry);
      return ruling?.kind === 'refused' ? [`member ${member}, ${kind} of slot ${slot}: ${ruling.rule}`] : [];
    });
  });
}

model.run();
