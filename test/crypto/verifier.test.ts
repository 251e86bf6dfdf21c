import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { Point } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyPair, verifyNative } from '../../src/crypto/keys.ts';
import { QueueFullError, VerifierError, VerifierPool } from '../../src/crypto/verifier.ts';
import { concatBytes, fromHex, utf8 } from '../../src/primitives/bytes.ts';
import { verifyStrict } from '../../src/primitives/ed25519.ts';
import type { SignatureCheck } from '../../src/primitives/signing.ts';
import { withTimeout } from '../helpers/timeout.ts';

/** Starting a worker under a TypeScript loader takes a good part of a second on a busy machine. */
const PATIENCE_MS = 20_000;

const test = suite('VerifierPool');
const pair = KeyPair.generate();
let pool = new VerifierPool({ threads: 2 });

test.after(() => pool.close());

function validJob(message: Uint8Array = randomBytes(100)): SignatureCheck {
  return { publicKey: pair.publicKey, message, signature: pair.sign(message) };
}

function verdictsOf(jobs: readonly SignatureCheck[]): Promise<boolean[]> {
  return withTimeout(pool.verifyAll(jobs), PATIENCE_MS, 'verdicts');
}

function portableVerdicts(jobs: readonly SignatureCheck[]): boolean[] {
  return jobs.map((job) => verifyStrict(job.publicKey, job.message, job.signature));
}

for (const name of ['ed25519-wycheproof', 'ed25519-speccheck']) {
  test(`gives the verdicts of ${name}.json`, async () => {
    const { cases } = JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as {
      cases: { pk: string; msg: string; sig: string; result: string }[];
    };
    const jobs = cases.map(({ pk, msg, sig }) => ({
      publicKey: fromHex(pk),
      message: fromHex(msg),
      signature: fromHex(sig),
    }));
    const expected = cases.map(({ result }) => result === 'valid');
    assert.equal(await verdictsOf(jobs), expected);
    assert.equal(
      jobs.map((job) => verifyNative(job.publicKey, job.message, job.signature)),
      expected,
    );
  });
}

test('agrees with the portable rule on signatures with a few bits flipped', async () => {
  const flip = fc.record({ part: fc.constantFrom('publicKey', 'message', 'signature'), bit: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(flip, { maxLength: 2 }), { minLength: 8, maxLength: 8 }), async (mutations) => {
      const jobs = mutations.map((flips) => {
        const { publicKey, message, signature } = validJob(new Uint8Array(32).fill(1));
        const job = { publicKey: publicKey.slice(), message: message.slice(), signature: signature.slice() };
        for (const { part, bit } of flips) {
          const bytes = job[part as keyof SignatureCheck];
          bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
        }
        return job;
      });
      assert.equal(await verdictsOf(jobs), portableVerdicts(jobs));
    }),
    { numRuns: 20 },
  );
});

test('agrees with the portable rule where A and R have components of small order', async () => {
  const jobs: SignatureCheck[] = [];
  for (let inKey = 0; inKey < 8; inKey++) {
    for (let inNonce = 0; inNonce < 8; inNonce++) {
      for (const [secret, nonce] of [
        [5n, 7n],
        [0n, 7n],
        [5n, 0n],
        [0n, 0n],
      ] as const) {
        jobs.push(oddJob({ secret, nonce, inKey, inNonce }));
      }
    }
  }
  const verdicts = await verdictsOf(jobs);
  assert.equal(verdicts, portableVerdicts(jobs));
  assert.is(verdicts[0], true, 'no component of small order');
  assert.is(verdicts[4], false, 'one in R alone: only a rule with the cofactor would accept it');
});

test('answers in order, however many are asked at once', async () => {
  const good = validJob();
  const bad = { ...good, message: utf8('another') };
  const short = { ...good, signature: good.signature.subarray(1) };
  const jobs = Array.from({ length: 700 }, (_, i) => [good, bad, short][i % 3] as SignatureCheck);
  assert.equal(
    await verdictsOf(jobs),
    jobs.map((job) => job === good),
  );
  assert.equal(await verdictsOf([]), []);
  assert.equal(await verdictsOf([short]), [false]);
  assert.is(pool.queued, 0);
});

test('lets urgent jobs overtake bulk jobs', async () => {
  const finished: string[] = [];
  const bulk = pool.verifyAll(new Array<SignatureCheck>(4_000).fill(validJob())).then(() => finished.push('bulk'));
  const urgent = pool.verify(validJob(), 'urgent').then(() => finished.push('urgent'));
  await withTimeout(Promise.all([bulk, urgent]), PATIENCE_MS, 'both lanes');
  assert.equal(finished, ['urgent', 'bulk']);
});

test('takes none of the jobs that do not fit, and none of the bulk bound from the urgent ones', async () => {
  const job = validJob();
  const flood = pool.verifyAll(new Array<SignatureCheck>(32_000).fill(job)).catch((error: unknown) => error);
  const refused = await pool.verifyAll(new Array<SignatureCheck>(2_000).fill(job)).catch((error: unknown) => error);
  assert.instance(refused, QueueFullError);
  assert.is((refused as QueueFullError).code, 'QUEUE_FULL');
  assert.is(await withTimeout(pool.verify(job, 'urgent'), PATIENCE_MS, 'an urgent job in a flood'), true);
  await pool.close();
  const closed = await withTimeout(flood, PATIENCE_MS, 'the flood to end');
  assert.is((closed as VerifierError).code, 'CLOSED');
  const late = await pool.verify(job).catch((error: unknown) => error);
  assert.is((late as VerifierError).code, 'CLOSED');
  pool = new VerifierPool({ threads: 1 });
});

test('rejects what waits and what comes when a worker dies', async () => {
  // Node announces a worker soon after its start, not in the same turn.
  const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
  await nextTurn();
  const started: Worker[] = [];
  const remember = (worker: Worker) => started.push(worker);
  process.on('worker', remember);
  const dying = new VerifierPool({ threads: 2 });
  const waiting = dying.verifyAll(new Array<SignatureCheck>(1_000).fill(validJob())).catch((error: unknown) => error);
  while (started.length < 2) await nextTurn();
  process.off('worker', remember);
  await started[0]?.terminate();
  const failure = await withTimeout(waiting, PATIENCE_MS, 'the waiting jobs to fail');
  assert.instance(failure, VerifierError);
  assert.is((failure as VerifierError).code, 'WORKER_FAILED');
  assert.is(await dying.verify(validJob()).catch((error: unknown) => error), failure);
  await withTimeout(dying.close(), PATIENCE_MS, 'the dead pool to close');
});

test('keeps an idle process neither alive nor from ending its work', () => {
  const module = JSON.stringify(new URL('../../src/crypto/verifier.ts', import.meta.url).href);
  const script = `
    const { VerifierPool } = await import(${module});
    const pool = new VerifierPool({ threads: 1 });
    const job = { publicKey: new Uint8Array(32), message: new Uint8Array(1), signature: new Uint8Array(64) };
    process.stdout.write(String(await pool.verify(job)));
  `;
  const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
  assert.is(child.stdout, 'false', child.stderr);
  assert.is(child.status, 0);
});

/** A signature made by the equation, with multiples of a point of order 8 added to the key and to R. */
function oddJob(parts: { secret: bigint; nonce: bigint; inKey: number; inNonce: number }): SignatureCheck {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const torsion = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
  const odd = (scalar: bigint, times: number) =>
    Point.BASE.multiplyUnsafe(scalar)
      .add(torsion.multiplyUnsafe(BigInt(times)))
      .toBytes();
  const publicKey = odd(parts.secret, parts.inKey);
  const r = odd(parts.nonce, parts.inNonce);
  const message = randomBytes(16);
  const digest = Buffer.from(sha512(concatBytes(r, publicKey, message))).reverse();
  const s = (parts.nonce + BigInt(`0x${digest.toString('hex')}`) * parts.secret) % order;
  const sBytes = fromHex(s.toString(16).padStart(64, '0')).reverse();
  return { publicKey, message, signature: concatBytes(r, sBytes) };
}

test.run();
