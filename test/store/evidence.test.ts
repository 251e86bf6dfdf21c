// Evidence in the database: one piece for each offence, a bounded number against one validator, newest first, for good.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/primitives/bytes.ts';
import { FINAL, NOTAR, type VoteKind } from '../../src/primitives/consensus.ts';
import { type Evidence, votePair } from '../../src/primitives/evidence.ts';
import { sha256, ZERO_HASH } from '../../src/primitives/hash.ts';
import { ChainStore } from '../../src/store/chain-store.ts';
import { MAX_PER_VALIDATOR } from '../../src/store/evidence.ts';
import { withTempDir } from '../helpers/temp-dir.ts';

const evidence = suite('evidence store');
const GENESIS = { hash: sha256(Uint8Array.of(9)) };

/** Signed by nobody: the store looks at no signature. */
function make(validator: number, slot: number, kind: VoteKind = NOTAR, signature = 1): Evidence {
  const vote = (hash: number) => ({
    kind,
    hash: sha256(Uint8Array.of(hash)),
    signature: new Uint8Array(64).fill(signature),
  });
  const publicKey = sha256(Uint8Array.of(validator));
  return { epoch: 1, validatorsRoot: ZERO_HASH, publicKey, slot, messages: votePair(vote(1), vote(2)) };
}

const idsOf = (store: ChainStore) => (store.evidence.list(1000) ?? []).map(({ id }) => toHex(id));

evidence('one piece for each offence, kept over a restart', () =>
  withTempDir(async (directory) => {
    const store = await ChainStore.open(directory, GENESIS);
    const first = await store.evidence.put(make(1, 5));
    assert.is(first?.kind, 'TWO_NOTAR');
    assert.not.ok(store.evidence.isWanted(make(1, 5, NOTAR, 2)), 'the same offence with other signatures');
    assert.is(await store.evidence.put(make(1, 5, NOTAR, 2)), undefined);
    const more = await Promise.all(
      [make(1, 5, FINAL), make(1, 6), make(2, 5), make(2, 5)].map((one) => store.evidence.put(one)),
    );
    assert.is(more.filter((record) => record !== undefined).length, 3, 'also when two come at once');
    const before = idsOf(store);
    await store.close();
    const again = await ChainStore.open(directory, GENESIS);
    assert.equal(new Set(idsOf(again)), new Set(before));
    assert.is(again.evidence.size, 4);
    assert.not.ok(again.evidence.isWanted(make(1, 5)));
    await again.close();
  }),
);

evidence('a validator fills its own share and nobody else does', () =>
  withTempDir(async (directory) => {
    const store = await ChainStore.open(directory, GENESIS);
    for (let slot = 1; slot <= MAX_PER_VALIDATOR; slot++) assert.ok(await store.evidence.put(make(1, slot)));
    assert.is(await store.evidence.put(make(1, MAX_PER_VALIDATOR + 1)), undefined);
    assert.ok(await store.evidence.put(make(2, 1)));
    await store.close();
    const again = await ChainStore.open(directory, GENESIS);
    assert.not.ok(again.evidence.isWanted(make(1, MAX_PER_VALIDATOR + 1)), 'after a restart too');
    await again.close();
  }),
);

evidence('newest first, page by page', () =>
  withTempDir(async (directory) => {
    const store = await ChainStore.open(directory, GENESIS);
    for (const slot of [3, 1, 5, 2, 4]) await store.evidence.put(make(1, slot));
    const slots: number[] = [];
    let page = store.evidence.list(2) ?? [];
    while (page.length > 0) {
      slots.push(...page.map(({ evidence: { slot } }) => slot));
      page = store.evidence.list(2, page.at(-1)?.id) ?? [];
    }
    assert.equal(slots, [5, 4, 3, 2, 1]);
    assert.is(store.evidence.list(2, ZERO_HASH), undefined);
    await store.close();
  }),
);

evidence.run();
