// Evidence proves itself: what contradicts what, in one order, with both signatures; and nothing else passes for it.

import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { FINAL, NOTAR, SKIP, VOTE_KINDS, type VoteKind } from '../../src/primitives/consensus.ts';
import {
  EVIDENCE_KINDS,
  Evidence,
  evidenceFault,
  evidenceId,
  evidenceKind,
  proposalPair,
  verifyEvidence,
  votePair,
  votesContradict,
} from '../../src/primitives/evidence.ts';
import { sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import { fromJson } from '../../src/primitives/json.ts';
import { GossipVote } from '../../src/primitives/wire.ts';

interface Vectors {
  genesis_hash: string;
  accepted: { kind: string; json: unknown; ssz: string; id: string }[];
  refused: { why: string; ssz: string }[];
}

const evidence = suite('evidence');
const vectors: Vectors = JSON.parse(readFileSync(new URL('../vectors/evidence.json', import.meta.url), 'utf8'));
const GENESIS_HASH = fromHex(vectors.genesis_hash);

evidence('every kind is proven by its vector, and the order of the messages does not matter to who makes it', () => {
  assert.equal(new Set(vectors.accepted.map(({ kind }) => kind)), new Set(EVIDENCE_KINDS));
  for (const { kind, json, ssz, id } of vectors.accepted) {
    const item = Evidence.deserialize(fromHex(ssz));
    assert.equal(item, fromJson(Evidence, json));
    assert.is(evidenceKind(item), kind);
    assert.is(verifyEvidence(item, GENESIS_HASH), undefined);
    assert.is(toHex(evidenceId(item)), id);
    const { messages } = item;
    const turned =
      messages.selector === 0
        ? votePair(messages.value.second, messages.value.first)
        : proposalPair(messages.value.second, messages.value.first);
    assert.equal(turned, messages);
  }
});

evidence('what proves nothing is refused, with the reason', () => {
  for (const { why, ssz } of vectors.refused) {
    assert.type(verifyEvidence(Evidence.deserialize(fromHex(ssz)), GENESIS_HASH), 'string', why);
  }
});

evidence('of another network it proves nothing', () => {
  const [first] = vectors.accepted;
  const item = Evidence.deserialize(fromHex(first?.ssz ?? ''));
  assert.is(evidenceFault(item), undefined);
  assert.is(verifyEvidence(item, ZERO_HASH), 'a signature does not hold');
});

evidence('a signature that is changed in any byte no longer proves it', () => {
  const ssz = fromHex(vectors.accepted[2]?.ssz ?? '');
  for (const at of [ssz.length - 1, ssz.length - 33, ssz.length - 64]) {
    const changed = ssz.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.is(verifyEvidence(Evidence.deserialize(changed), GENESIS_HASH), 'a signature does not hold');
  }
});

evidence('of all pairs of votes only the three equivocations contradict each other', () => {
  const a = sha256(Uint8Array.of(1));
  const b = sha256(Uint8Array.of(2));
  const votes = VOTE_KINDS.flatMap((_, kind) =>
    (kind === SKIP ? [ZERO_HASH] : [a, b]).map((hash) => ({ kind: kind as VoteKind, hash })),
  );
  for (const one of votes) {
    for (const other of votes) {
      const kinds = new Set([one.kind, other.kind]);
      const same = one.kind === other.kind;
      const expected =
        same && one.hash !== other.hash
          ? one.kind === NOTAR
            ? 'TWO_NOTAR'
            : 'TWO_FINAL'
          : !same && kinds.has(SKIP) && kinds.has(FINAL)
            ? 'SKIP_AND_FINAL'
            : undefined;
      assert.is(votesContradict(one, other), expected);
    }
  }
});

evidence('it travels in a fraction of what a vote message may have', () => {
  for (const { ssz } of vectors.accepted) {
    const value = Evidence.deserialize(fromHex(ssz));
    assert.ok(GossipVote.serialize({ attempt: 0, message: { selector: 2, value } }).length < 350);
  }
});

evidence.run();
