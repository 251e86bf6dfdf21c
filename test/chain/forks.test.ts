// Random trees of blocks, grown on one node and verified by another in another order, with Finals in between:
// whatever happens, both have the same final chain and state, and no unit comes or goes.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Block } from '../../src/primitives/block.ts';
import { compareBytes } from '../../src/primitives/bytes.ts';
import type { Genesis } from '../../src/primitives/genesis.ts';
import { account, BALANCE, certify, makeGenesis, type Node, pay, verdict, withNodes } from './fixture.ts';

const test = suite('forks');
const SUPPLY = 4n * BALANCE;

const step = fc.record({
  /** which of the open blocks, or the head, to build on */
  parent: fc.nat({ max: 5 }),
  payments: fc.array(
    fc.record({ from: fc.nat({ max: 3 }), to: fc.nat({ max: 5 }), amount: fc.bigInt({ min: 0n, max: 9n }) }),
    {
      maxLength: 4,
    },
  ),
  /** finalize one of the open blocks afterwards */
  final: fc.option(fc.nat({ max: 5 }), { freq: 2 }),
});

interface Open {
  hash: Uint8Array;
  block: Block;
}

async function nonceAt(node: Node, parent: Uint8Array, from: number): Promise<number> {
  let nonce = node.chain.getAccount(account(from)).nonce;
  for (
    let hash = parent, one = node.chain.executed(hash);
    one;
    hash = one.block.header.parent, one = node.chain.executed(hash)
  ) {
    nonce += one.envelopes.filter((envelope) => compareBytes(envelope.from, account(from)) === 0).length;
  }
  return nonce;
}

async function run(
  genesis: Genesis,
  a: Node,
  b: Node,
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
) {
  let open: Open[] = [];
  for (const [index, { parent, payments, final }] of steps.entries()) {
    const on = open[parent % (open.length + 1)]?.hash ?? a.chain.head.hash;
    const used = new Map<number, number>();
    const envelopes = [];
    for (const { from, to, amount } of payments) {
      const nonce = used.get(from) ?? (await nonceAt(a, on, from));
      used.set(from, nonce + 1);
      envelopes.push(pay(genesis, { from, nonce, to: account(to), amount, memo: `${index}` }));
    }
    const built = await a.build(envelopes, { parent: on, proposer: index % 4 });
    assert.is(built.block.body.transactions.length, payments.length);
    open.push(built);
    if (final === null) continue;
    const winner = open[final % open.length] as Open;
    // The other node sees all of it only now.
    for (const { block } of open) assert.is(verdict(await b.chain.verify(block)), 'valid');
    await Promise.all([a, b].map(({ chain }) => chain.finalize(winner.hash, certify(genesis, winner.block))));
    assert.equal(a.chain.head, b.chain.head);
    open = open.filter((one) => a.chain.block(one.hash) !== undefined);
    for (const one of open) assert.ok(b.chain.block(one.hash), 'the same blocks have lost');
    await b.store.verify({ supply: SUPPLY });
  }
  await a.store.verify({ supply: SUPPLY });
}

const LENGTHS = [
  ['within an epoch', {}],
  ['over epochs that end and begin on every branch', { epochDuration: 3 }],
] as const;

for (const [where, parameters] of LENGTHS) {
  test(`two nodes agree whatever grows and whatever wins, ${where}`, async () => {
    const genesis = makeGenesis({ parameters });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), (steps) =>
        withNodes(genesis, 2, (a, b) => run(genesis, a as Node, b as Node, steps)),
      ),
      { numRuns: 20, seed: 11 },
    );
  });
}

test.run();
