import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VerifierPool } from '../../src/crypto/verifier.ts';
import { type CheckPriority, SignatureChecks } from '../../src/mempool/signatures.ts';
import { equalBytes } from '../../src/primitives/bytes.ts';
import { NOTAR } from '../../src/primitives/consensus.ts';
import { votePair } from '../../src/primitives/evidence.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import type { SignatureCheck } from '../../src/primitives/signing.ts';
import { type TransactionAction, transactionSigningBytes } from '../../src/primitives/transaction.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { Account, forge, GENESIS_HASH } from './fixture.ts';

const test = suite('transaction signatures');
const alice = new Account(1);
const good = alice.pay();
const second = alice.pay({ nonce: 1, memoBytes: 33 });
const bad = forge(alice.pay({ nonce: 2 }));

/** Checks whose batches are recorded and answered when told. */
function recorded() {
  const batches: {
    priority: CheckPriority;
    jobs: readonly SignatureCheck[];
    answer: (all: boolean) => void;
    answerEach: (verdicts: boolean[]) => void;
  }[] = [];
  const checks = new SignatureChecks({
    genesisHash: GENESIS_HASH,
    verifyAll: (jobs, priority) =>
      new Promise((resolve) => {
        batches.push({ priority, jobs, answer: (all) => resolve(jobs.map(() => all)), answerEach: resolve });
      }),
  });
  return { checks, batches };
}

test('the worker pool’s verdicts, in order', async () => {
  const pool = new VerifierPool({ threads: 1 });
  try {
    const checks = new SignatureChecks({
      genesisHash: GENESIS_HASH,
      verifyAll: (jobs, priority) => pool.verifyAll(jobs, priority),
    });
    assert.equal(await withTimeout(checks.check([good, bad, second]), 5_000, 'a batch'), [
      'good',
      'BAD_SIGNATURE',
      'good',
    ]);
    assert.equal(await withTimeout(checks.checkBlock([bad, good]), 5_000, 'a block'), [false, true]);
    assert.ok(checks.isVerified(good.idHex));
    assert.not(checks.isVerified(bad.idHex));
  } finally {
    await pool.close();
  }
});

test('what is asked are the bytes that the sender signs', async () => {
  const { checks, batches } = recorded();
  const verdict = checks.check([second]);
  const [job] = batches[0]?.jobs ?? [];
  assert.ok(job && equalBytes(job.message, transactionSigningBytes(second.signed.transaction, GENESIS_HASH)));
  batches[0]?.answer(true);
  assert.equal(await verdict, ['good']);
});

test('a check under way is shared, a good verdict remembered, a bad one asked again', async () => {
  const { checks, batches } = recorded();
  const verdicts = Promise.all([checks.check([good, good]), checks.check([second, good])]);
  assert.equal(
    batches.map(({ jobs }) => jobs.length),
    [1, 1],
  );
  batches[0]?.answer(true);
  batches[1]?.answer(false);
  assert.equal(await verdicts, [
    ['good', 'good'],
    ['BAD_SIGNATURE', 'good'],
  ]);
  const again = checks.check([good, second]);
  assert.is(batches.length, 3);
  assert.is(batches[2]?.jobs.length, 1);
  batches[2]?.answer(true);
  assert.equal(await again, ['good', 'good']);
});

test('a block does not wait behind the mempool’s check of the same transaction', async () => {
  const { checks, batches } = recorded();
  const slow = checks.check([good]);
  const urgent = checks.checkBlock([good]);
  const shared = checks.check([good]);
  assert.equal(
    batches.map(({ priority }) => priority),
    ['bulk', 'urgent'],
  );
  batches[1]?.answer(true);
  assert.equal(await urgent, [true]);
  assert.equal(await shared, ['good']);
  batches[0]?.answer(true);
  assert.equal(await slow, ['good']);
});

test('a verifier that fails is asked again next time', async () => {
  let failing = true;
  const checks = new SignatureChecks({
    genesisHash: GENESIS_HASH,
    verifyAll: async (jobs) => {
      if (failing) throw new Error('no workers');
      return jobs.map(() => true);
    },
  });
  assert.is(await checks.check([good, second]).catch((error: Error) => error.message), 'no workers');
  failing = false;
  assert.equal(await checks.check([good, second]), ['good', 'good']);
});

test('a transaction is as good as the worst of its signatures, and costs no check when one can not hold', async () => {
  const { checks, batches } = recorded();
  const update: TransactionAction = {
    selector: 3,
    value: { key: { publicKey: alice.key.publicKey, proof: new Uint8Array(64) }, commission: null },
  };
  const unproven = alice.send(update);
  const signature = new Uint8Array(64);
  const same = { kind: NOTAR, hash: ZERO_HASH, signature };
  const evidence = {
    epoch: 1,
    validatorsRoot: ZERO_HASH,
    publicKey: alice.key.publicKey,
    slot: 1,
    messages: votePair(same, same),
  };
  const proof = alice.send({ selector: 7, value: { evidence } });
  const verdicts = checks.check([good, unproven, proof]);
  assert.is(batches[0]?.jobs.length, 3, 'one of the first, two of the second, none of the third');
  batches[0]?.answerEach([true, true, false]);
  assert.equal(await verdicts, ['good', 'BAD_PROOF', 'BAD_EVIDENCE']);
  assert.ok(checks.isVerified(good.idHex));
  assert.not(checks.isVerified(unproven.idHex));
  const again = checks.checkBlock([unproven]);
  batches[1]?.answerEach([false, true]);
  assert.equal(await again, [false], "the sender's own counts as before");
});

test.run();
