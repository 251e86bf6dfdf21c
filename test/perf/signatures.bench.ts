// How fast this machine checks Ed25519 signatures, in the ways a node could: the figures of
// docs/decisions/0001-signature-verifier.md. Run: node --import tsx test/perf/signatures.bench.ts

import { createPublicKey, verify as cryptoVerify, type KeyObject, randomBytes } from 'node:crypto';
import { KeyPair, verifyNative } from '../../src/crypto/keys.ts';
import { VerifierPool } from '../../src/crypto/verifier.ts';
import { verifyStrict } from '../../src/primitives/ed25519.ts';
import type { SignatureCheck } from '../../src/primitives/signing.ts';

/** Bytes of a transfer's signing bytes, roughly. */
const MESSAGE_BYTES = 200;
const SENDERS = 256;
const JOBS = 8_192;
const LONE_JOBS = 300;

const pairs = Array.from({ length: SENDERS }, () => KeyPair.generate());
const jobs: SignatureCheck[] = Array.from({ length: JOBS }, (_, i) => {
  const pair = pairs[i % SENDERS] as KeyPair;
  const message = new Uint8Array(randomBytes(MESSAGE_BYTES));
  return { publicKey: pair.publicKey, message, signature: pair.sign(message) };
});
const keyObjects = new Map<Uint8Array, KeyObject>(
  pairs.map(({ publicKey }) => {
    const x = Buffer.from(publicKey).toString('base64url');
    return [publicKey, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })];
  }),
);

function libuvVerify(job: SignatureCheck): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const key = keyObjects.get(job.publicKey) as KeyObject;
    cryptoVerify(null, job.message, key, job.signature, (error, valid) => (error ? reject(error) : resolve(valid)));
  });
}

async function throughput(name: string, run: () => Promise<boolean[]>): Promise<void> {
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const verdicts = await run();
  const ms = performance.now() - start;
  const cpu = process.cpuUsage(cpuBefore);
  if (verdicts.includes(false)) throw new Error(`${name} refused a valid signature`);
  const perSecond = Math.round((verdicts.length / ms) * 1000);
  const cpuMicros = ((cpu.user + cpu.system) / verdicts.length).toFixed(0);
  process.stdout.write(`${name.padEnd(44)} ${String(perSecond).padStart(7)} /s   ${cpuMicros} µs CPU each\n`);
}

async function latency(name: string, run: () => Promise<boolean> | boolean): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < LONE_JOBS; i++) {
    const start = performance.now();
    await run();
    times.push((performance.now() - start) * 1000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  times.sort((a, b) => a - b);
  const p = (share: number) => (times[Math.floor(share * times.length)] as number).toFixed(0);
  process.stdout.write(`${name.padEnd(44)} p50 ${p(0.5)} µs   p99 ${p(0.99)} µs\n`);
}

const lone = jobs[0] as SignatureCheck;
const few = jobs.slice(0, 256);

await throughput('portable verifyStrict, main thread', async () =>
  few.map((job) => verifyStrict(job.publicKey, job.message, job.signature)),
);
await throughput('sodium, main thread', async () =>
  jobs.map((job) => verifyNative(job.publicKey, job.message, job.signature)),
);
await throughput('libuv crypto.verify, cached JWK keys', () => Promise.all(jobs.map(libuvVerify)));
await latency('lone job: sodium, main thread', () => verifyNative(lone.publicKey, lone.message, lone.signature));
await latency('lone job: libuv crypto.verify', () => libuvVerify(lone));

for (const threads of [1, 2]) {
  const pool = new VerifierPool({ threads });
  const workers = `${threads} worker${threads > 1 ? 's' : ''}`;
  await pool.verifyAll(jobs.slice(0, 1024));
  await throughput(`sodium, ${workers}, one call`, () => pool.verifyAll(jobs));
  await throughput(`sodium, ${workers}, one call a signature`, () => Promise.all(jobs.map((job) => pool.verify(job))));
  await latency(`lone job: sodium, ${workers}`, () => pool.verify(lone, 'urgent'));
  await latency(`4 jobs: sodium, ${workers}`, async () =>
    (await pool.verifyAll(jobs.slice(0, 4), 'urgent')).every(Boolean),
  );
  await urgentUnderLoad(pool, workers);
  await pool.close();
}

/** Keeps the workers saturated with bulk jobs and times lone urgent ones among them. */
async function urgentUnderLoad(pool: VerifierPool, workers: string): Promise<void> {
  let stop = false;
  const load = (async () => {
    while (!stop) await Promise.all([pool.verifyAll(jobs.slice(0, 512)), pool.verifyAll(jobs.slice(512, 1024))]);
  })();
  await latency(`lone urgent job among bulk: ${workers}`, () => pool.verify(lone, 'urgent'));
  stop = true;
  await load;
}
