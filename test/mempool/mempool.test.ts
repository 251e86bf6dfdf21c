import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { REPLACEMENT_PERCENT } from '../../src/mempool/limits.ts';
import type { TransactionEnvelope } from '../../src/primitives/transaction.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { Account, forge, outcome, PARAMETERS, RICH, setup, verifyAll } from './fixture.ts';

const test = suite('mempool');
const alice = new Account(1);
const bob = new Account(2);
const carol = new Account(3);
const NO_MEMO = new Uint8Array(0);

test('accepts a valid transaction once, and says so', async () => {
  const { mempool } = setup([alice]);
  const accepted: string[] = [];
  mempool.on('accepted', ({ idHex }) => accepted.push(idHex));
  const payment = alice.pay();
  assert.is(await outcome(mempool, payment), 'accepted');
  assert.is(await outcome(mempool, payment), 'known');
  assert.equal(accepted, [payment.idHex]);
  assert.is(mempool.size, 1);
  assert.is(mempool.bytes, payment.bytes.length);
  assert.is(mempool.get(payment.idHex), payment);
  assert.ok(mempool.has(payment.idHex));
  assert.is(mempool.nextNonce(alice.address), 1);
});

test('refuses what the ledger would: each with the ledger’s reason', async () => {
  const { mempool, head } = setup([alice]);
  head.set(alice, RICH, 5);
  head.set(bob, 500n);
  assert.is(await outcome(mempool, alice.pay({ nonce: 4 })), 'NONCE_TOO_LOW');
  assert.is(await outcome(mempool, alice.pay({ nonce: 6 })), 'NONCE_TOO_HIGH');
  assert.is(await outcome(mempool, alice.pay({ nonce: 5, fee: 999n })), 'FEE_TOO_LOW');
  assert.is(await outcome(mempool, alice.pay({ nonce: 5, validUntil: head.timestamp })), 'EXPIRED');
  assert.is(await outcome(mempool, bob.pay()), 'INSUFFICIENT_FUNDS_FOR_FEE');
  assert.is(await outcome(mempool, carol.pay()), 'INSUFFICIENT_FUNDS_FOR_FEE');
  assert.is(mempool.size, 0);
});

test('judges later nonces as at their turn', async () => {
  const { mempool } = setup([alice]);
  assert.is(await outcome(mempool, alice.pay({ nonce: 0 })), 'accepted');
  assert.is(await outcome(mempool, alice.pay({ nonce: 2 })), 'NONCE_TOO_HIGH');
  assert.is(await outcome(mempool, alice.pay({ nonce: 1, fee: 1n })), 'FEE_TOO_LOW');
  assert.is(await outcome(mempool, alice.pay({ nonce: 1 })), 'accepted');
});

test('a bad signature is refused and leaves nothing behind', async () => {
  const { mempool } = setup([alice]);
  const forged = forge(alice.pay());
  assert.is(await outcome(mempool, forged), 'BAD_SIGNATURE');
  assert.is(await outcome(mempool, forged), 'BAD_SIGNATURE');
  assert.is(mempool.size, 0);
  assert.is(await outcome(mempool, alice.pay({ nonce: 1 })), 'NONCE_TOO_HIGH');
});

test('a refusal that needs no signature asks for none', async () => {
  let asked = 0;
  const { mempool } = setup([alice], {}, async (envelopes) => {
    asked += envelopes.length;
    return verifyAll(envelopes);
  });
  await mempool.addBatch([alice.pay({ nonce: 7 }), alice.pay({ fee: 1n }), bob.pay()]);
  assert.is(asked, 0);
});

test('all that a sender has waiting must fit into its balance', async () => {
  const { mempool, head } = setup([]);
  head.set(alice, 5_000n);
  assert.is(await outcome(mempool, alice.pay({ nonce: 0, amount: 1_000n })), 'accepted');
  assert.is(await outcome(mempool, alice.pay({ nonce: 1, amount: 2_001n })), 'INSUFFICIENT_FUNDS');
  assert.is(await outcome(mempool, alice.pay({ nonce: 1, amount: 2_000n })), 'accepted');
  assert.is(await outcome(mempool, alice.pay({ nonce: 2 })), 'INSUFFICIENT_FUNDS');
});

test('a replacement frees what it replaces before it is held against the balance', async () => {
  const { mempool, head } = setup([]);
  head.set(alice, 5_000n);
  assert.is(await outcome(mempool, alice.pay({ amount: 4_000n })), 'accepted');
  assert.is(await outcome(mempool, alice.pay({ amount: 3_001n, fee: 2_000n })), 'INSUFFICIENT_FUNDS');
  assert.is(await outcome(mempool, alice.pay({ amount: 3_000n, fee: 2_000n })), 'accepted');
  assert.is(mempool.size, 1);
});

test('a replacement offers clearly more: by a share, and by the minimum fee', async () => {
  const { mempool, dropped } = setup([alice]);
  const first = alice.pay({ fee: 1_000n });
  const second = alice.pay({ fee: 1_000n + PARAMETERS.minFee });
  assert.is(await outcome(mempool, first), 'accepted');
  assert.is(await outcome(mempool, alice.pay({ fee: 999n + PARAMETERS.minFee })), 'REPLACEMENT_FEE_TOO_LOW');
  assert.is(await outcome(mempool, second), 'accepted');
  assert.equal(dropped, [[first.idHex, 'REPLACED']]);
  assert.not(mempool.has(first.idHex));

  const large = 100_000n;
  assert.is(await outcome(mempool, alice.pay({ fee: large })), 'accepted');
  const raise = (large * REPLACEMENT_PERCENT) / 100n;
  assert.is(await outcome(mempool, alice.pay({ fee: large + raise - 1n })), 'REPLACEMENT_FEE_TOO_LOW');
  assert.is(await outcome(mempool, alice.pay({ fee: large + raise })), 'accepted');
  assert.is(mempool.size, 1);
});

test('a sender has a bounded number waiting, replacements aside', async () => {
  const { mempool } = setup([alice, bob], { maxPerSender: 3 });
  for (let nonce = 0; nonce < 3; nonce++) assert.is(await outcome(mempool, alice.pay({ nonce })), 'accepted');
  assert.is(await outcome(mempool, alice.pay({ nonce: 3 })), 'SENDER_LIMIT');
  assert.is(await outcome(mempool, alice.pay({ nonce: 2, fee: 5_000n })), 'accepted');
  assert.is(await outcome(mempool, bob.pay()), 'accepted');
});

test('when it is full the lowest fee leaves, if the newcomer offers more', async () => {
  const { mempool, dropped } = setup([alice, bob, carol], { maxTransactions: 2 });
  const low = alice.pay({ fee: 1_500n });
  await mempool.addBatch([low, bob.pay({ fee: 2_000n })]);
  assert.is(await outcome(mempool, carol.pay({ fee: 1_500n })), 'MEMPOOL_FULL');
  assert.is(await outcome(mempool, carol.pay({ fee: 1_501n })), 'accepted');
  assert.equal(dropped, [[low.idHex, 'EVICTED']]);
  assert.is(mempool.size, 2);
});

test('the bound in bytes holds too, and a large newcomer evicts all or none', async () => {
  const small = alice.pay({ fee: 2_000n }).bytes.length;
  const { mempool, dropped } = setup([alice, bob, carol], { maxBytes: 2 * small + 10 });
  await mempool.addBatch([alice.pay({ fee: 2_000n }), bob.pay({ fee: 50_000n })]);
  const large = carol.pay({ fee: 20_000n, memoBytes: 200 });
  assert.is(await outcome(mempool, large), 'MEMPOOL_FULL');
  assert.equal(dropped, []);
  assert.is(mempool.size, 2);
  assert.is(await outcome(mempool, carol.pay({ fee: 3_000n, memoBytes: 10 })), 'accepted');
  assert.is(dropped.length, 1);
});

test('a replacement that needs room does not count what it replaces as evicted', async () => {
  const small = alice.pay().bytes.length;
  const { mempool, dropped } = setup([alice, bob], { maxBytes: 2 * small + 10 });
  const first = alice.pay({ fee: 1_000n });
  const other = bob.pay({ fee: 1_100n });
  await mempool.addBatch([first, other]);
  const larger = alice.pay({ fee: 9_000n, memoBytes: 100 });
  assert.is(await outcome(mempool, larger), 'accepted');
  assert.equal(dropped, [
    [other.idHex, 'EVICTED'],
    [first.idHex, 'REPLACED'],
  ]);
  assert.is(mempool.bytes, larger.bytes.length);
});

test('a replacement keeps its place before those of its sender that follow', async () => {
  const { mempool, dropped } = setup([alice, bob], { maxTransactions: 2 });
  const last = alice.pay({ nonce: 1, fee: 2_000n });
  await mempool.addBatch([alice.pay({ nonce: 0, fee: 1_000n }), last]);
  const replacement = alice.pay({ nonce: 0, fee: 2_000n });
  assert.is(await outcome(mempool, replacement), 'accepted');
  assert.is(await outcome(mempool, bob.pay({ fee: 3_000n })), 'accepted');
  assert.equal(dropped.at(-1), [last.idHex, 'EVICTED']);
  assert.ok(mempool.has(replacement.idHex));
});

test('a high fee behind a low one of the same sender does not protect it', async () => {
  const { mempool, dropped } = setup([alice, bob, carol], { maxTransactions: 3 });
  const cheap = alice.pay({ nonce: 0, fee: 1_000n });
  const dear = alice.pay({ nonce: 1, fee: 90_000n });
  await mempool.addBatch([cheap, dear, bob.pay({ fee: 2_000n })]);
  assert.is(await outcome(mempool, carol.pay({ fee: 3_000n })), 'accepted');
  assert.equal(dropped, [[dear.idHex, 'EVICTED']]);
  assert.is(mempool.nextNonce(alice.address), 1);
});

test('what a finalized block holds leaves, and what it makes impossible', async () => {
  const { mempool, head, dropped } = setup([alice, bob]);
  const [first, second, third] = [0, 1, 2].map((nonce) => alice.pay({ nonce, amount: 1_000n }));
  await mempool.addBatch([first, second, third] as TransactionEnvelope[]);
  const untouched = bob.pay();
  await mempool.add(untouched);
  // Another transaction with nonce 1 became final, and left little behind.
  const other = alice.pay({ nonce: 1, amount: 900_000n });
  head.set(alice, 1_500n, 2);
  mempool.onFinalized([first, other] as TransactionEnvelope[], head);
  assert.equal(dropped, [
    [second?.idHex, 'NONCE_TOO_LOW'],
    [third?.idHex, 'INSUFFICIENT_FUNDS'],
  ]);
  assert.is(mempool.size, 1);
  assert.ok(mempool.has(untouched.idHex));
  assert.is(await outcome(mempool, first as TransactionEnvelope), 'NONCE_TOO_LOW');
  assert.is(mempool.nextNonce(alice.address), 2);
});

test('what has expired leaves with what stands behind it', async () => {
  const { mempool, head, dropped } = setup([alice, bob]);
  const [keeps, expires, follows] = [
    alice.pay({ nonce: 0 }),
    alice.pay({ nonce: 1, validUntil: head.timestamp + 10 }),
    alice.pay({ nonce: 2 }),
  ];
  await mempool.addBatch([keeps, expires, follows, bob.pay({ validUntil: head.timestamp + 11 })]);
  head.timestamp += 9;
  mempool.onFinalized([], head);
  assert.is(mempool.size, 4);
  head.timestamp += 1;
  mempool.onFinalized([], head);
  assert.equal(dropped, [
    [expires.idHex, 'EXPIRED'],
    [follows.idHex, 'EXPIRED'],
  ]);
  assert.is(mempool.size, 2);
});

/** A verifier that answers when told, batch by batch. */
function gated() {
  const gates: (() => void)[] = [];
  const asked: number[] = [];
  const verify = async (envelopes: readonly TransactionEnvelope[]) => {
    asked.push(envelopes.length);
    await new Promise<void>((resolve) => gates.push(resolve));
    return verifyAll(envelopes);
  };
  return { verify, asked, open: (batch: number) => gates[batch]?.() };
}

test('concurrent adds of one transaction share one check', async () => {
  const { verify, asked, open } = gated();
  const { mempool } = setup([alice], {}, verify);
  const payment = alice.pay();
  const results = [mempool.add(payment), mempool.add(payment), mempool.add(payment)];
  open(0);
  const statuses = (await withTimeout(Promise.all(results), 1_000, 'three adds')).map(({ status }) => status);
  assert.equal(statuses, ['accepted', 'known', 'known']);
  assert.equal(asked, [1]);
});

test('pipelined nonces enter in the order of arrival, whichever signature is checked first', async () => {
  const { verify, open } = gated();
  const { mempool } = setup([alice], {}, verify);
  const accepted: number[] = [];
  mempool.on('accepted', ({ signed }) => accepted.push(signed.transaction.nonce));
  const results = [0, 1, 2].map((nonce) => outcome(mempool, alice.pay({ nonce })));
  open(2);
  open(1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(accepted, []);
  open(0);
  assert.equal(await withTimeout(Promise.all(results), 1_000, 'three nonces'), ['accepted', 'accepted', 'accepted']);
  assert.equal(accepted, [0, 1, 2]);
});

test('a nonce behind a forged one is refused when its turn comes', async () => {
  const { mempool } = setup([alice]);
  const results = await mempool.addBatch([forge(alice.pay()), alice.pay({ nonce: 1 })]);
  assert.equal(
    results.map((result) => (result.status === 'rejected' ? result.code : result.status)),
    ['BAD_SIGNATURE', 'NONCE_TOO_HIGH'],
  );
});

test('the head may move while a signature is checked', async () => {
  const { verify, open } = gated();
  const { mempool, head } = setup([alice, bob], {}, verify);
  const results = [outcome(mempool, alice.pay()), outcome(mempool, bob.pay({ amount: 10n }))];
  head.set(alice, RICH, 1);
  head.set(bob, 1_005n);
  open(0);
  open(1);
  assert.equal(await Promise.all(results), ['NONCE_TOO_LOW', 'INSUFFICIENT_FUNDS']);
});

test('the number of signatures under way is bounded', async () => {
  const { verify, open } = gated();
  const { mempool } = setup([alice, bob, carol], { maxChecking: 2 }, verify);
  const both = mempool.addBatch([alice.pay(), bob.pay()]);
  assert.is(await outcome(mempool, carol.pay()), 'MEMPOOL_FULL');
  open(0);
  await both;
  const late = outcome(mempool, carol.pay());
  open(1);
  assert.is(await late, 'accepted');
});

test('a verifier that fails rejects its batch and nothing else', async () => {
  let failing = true;
  const { mempool } = setup([alice, bob], {}, async (envelopes) => {
    if (failing) throw new Error('no workers');
    return verifyAll(envelopes);
  });
  const error = await mempool.addBatch([alice.pay(), bob.pay()]).catch((reason: Error) => reason.message);
  assert.is(error, 'no workers');
  failing = false;
  assert.is(await outcome(mempool, alice.pay()), 'accepted');
});

test('what is wrong with a signature inside an action is told by its own code', async () => {
  for (const code of ['BAD_PROOF', 'BAD_EVIDENCE'] as const) {
    const { mempool } = setup([alice], {}, async (envelopes) => envelopes.map(() => code));
    assert.is(await outcome(mempool, alice.pay()), code);
    assert.is(mempool.size, 0);
  }
});

test('an epoch with higher fees: the minimum is the new one, and what waits and pays less is dropped', async () => {
  const { mempool, head, dropped } = setup([alice, bob]);
  const cheap = alice.pay({ nonce: 1, fee: 1_999n });
  const behind = alice.pay({ nonce: 2, fee: 5_000n });
  for (const one of [alice.pay({ fee: 2_000n }), cheap, behind, bob.pay({ fee: 2_000n })]) await mempool.add(one);
  mempool.onFinalized([], head);
  assert.equal(dropped, []);
  head.parameters = { ...PARAMETERS, minFee: 2_000n };
  mempool.onFinalized([], head);
  assert.equal(dropped, [
    [cheap.idHex, 'FEE_TOO_LOW'],
    [behind.idHex, 'FEE_TOO_LOW'],
  ]);
  assert.is(await outcome(mempool, cheap), 'FEE_TOO_LOW');
  assert.is(await outcome(mempool, alice.pay({ nonce: 1, fee: 2_000n })), 'accepted');
  head.parameters = PARAMETERS;
  mempool.onFinalized([], head);
  assert.is(dropped.length, 2);
  assert.is(await outcome(mempool, bob.pay({ nonce: 1 })), 'accepted', 'lower again');
});

test('an epoch with a higher fee for new accounts: what would make one and pays less is dropped', async () => {
  const { mempool, head, dropped } = setup([alice, bob]);
  head.parameters = { ...PARAMETERS, accountFee: 500n };
  const stranger = new Account(9).address;
  const to = (fee: bigint, nonce = 0) => alice.pay({ to: stranger, fee, nonce });
  assert.is(await outcome(mempool, to(1_499n)), 'FEE_TOO_LOW');
  const [enough, cheap, behind] = [to(1_600n), to(1_599n, 1), alice.pay({ nonce: 2, fee: 5_000n })];
  const both = bob.send(
    {
      selector: 1,
      value: {
        outputs: [
          { to: stranger, amount: 1n },
          { to: alice.address, amount: 1n },
        ],
        memo: NO_MEMO,
      },
    },
    { fee: 1_600n },
  );
  const known = bob.pay({ to: alice.address, nonce: 1, fee: 1_000n });
  for (const one of [enough, cheap, behind, both, known]) assert.is(await outcome(mempool, one), 'accepted');
  head.parameters = { ...PARAMETERS, accountFee: 600n };
  mempool.onFinalized([], head);
  assert.equal(dropped, [
    [cheap.idHex, 'FEE_TOO_LOW'],
    [behind.idHex, 'FEE_TOO_LOW'],
  ]);
  assert.is(await outcome(mempool, cheap), 'FEE_TOO_LOW', 'as if it came now');
  head.set(new Account(9), 1n);
  head.parameters = { ...PARAMETERS, accountFee: 700n };
  mempool.onFinalized([], head);
  assert.is(dropped.length, 2, 'the account has come to exist');
});

test('an epoch with higher fees right after the start', async () => {
  const { mempool, head, dropped } = setup([alice]);
  const cheap = alice.pay({ fee: 1_999n });
  assert.is(await outcome(mempool, cheap), 'accepted');
  head.parameters = { ...PARAMETERS, minFee: 2_000n };
  mempool.onFinalized([], head);
  assert.equal(dropped, [[cheap.idHex, 'FEE_TOO_LOW']]);
});

test.run();
