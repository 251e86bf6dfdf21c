import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VerifierPool } from '../../src/crypto/verifier.ts';
import { type CheckPriority, SignatureChecks, type TransactionSignature } from '../../src/mempool/signatures.ts';
import { equalBytes } from '../../src/primitives/bytes.ts';
import { transactionSigningBytes } from '../../src/primitives/transaction.ts';
import { withTimeout } from '../helpers/timeout.ts';
import { Account, forge, GENESIS_HASH } from './fixture.ts';

const test = suite('transaction signatures');
const alice = new Account(1);
const good = alice.pay();
const second = alice.pay({ nonce: 1, memoBytes: 33 });
const bad = forge(alice.pay({ nonce: 2 }));

/** Checks whose batches are recorded and answered when told. */
function recorded() {
  const batches: { priority: CheckPriority; jobs: readonly TransactionSignature[]; answer: (all: boolean) => void }[] =
    [];
  const checks = new SignatureChecks({
    genesisHash: GENESIS_HASH,
    verifyAll: (jobs, priority) =>
      new Promise((resolve) => {
        batches.push({ priority, jobs, answer: (all) => resolve(jobs.map(() => all)) });
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
    assert.equal(await withTimeout(checks.check([good, bad, second]), 5_000, 'a batch'), [true, false, true]);
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
  assert.equal(await verdict, [true]);
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
    [true, true],
    [false, true],
  ]);
  const again = checks.check([good, second]);
  assert.is(batches.length, 3);
  assert.is(batches[2]?.jobs.length, 1);
  batches[2]?.answer(true);
  assert.equal(await again, [true, true]);
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
  assert.equal(await shared, [true]);
  batches[0]?.answer(true);
  assert.equal(await slow, [true]);
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
  assert.equal(await checks.check([good, second]), [true, true]);
});

test.run();
