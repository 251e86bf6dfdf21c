// The storm's judge: an innocent history passes, and each kind of violation is caught by its own rule.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Evidence,
  type Observation,
  RULES,
  type Rule,
  type ServedBlock,
  type ServedChain,
  violations,
} from './checker.ts';

const checker = suite('checker of storms');

const GENESIS = new Map([
  ['alice', 1000n],
  ['bob', 10n],
]);
const FEE = '5';
const PAYMENT = {
  hash: 't1',
  from: 'alice',
  nonce: 0,
  fee: FEE,
  code: 'SUCCESS',
  outputs: [{ to: 'bob', amount: '100' }],
};
const FAILED = {
  ...PAYMENT,
  hash: 't2',
  nonce: 1,
  code: 'INSUFFICIENT_BALANCE',
  outputs: [{ to: 'bob', amount: '5000' }],
};
const SPLIT = {
  ...PAYMENT,
  hash: 't3',
  nonce: 2,
  outputs: [
    { to: 'carol', amount: '7' },
    { to: 'alice', amount: '1' },
  ],
};
const BLOCKS: readonly ServedBlock[] = [
  { height: 1, hash: 'b1', parent: 'b0', stateRoot: 's1', transactions: [PAYMENT] },
  { height: 2, hash: 'b2', parent: 'b1', stateRoot: 's2', transactions: [] },
  { height: 3, hash: 'b3', parent: 'b2', stateRoot: 's3', transactions: [FAILED, SPLIT] },
];
const BALANCES = new Map([
  ['alice', { balance: '878', nonce: 3 }],
  ['bob', { balance: '110', nonce: 0 }],
  ['carol', { balance: '7', nonce: 0 }],
]);
const CHAINS: readonly ServedChain[] = [0, 1, 2].map((node) => ({ node, blocks: BLOCKS, balances: BALANCES }));

function seen(node: number, asked: number, at: number, generation = 0) {
  return { node, generation, asked, at };
}
const OBSERVATIONS: readonly Observation[] = [
  { ...seen(0, 10, 10), kind: 'block', height: 1, hash: 'b1', stateRoot: 's1' },
  { ...seen(0, 5, 11), kind: 'final', transaction: 't1', height: 1, hash: 'b1' },
  { ...seen(0, 12, 13), kind: 'balance', address: 'alice', balance: '895', nonce: 1, height: 1 },
  { ...seen(0, 20, 22), kind: 'head', height: 2, hash: 'b2', stateRoot: 's2' },
  // Asked before the head above was told: which of the two the node answered first can not be known.
  { ...seen(0, 21, 23), kind: 'balance', address: 'bob', balance: '110', nonce: 0, height: 1 },
  { ...seen(1, 30, 31), kind: 'absent', transaction: 't1' },
  { ...seen(1, 32, 33), kind: 'final', transaction: 't1', height: 1, hash: 'b1' },
  { ...seen(1, 40, 41), kind: 'head', height: 3, hash: 'b3', stateRoot: 's3' },
  // Its database was wiped: it begins again.
  { ...seen(1, 60, 61, 1), kind: 'absent', transaction: 't1' },
  { ...seen(1, 62, 63, 1), kind: 'balance', address: 'carol', balance: '0', nonce: 0, height: 2 },
];
const INNOCENT: Evidence = { genesis: GENESIS, observations: OBSERVATIONS, chains: CHAINS };

function broken(evidence: Evidence): Rule[] {
  return [...new Set(violations(evidence).map(({ rule }) => rule))];
}

function observing(...more: Observation[]): Evidence {
  return { ...INNOCENT, observations: [...OBSERVATIONS, ...more] };
}

/** Node 2 serves something else. */
function serving(change: Partial<ServedChain>): Evidence {
  return { ...INNOCENT, chains: CHAINS.map((chain) => (chain.node === 2 ? { ...chain, ...change } : chain)) };
}

function withBlock(height: number, change: Partial<ServedBlock>): ServedBlock[] {
  return BLOCKS.map((block) => (block.height === height ? { ...block, ...change } : block));
}

checker('finds nothing in an innocent history, though a wiped node told lower heights again', () => {
  assert.equal(violations(INNOCENT), []);
});

const CRIMES: readonly [name: string, evidence: Evidence, rules: readonly Rule[]][] = [
  ['a hole in a chain', serving({ blocks: BLOCKS.filter(({ height }) => height !== 2) }), ['chain whole', 'same end']],
  ['a block with a foreign parent', serving({ blocks: withBlock(2, { parent: 'b9' }) }), ['chain whole']],
  [
    'a transaction in two blocks of one chain',
    serving({ blocks: withBlock(2, { transactions: [PAYMENT] }) }),
    ['chain whole', 'final once everywhere', 'supply conserved'],
  ],
  ['a node that ends below the others', serving({ blocks: BLOCKS.slice(0, 2) }), ['same end', 'supply conserved']],
  [
    'another state under the same block',
    serving({ blocks: withBlock(3, { stateRoot: 's9' }) }),
    ['same end', 'no fork'],
  ],
  [
    'another block that was told of once, long ago',
    observing({ ...seen(2, 3, 3), kind: 'block', height: 2, hash: 'b9', stateRoot: 's9' }),
    ['no fork'],
  ],
  [
    'another block, told by a node that was wiped since',
    observing({ ...seen(1, 64, 65, 1), kind: 'block', height: 1, hash: 'b9', stateRoot: 's9' }),
    ['no fork'],
  ],
  [
    'a transaction that was reported final and is nowhere',
    observing({ ...seen(2, 3, 4), kind: 'final', transaction: 't9', height: 2, hash: 'b2' }),
    ['final once everywhere'],
  ],
  [
    'a transaction that was reported final in another block than where it is',
    observing({ ...seen(2, 3, 4), kind: 'final', transaction: 't3', height: 2, hash: 'b2' }),
    ['final once everywhere'],
  ],
  [
    'a reported transaction that one node lacks',
    serving({ blocks: withBlock(1, { transactions: [] }) }),
    ['final once everywhere', 'supply conserved'],
  ],
  [
    'a head below an earlier one of the same node',
    observing({ ...seen(0, 50, 51), kind: 'head', height: 1, hash: 'b1', stateRoot: 's1' }),
    ['never back'],
  ],
  [
    'a balance older than a block that the same node had told of',
    observing(
      { ...seen(2, 50, 50), kind: 'block', height: 1, hash: 'b1', stateRoot: 's1' },
      { ...seen(2, 51, 52), kind: 'balance', address: 'bob', balance: '10', nonce: 0, height: 0 },
    ),
    ['never back'],
  ],
  [
    'a balance older than a transaction that the same node had called final',
    observing(
      { ...seen(2, 49, 50), kind: 'final', transaction: 't3', height: 3, hash: 'b3' },
      { ...seen(2, 51, 52), kind: 'balance', address: 'carol', balance: '0', nonce: 0, height: 2 },
    ),
    ['never back'],
  ],
  [
    'going back once more after a wipe',
    observing(
      { ...seen(1, 64, 65, 1), kind: 'head', height: 3, hash: 'b3', stateRoot: 's3' },
      { ...seen(1, 66, 67, 1), kind: 'head', height: 2, hash: 'b2', stateRoot: 's2' },
    ),
    ['never back'],
  ],
  [
    'a node that forgot what it had called final',
    observing({ ...seen(0, 50, 51), kind: 'absent', transaction: 't1' }),
    ['nothing forgotten'],
  ],
  [
    'a balance that does not belong to its height',
    observing({ ...seen(2, 50, 51), kind: 'balance', address: 'bob', balance: '10', nonce: 0, height: 2 }),
    ['balances as of then'],
  ],
  [
    'a nonce that does not belong to its height',
    observing({ ...seen(2, 50, 51), kind: 'balance', address: 'alice', balance: '895', nonce: 2, height: 2 }),
    ['balances as of then'],
  ],
  [
    'money from nowhere',
    serving({ balances: new Map(BALANCES).set('bob', { balance: '111', nonce: 0 }) }),
    ['balances as of then', 'supply conserved'],
  ],
  [
    'an account that nobody asked for',
    serving({ balances: new Map([...BALANCES].filter(([address]) => address !== 'carol')) }),
    ['supply conserved'],
  ],
];

for (const [name, evidence, rules] of CRIMES) {
  checker(`catches ${name}`, () => assert.equal(broken(evidence), rules));
}

checker('every rule is broken by one of these', () => {
  assert.equal([...new Set(CRIMES.flatMap(([, , rules]) => rules))].sort(), [...RULES].sort());
});

checker.run();
