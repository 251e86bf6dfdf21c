// Random lives of a mempool: whatever is sent, finalized and selected, its invariants hold.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { totalDebit } from '../../src/ledger/execute.ts';
import type { Mempool } from '../../src/mempool/mempool.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { Account, type Head, setup } from './fixture.ts';

const test = suite('mempool invariants');
const ACCOUNTS = [0, 1, 2, 3].map((number) => new Account(number));
const LIMITS = { maxTransactions: 8, maxBytes: 2_000, maxPerSender: 4 };
const BALANCE = 20_000n;

const send = fc.record({
  kind: fc.constant('send' as const),
  sender: fc.nat({ max: 3 }),
  /** relative to the next nonce: mostly right, sometimes a replacement, a gap, a used one */
  offset: fc.constantFrom(0, 0, 0, 0, -1, -1, -2, 1),
  fee: fc.bigInt({ min: 900n, max: 6_000n }),
  amount: fc.bigInt({ min: 0n, max: 6_000n }),
  memoBytes: fc.constantFrom(0, 0, 100, 256),
  lifetime: fc.constantFrom(0, 0, 0, 2, 5),
});
/** A block with up to `count` of what would be selected, or with strangers' transactions of the same senders. */
const finalize = fc.record({
  kind: fc.constant('finalize' as const),
  count: fc.nat({ max: 4 }),
  replaced: fc.boolean(),
  spend: fc.bigInt({ min: 0n, max: 15_000n }),
});
type Step =
  typeof send extends fc.Arbitrary<infer S> ? S | (typeof finalize extends fc.Arbitrary<infer F> ? F : never) : never;

/** What the test believes: balances and nonces at the head, and which transactions wait. */
interface Model {
  accounts: { balance: bigint; nonce: number }[];
  waiting: Map<string, TransactionEnvelope>;
}

function checkInvariants(mempool: Mempool, head: Head, model: Model): void {
  assert.is(mempool.size, model.waiting.size, 'events tell who is in');
  assert.ok(mempool.size <= LIMITS.maxTransactions, 'bounded in number');
  let bytes = 0;
  for (const [idHex, envelope] of model.waiting) {
    assert.ok(mempool.has(idHex));
    bytes += envelope.bytes.length;
  }
  assert.is(mempool.bytes, bytes);
  assert.ok(bytes <= LIMITS.maxBytes, 'bounded in bytes');
  const selected = mempool.select({ state: head.state, maxBytes: 1 << 20, timestamp: head.timestamp + 1 });
  assert.is(selected.length, mempool.size, 'everything that waits could be included at once');
  ACCOUNTS.forEach((account, index) => {
    const { balance, nonce } = model.accounts[index] as Model['accounts'][number];
    const own = selected.filter(({ from }) => from.every((byte, i) => byte === account.address[i]));
    assert.equal(
      own.map(({ signed }) => signed.transaction.nonce),
      own.map((_, i) => nonce + i),
      'contiguous nonces',
    );
    assert.ok(own.length <= LIMITS.maxPerSender, 'bounded per sender');
    const debit = own.reduce((sum, { signed }) => sum + totalDebit(signed.transaction), 0n);
    assert.ok(debit <= balance, 'the balance covers all of it');
    assert.is(mempool.nextNonce(account.address), nonce + own.length);
  });
}

async function run(steps: readonly Step[]): Promise<void> {
  const { head, mempool } = setup([], LIMITS);
  const model: Model = { accounts: ACCOUNTS.map(() => ({ balance: BALANCE, nonce: 0 })), waiting: new Map() };
  for (const account of ACCOUNTS) head.set(account, BALANCE);
  mempool.on('accepted', (envelope) => model.waiting.set(envelope.idHex, envelope));
  mempool.on('dropped', ({ idHex }) => model.waiting.delete(idHex));
  for (const step of steps) {
    if (step.kind === 'send') {
      const sender = ACCOUNTS[step.sender] as Account;
      const nonce = Math.max(0, mempool.nextNonce(sender.address) + step.offset);
      const validUntil = step.lifetime === 0 ? 0 : head.timestamp + step.lifetime;
      const known = model.waiting.size;
      const result = await mempool.add(sender.pay({ ...step, nonce, validUntil }));
      if (result.status === 'rejected') assert.is(model.waiting.size, known, 'a refusal changes nothing');
    } else {
      const selected = mempool.select({ state: head.state, maxBytes: 1 << 20, timestamp: head.timestamp + 1 });
      const block = selected.slice(0, step.count).map((envelope) => {
        const index = ACCOUNTS.findIndex(({ address }) => address.every((byte, i) => byte === envelope.from[i]));
        const account = model.accounts[index] as Model['accounts'][number];
        const { nonce } = envelope.signed.transaction;
        const included = step.replaced ? (ACCOUNTS[index] as Account).pay({ nonce, fee: 7_777n }) : envelope;
        const debit = step.replaced ? step.spend : totalDebit(envelope.signed.transaction);
        account.nonce = nonce + 1;
        account.balance = account.balance > debit ? account.balance - debit : 0n;
        head.set(ACCOUNTS[index] as Account, account.balance, account.nonce);
        if (!step.replaced) model.waiting.delete(included.idHex);
        return included;
      });
      head.timestamp += 1;
      mempool.onFinalized(block, head);
    }
    checkInvariants(mempool, head, model);
  }
}

test('hold after every step', async () => {
  const steps = fc.array(fc.oneof({ weight: 4, arbitrary: send }, { weight: 1, arbitrary: finalize }), {
    minLength: 1,
    maxLength: 60,
  });
  await fc.assert(fc.asyncProperty(steps, run), { numRuns: 150, seed: 7 });
});

test.run();
