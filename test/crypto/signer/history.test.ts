import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Entry, entryKind, proposalEntry, voteEntry } from '../../../src/crypto/signer/entry.ts';
import { SigningHistory } from '../../../src/crypto/signer/history.ts';
import { FINAL, NOTAR, SKIP } from '../../../src/primitives/consensus.ts';
import { ZERO_HASH } from '../../../src/primitives/hash.ts';

const test = suite('signing history');
const ROOT = new Uint8Array(32).fill(9);

interface Place {
  epoch?: number;
  slot?: number;
}

function block(name: number): Uint8Array {
  return new Uint8Array(32).fill(name);
}

function vote(kind: number, hash: Uint8Array, { epoch = 1, slot = 5 }: Place = {}): Entry {
  return voteEntry({ epoch, validatorsRoot: ROOT, kind, slot, hash });
}

function proposal(hash: Uint8Array, parentSlot = 4): Entry {
  return proposalEntry({ epoch: 1, validatorsRoot: ROOT, slot: 5, hash, parentSlot });
}

function historyOf(...entries: Entry[]): SigningHistory {
  const history = new SigningHistory();
  for (const entry of entries) assert.is(history.admit(entry).kind, 'new');
  return history;
}

function refuses(history: SigningHistory, entry: Entry, rule: RegExp): void {
  const before = history.entries();
  const ruling = history.admit(entry);
  assert.is(ruling.kind, 'refused');
  if (ruling.kind === 'refused') assert.match(ruling.rule, rule);
  assert.equal(history.entries(), before, 'a refusal changes nothing');
}

test('one PROPOSE a slot: another block, parent or validator set is refused, the same is known', () => {
  const history = historyOf(proposal(block(1)));
  assert.is(history.admit(proposal(block(1))).kind, 'known');
  refuses(history, proposal(block(2)), /one PROPOSE a slot/);
  refuses(history, proposal(block(1), 3), /one PROPOSE a slot/);
  refuses(history, { ...proposal(block(1)), validatorsRoot: block(8) }, /one validator set/);
});

test('one NOTAR a slot, also after a SKIP', () => {
  const history = historyOf(vote(SKIP, ZERO_HASH), vote(NOTAR, block(1)));
  assert.is(history.admit(vote(NOTAR, block(1))).kind, 'known');
  refuses(history, vote(NOTAR, block(2)), /one NOTAR a slot/);
  assert.is(history.admit(vote(NOTAR, block(2), { slot: 6 })).kind, 'new');
});

test('SKIP and FINAL never in one slot', () => {
  refuses(historyOf(vote(NOTAR, block(1)), vote(SKIP, ZERO_HASH)), vote(FINAL, block(1)), /no FINAL after SKIP/);
  refuses(historyOf(vote(NOTAR, block(1)), vote(FINAL, block(1))), vote(SKIP, ZERO_HASH), /no SKIP after FINAL/);
});

test('FINAL only for the block of the own NOTAR, and only one', () => {
  refuses(new SigningHistory(), vote(FINAL, block(1)), /my NOTAR/);
  refuses(historyOf(vote(NOTAR, block(1))), vote(FINAL, block(2)), /my NOTAR/);
  refuses(historyOf(vote(NOTAR, block(1), { slot: 4 })), vote(FINAL, block(1)), /my NOTAR/);
  const history = historyOf(vote(NOTAR, block(1)), vote(FINAL, block(1)));
  assert.is(history.admit(vote(FINAL, block(1))).kind, 'known');
});

test('nothing at or below the floor, not even what was signed before', () => {
  const history = historyOf(vote(NOTAR, block(1)), vote(NOTAR, block(2), { slot: 6 }));
  assert.is(history.raiseFloor({ epoch: 1, slot: 5 }), true);
  refuses(history, vote(NOTAR, block(1)), /floor/);
  refuses(history, vote(SKIP, ZERO_HASH, { slot: 4 }), /floor/);
  refuses(history, vote(NOTAR, block(1), { epoch: 0, slot: 99 }), /floor/);
  assert.is(history.admit(vote(NOTAR, block(2), { slot: 6 })).kind, 'known');
  assert.is(history.admit(vote(NOTAR, block(3), { epoch: 2, slot: 1 })).kind, 'new');
});

test('the floor never falls', () => {
  const history = new SigningHistory();
  history.raiseFloor({ epoch: 2, slot: 3 });
  assert.is(history.raiseFloor({ epoch: 1, slot: 100 }), false);
  assert.is(history.raiseFloor({ epoch: 2, slot: 3 }), false);
  assert.equal(history.floor, { epoch: 2, slot: 3 });
});

test('what makes no sense is refused: slot 0, a SKIP of a block, an unknown kind, bad numbers and lengths', () => {
  const history = new SigningHistory();
  refuses(history, vote(NOTAR, block(1), { slot: 0 }), /slot 0/);
  refuses(history, vote(SKIP, block(1)), /hash is zero/);
  refuses(history, vote(3, block(1)), /nothing to sign/);
  refuses(history, vote(NOTAR, block(1), { slot: Number.NaN }), /whole numbers/);
  refuses(history, vote(NOTAR, block(1), { epoch: 1.5 }), /whole numbers/);
  refuses(history, vote(NOTAR, block(1), { slot: 2 ** 60 }), /whole numbers/);
  refuses(history, vote(NOTAR, new Uint8Array(31)), /32 bytes/);
});

test('keeps its own copy of what was signed', () => {
  const hash = block(1);
  const history = historyOf(vote(NOTAR, hash));
  hash.fill(2);
  refuses(history, vote(NOTAR, hash), /one NOTAR a slot/);
});

const request = fc.oneof(
  fc.record({ what: fc.constant('floor' as const), epoch: fc.nat(1), slot: fc.nat(3) }),
  fc.record({
    what: fc.constantFrom('propose' as const, NOTAR, SKIP, FINAL),
    epoch: fc.nat(1),
    slot: fc.nat(4),
    hash: fc.nat(2),
    parentSlot: fc.nat(1),
  }),
);

test('no order of requests yields evidence, and a history rebuilt from its entries rules the same', () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
      let history = new SigningHistory();
      const signed: Entry[] = [];
      for (const asked of requests) {
        if (asked.what === 'floor') {
          history.raiseFloor(asked);
          history = rebuilt(history);
          continue;
        }
        const { epoch, slot, parentSlot } = asked;
        const hash = block(asked.hash);
        const entry =
          asked.what === 'propose'
            ? proposalEntry({ epoch, validatorsRoot: ROOT, slot, hash, parentSlot })
            : vote(asked.what, hash, { epoch, slot });
        const expected = rebuilt(history).admit(entry);
        const ruling = history.admit(entry);
        assert.equal(ruling, expected);
        if (ruling.kind !== 'refused') signed.push(entry);
      }
      for (const a of signed) for (const b of signed) assert.not.ok(isEvidence(a, b));
    }),
    { numRuns: 300 },
  );
});

/** docs/protocol.md §7, Evidence. */
function isEvidence(a: Entry, b: Entry): boolean {
  if (a.epoch !== b.epoch || a.slot !== b.slot) return false;
  const kinds = [entryKind(a), entryKind(b)];
  if (kinds.includes('SKIP') && kinds.includes('FINAL')) return true;
  const differ = !a.hash.every((byte, i) => byte === b.hash[i]) || a.parentSlot !== b.parentSlot;
  return a.kind === b.kind && differ;
}

function rebuilt(history: SigningHistory): SigningHistory {
  const [floor, ...entries] = history.entries();
  const copy = new SigningHistory();
  if (floor !== undefined) copy.raiseFloor(floor);
  for (const entry of entries) assert.is(copy.admit(entry).kind, 'new');
  return copy;
}

test.run();
