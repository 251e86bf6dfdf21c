// Each invariant of the simulator is broken by a history made by hand, and notices it; the same history without the
// fault passes. An invariant that can't fail proves nothing.

import { SerializedList } from '@chainsafe/ssz';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Block, type Header, headerHash } from '../../src/primitives/block.ts';
import { concatBytes } from '../../src/primitives/bytes.ts';
import {
  BitArray,
  type Certificate,
  FINAL,
  NOTAR,
  proposalSigningBytes,
  SKIP,
  type Vote,
  type VoteKind,
  voteSigningBytes,
} from '../../src/primitives/consensus.ts';
import { type Hash, sha256, sha256Pair, ZERO_HASH } from '../../src/primitives/hash.ts';
import { CertificateRules } from './invariants/certificates.ts';
import { ChainRules, type CommittedBlock } from './invariants/chain.ts';
import { CopyRule } from './invariants/copies.ts';
import { EvidenceRule } from './invariants/evidence.ts';
import { Law } from './invariants/law.ts';
import { MemoryRule } from './invariants/memory.ts';
import { ProgressRule } from './invariants/progress.ts';
import { SignatureRules } from './invariants/signatures.ts';
import { TrafficRules } from './invariants/traffic.ts';
import { InvariantViolation, type Rule } from './invariants/violation.ts';
import { GENESIS_HASH, holds, publicKeyOf, sign } from './keys.ts';

const ROOT = sha256(Uint8Array.of(1));
const A = sha256(Uint8Array.of(2));
const B = sha256(Uint8Array.of(3));
/** The last of four, which turn in the order of their indexes, is faulty. */
const FAULTY = 3;

const validators = [0, 1, 2, 3].map((member) => ({
  publicKey: publicKeyOf(member),
  address: address(member),
  weight: 1,
}));
const law = new Law({
  validators,
  validatorsRoot: ROOT,
  genesisHash: GENESIS_HASH,
  isHonest: (member) => member !== FAULTY,
  epochDuration: Number.POSITIVE_INFINITY,
  verify: holds,
});
/** Of every epoch. */
const lawOf = () => law;

const invariants = suite('invariants of the simulator');

invariants('a quorum is more than two thirds of the weight, whoever is named twice', () => {
  assert.ok(law.isQuorum([0, 1, 2]));
  assert.not(law.isQuorum([0, 1, 1]));
  const heavy = new Law({
    ...law,
    validators: validators.map((one, index) => ({ ...one, weight: index === 0 ? 6 : 1 })),
  });
  assert.not(heavy.isQuorum([0]), 'six of nine are two thirds');
  assert.ok(heavy.isQuorum([0, 1]));
});

invariants('turns come by weight', () => {
  const weighted = new Law({ ...law, validators: validators.map((one, index) => ({ ...one, weight: index + 1 })) });
  const leaders = Array.from({ length: 10 }, (_, index) => weighted.leader(index + 1));
  assert.equal(
    [0, 1, 2, 3].map((member) => leaders.filter((leader) => leader === member).length),
    [1, 2, 3, 4],
  );
  assert.is(weighted.leader(11), leaders[0]);
});

// --- signatures ----------------------------------------------------------------------------------------------------

const contradictions: [string, [VoteKind, Hash][]][] = [
  [
    'two NOTAR',
    [
      [NOTAR, A],
      [NOTAR, B],
    ],
  ],
  [
    'two FINAL',
    [
      [NOTAR, A],
      [FINAL, A],
      [FINAL, B],
    ],
  ],
  [
    'SKIP, then FINAL',
    [
      [NOTAR, A],
      [SKIP, ZERO_HASH],
      [FINAL, A],
    ],
  ],
  [
    'FINAL, then SKIP',
    [
      [NOTAR, A],
      [FINAL, A],
      [SKIP, ZERO_HASH],
    ],
  ],
  [
    'FINAL, then NOTAR for another block',
    [
      [FINAL, A],
      [NOTAR, B],
    ],
  ],
  [
    'FINAL for another block',
    [
      [NOTAR, A],
      [FINAL, B],
    ],
  ],
];

for (const [name, votes] of contradictions) {
  invariants(`${name} of an honest member is noticed, of a faulty one not`, () => {
    const rules = new SignatureRules(lawOf);
    const votesOf = (member: number) => {
      for (const [kind, hash] of votes) rules.vote(member, vote(member, kind, 1, hash));
    };
    votesOf(FAULTY);
    breaks('double signature', () => votesOf(0));
  });
}

invariants('votes that go together pass: sent twice, NOTAR after SKIP, other slots', () => {
  const rules = new SignatureRules(lawOf);
  for (const one of [vote(0, SKIP, 1), vote(0, NOTAR, 1, A), vote(0, NOTAR, 1, A)]) rules.vote(0, one);
  for (const one of [vote(0, NOTAR, 2, B), vote(0, FINAL, 2, B)]) rules.vote(0, one);
});

invariants('a vote in the name of somebody else, or with a spoilt signature, is noticed', () => {
  const rules = new SignatureRules(lawOf);
  breaks('double signature', () => rules.vote(0, vote(1, NOTAR, 1, A)));
  breaks('double signature', () => rules.vote(0, { ...vote(0, NOTAR, 1, A), signature: new Uint8Array(64) }));
});

invariants('two proposals, and one out of turn, are noticed', () => {
  const rules = new SignatureRules(lawOf);
  const [first, second] = chainOf(2);
  rules.proposal(0, proposal(0, 1, first.block));
  rules.proposal(0, proposal(0, 1, first.block));
  breaks('double signature', () => rules.proposal(0, proposal(0, 1, second.block)));
  breaks('double signature', () => rules.proposal(1, proposal(1, 5, first.block)));
});

// --- certificates --------------------------------------------------------------------------------------------------

invariants('a certificate is judged by its signatures alone', () => {
  const rules = new CertificateRules(lawOf);
  const good = certificate(NOTAR, 1, A);
  rules.check(good);
  const [first, second, third] = good.signatures as [Uint8Array, Uint8Array, Uint8Array];
  const bad: Certificate[] = [
    certificate(NOTAR, 1, A, [0, 1]),
    { ...good, signatures: [first, second] },
    { ...good, signatures: [first, first, third] },
    { ...good, signatures: [second, first, third] },
    { ...good, slot: 2 },
    { ...good, epoch: 2 },
    { ...good, kind: FINAL },
    { ...good, hash: B },
    { ...good, bitmap: BitArray.fromBoolArray([true, true, false, false, true]) },
  ];
  for (const one of bad) breaks('certificates', () => rules.check(one));
});

const conflicts: [string, Certificate[]][] = [
  ['two notarized blocks', [certificate(NOTAR, 1, A), certificate(NOTAR, 1, B)]],
  ['two final blocks', [certificate(FINAL, 1, A), certificate(FINAL, 1, B)]],
  ['a skipped slot with a final block', [certificate(SKIP, 1), certificate(FINAL, 1, A)]],
  ['another block notarized than final', [certificate(NOTAR, 1, A), certificate(FINAL, 1, B)]],
];

for (const [name, [first, second]] of conflicts) {
  invariants(`${name} in one slot: noticed, whichever comes first`, () => {
    for (const order of [
      [first, second],
      [second, first],
    ] as Certificate[][]) {
      const rules = new CertificateRules(lawOf);
      breaks('agreement', () => {
        for (const one of order) rules.check(one);
      });
    }
  });
}

invariants('a slot may be skipped and have a notarized block', () => {
  const rules = new CertificateRules(lawOf);
  rules.check(certificate(SKIP, 1));
  rules.check(certificate(NOTAR, 1, A));
});

// --- chain ---------------------------------------------------------------------------------------------------------

invariants('a chain that follows the rules passes on every node', () => {
  const chain = chainOf(4);
  const rules = chainRules();
  for (const node of [0, 1]) {
    for (let at = 1; at < chain.length; at++) {
      rules.committed(node, chain[at] as CommittedBlock, chain[at - 1] as CommittedBlock);
    }
  }
  assert.is(rules.height, chain.length - 1);
});

invariants('two blocks at one height are noticed', () => {
  const [genesis, block] = chainOf(1);
  const rules = chainRules();
  rules.committed(0, block, genesis);
  const other = follow(genesis, 2);
  breaks('agreement', () => rules.committed(1, other, genesis));
});

invariants('a block whose ancestors are not committed is noticed', () => {
  const [genesis, , second] = chainOf(2);
  breaks('ancestors', () => chainRules().committed(0, second, genesis));
  const sibling = follow(genesis, 2);
  breaks('ancestors', () => chainRules().committed(0, second, sibling));
});

const invalid: [string, Partial<Header>][] = [
  ['not later than its parent', { timestamp: 1 }],
  ['with another state', { stateRoot: B }],
  ['by a member whose turn it was not', { proposer: address(2) }],
];

for (const [name, changes] of invalid) {
  invariants(`a block ${name} is noticed`, () => {
    const [, parent] = chainOf(1);
    breaks('validity', () => chainRules().committed(0, follow(parent, 2, changes), parent));
  });
}

invariants(
  'a block whose parent certificate is missing, of another block, a Skip, or not above the one before is noticed',
  () => {
    const [, first, second] = chainOf(2);
    const wrong = [null, certificate(NOTAR, 1, A), certificate(SKIP, 1), certificate(NOTAR, 1, second.hash)];
    for (const parentCertificate of wrong) {
      breaks('validity', () => chainRules().committed(0, follow(second, 6, {}, parentCertificate), second));
    }
    breaks('validity', () => chainRules().committed(0, follow(first, 3, {}, certificate(NOTAR, 2, first.hash)), first));
  },
);

invariants('the first block of an epoch is on the last one of the epoch before, with its Final', () => {
  const [genesis, first, second] = chainOf(2);
  const ending = new Law({ ...law, validators, epochDuration: 1 });
  const final = certificate(FINAL, 3, first.hash);
  const commit = (next: CommittedBlock, lawOfNext = ending) => {
    const laws = (epoch: number) => (epoch === 1 ? ending : lawOfNext);
    const rules = new ChainRules(laws, new CertificateRules(laws));
    rules.committed(0, { ...first, final }, genesis);
    rules.committed(0, { ...next, final: undefined }, first);
  };
  commit(follow(first, 1, { epoch: 2 }, final));
  breaks('validity', () => commit(second));
  breaks('validity', () => commit(follow(first, 1, { epoch: 3 }, final)));
  breaks('validity', () => commit(follow(first, 1, { epoch: 2 }, certificate(NOTAR, 1, first.hash))));
  const stranger = new Law({ ...law, validators, validatorsRoot: A });
  breaks('validity', () => commit(follow(first, 1, { epoch: 2 }, final), stranger));
  const [, early] = chainOf(1);
  breaks('validity', () => chainRules().committed(0, follow(early, 2, { epoch: 2 }), early));
});

invariants('a block that names another validator set than that of its epoch, or of the next, is noticed', () => {
  const [, parent] = chainOf(1);
  for (const changes of [{ validatorsRoot: A }, { nextValidatorsRoot: A }]) {
    breaks('validity', () => chainRules().committed(0, follow(parent, 2, changes), parent));
  }
});

invariants('a late vote is a NOTAR of an ancestor, and recorded once', () => {
  const [genesis, first] = chainOf(1);
  const late = vote(2, NOTAR, 1, first.hash);
  const commit = (...lateVotes: Vote[]) => {
    const rules = chainRules();
    rules.committed(0, first, genesis);
    const next = follow(first, 2);
    const { parentCertificate } = next.block.body.justification;
    const body = { ...next.block.body, justification: { parentCertificate, lateVotes } };
    rules.committed(0, { ...next, block: { ...next.block, body } }, first);
    return rules.lateVotes;
  };
  assert.is(commit(late), 1);
  const wrong = [
    [late, late],
    [vote(0, NOTAR, 1, first.hash)],
    [vote(2, NOTAR, 1, A)],
    [vote(2, FINAL, 1, first.hash)],
    [{ ...late, member: 9 }],
    [{ ...late, signature: new Uint8Array(64) }],
    [{ ...late, epoch: 2 }],
  ];
  for (const votes of wrong) breaks('validity', () => commit(...votes));
});

invariants('a Final that is of another block, or no Final, is noticed', () => {
  const [genesis, first] = chainOf(1);
  for (const final of [certificate(FINAL, 1, A), certificate(NOTAR, 1, first.hash)]) {
    breaks('certificates', () => chainRules().committed(0, { ...first, final }, genesis));
  }
});

// --- the rest ------------------------------------------------------------------------------------------------------

invariants('evidence against an honest member is noticed', () => {
  const rule = new EvidenceRule(lawOf);
  const against = (member: number) => ({ epoch: 1, publicKey: publicKeyOf(member), slot: 1 });
  rule.check(against(FAULTY));
  breaks('evidence', () => rule.check(against(0)));
  breaks('evidence', () => rule.check(against(validators.length)));
});

invariants('a signer that is told of what it never signed is noticed, if there is no copy of its key', () => {
  const rule = new CopyRule(law);
  const voted = { epoch: 1, validatorsRoot: ROOT, kind: NOTAR, slot: 1, hash: A };
  const proposed = { epoch: 1, validatorsRoot: ROOT, slot: 1, hash: A, parentSlot: 0 };
  for (const data of [voted, proposed]) {
    rule.given(1, data);
    breaks('copies', () => rule.told(0, data));
    rule.given(0, data);
    rule.told(0, data);
    breaks('copies', () => rule.told(0, { ...data, hash: B }));
    rule.told(FAULTY, data);
  }
});

invariants('a node that holds more than its bound is noticed', () => {
  const bounds = { slots: 2, votes: 2, proposals: 2, blocks: 2, wanted: 2 };
  const rule = new MemoryRule(bounds);
  rule.check(0, bounds);
  for (const what of Object.keys(bounds)) breaks('memory', () => rule.check(0, { ...bounds, [what]: 3 }));
});

invariants('a node that sends too much while its chain stands still is noticed, one that goes on is not', () => {
  const bounds = { stalledAfter: 1000, messages: 10, bytes: 1000 };
  const flood = (rules: TrafficRules, bytes: number, from: number) => {
    for (let count = 0; count < 11; count++) rules.sent(0, bytes, from + count);
  };
  const rules = new TrafficRules(bounds);
  rules.finalized(0, 0);
  flood(rules, 1, 500);
  breaks('traffic', () => flood(rules, 1, 2000));
  breaks('traffic', () => rules.sent(0, 1001, 3000));
  rules.finalized(0, 4000);
  flood(rules, 1, 4500);
});

invariants('a node that finalizes nothing in fair weather is noticed', () => {
  const rule = new ProgressRule(1000, 500);
  assert.not(rule.check(0, 5, 900));
  assert.not(rule.check(0, 7, 1000));
  assert.not(rule.check(0, 7, 1500));
  breaks('progress', () => rule.check(0, 7, 1501));
  assert.not(rule.check(1, 7, 1000));
  assert.ok(rule.check(1, 8, 1400));
  assert.is(rule.slowest, 400);
});

// --- histories -----------------------------------------------------------------------------------------------------

function breaks(rule: Rule, history: () => void): void {
  try {
    history();
  } catch (error) {
    assert.instance(error, InvariantViolation);
    assert.is((error as InvariantViolation).rule, rule);
    return;
  }
  assert.unreachable(`nothing noticed that ${rule} was broken`);
}

function address(member: number): Uint8Array {
  return new Uint8Array(20).fill(member + 1);
}

function vote(member: number, kind: VoteKind, slot: number, hash: Hash = ZERO_HASH) {
  const data = { epoch: 1, kind, slot, hash };
  const message = voteSigningBytes({ ...data, validatorsRoot: ROOT }, GENESIS_HASH);
  return { ...data, member, signature: sign(publicKeyOf(member), message) };
}

function certificate(kind: VoteKind, slot: number, hash: Hash = ZERO_HASH, members = [0, 1, 3]): Certificate {
  const bitmap = BitArray.fromBoolArray(validators.map((_, member) => members.includes(member)));
  const signatures = members.map((member) => vote(member, kind, slot, hash).signature);
  return { epoch: 1, kind, slot, hash, bitmap, signatures };
}

function proposal(member: number, slot: number, block: Block) {
  const data = { epoch: 1, slot, parentSlot: slot - 1 };
  const signed = { ...data, validatorsRoot: ROOT, hash: headerHash(block.header) };
  const signature = sign(publicKeyOf(member), proposalSigningBytes(signed, GENESIS_HASH));
  return { ...data, signature, block, certificates: [] };
}

function chainRules(): ChainRules {
  return new ChainRules(lawOf, new CertificateRules(lawOf));
}

/** Genesis and as many blocks on it, one in each slot. */
function chainOf<const N extends number>(blocks: N): CommittedBlock[] & { [I in 0 | 1 | 2]: CommittedBlock } {
  const header: Header = {
    height: 0,
    epoch: 1,
    timestamp: 1,
    parent: ZERO_HASH,
    proposer: address(0),
    transactionsRoot: ZERO_HASH,
    receiptsRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    validatorsRoot: ROOT,
    nextValidatorsRoot: ROOT,
    justificationHash: ZERO_HASH,
  };
  const chain = [committed({ header, body: bodyWith(null) }, undefined)];
  for (let slot = 1; slot <= blocks; slot++) chain.push(follow(chain.at(-1) as CommittedBlock, slot));
  return chain as ReturnType<typeof chainOf<N>>;
}

/** A block of a slot on its parent, which is of the slot before. */
function follow(
  parent: CommittedBlock,
  slot: number,
  changes: Partial<Header> = {},
  parentCertificate = parent.block.header.height === 0 ? null : certificate(NOTAR, slot - 1, parent.hash),
): CommittedBlock {
  const above = parent.block.header;
  const transactionsRoot = sha256(Uint8Array.of(slot));
  const header = {
    ...above,
    height: above.height + 1,
    timestamp: above.timestamp + 1,
    parent: parent.hash,
    proposer: address((slot - 1) % validators.length),
    transactionsRoot,
    stateRoot: sha256Pair(concatBytes(above.stateRoot, transactionsRoot)),
    ...changes,
  };
  return committed({ header, body: bodyWith(parentCertificate) }, slot);
}

function committed(block: Block, slot: number | undefined): CommittedBlock {
  const hash = headerHash(block.header);
  return { hash, block, final: slot === undefined ? undefined : certificate(FINAL, slot, hash) };
}

function bodyWith(parentCertificate: Certificate | null): Block['body'] {
  return { justification: { parentCertificate, lateVotes: [] }, transactions: SerializedList.empty() };
}

invariants.run();
