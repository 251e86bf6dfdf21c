// How a batch of signatures crosses to a worker and its verdicts come back: one ArrayBuffer that is transferred, never
// copied. Both ends are this program, so nothing is validated here.
//
//   count u32 · message lengths u32 × count · public keys 32 × count · signatures 64 × count · messages
//
// The worker writes each verdict (0 or 1) over the message length of its job and sends the same buffer back.

import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../primitives/ed25519.ts';
import type { SignatureCheck } from '../primitives/signing.ts';

const WORD = 4;

/** @param jobs with keys and signatures of the right lengths. */
export function packBatch(jobs: readonly SignatureCheck[]): ArrayBuffer {
  const count = jobs.length;
  let size = WORD + count * (WORD + PUBLIC_KEY_BYTES + SIGNATURE_BYTES);
  for (const job of jobs) size += job.message.length;
  const buffer = new ArrayBuffer(size);
  const words = new Uint32Array(buffer, 0, 1 + count);
  const bytes = new Uint8Array(buffer);
  words[0] = count;
  let key = WORD + count * WORD;
  let signature = key + count * PUBLIC_KEY_BYTES;
  let message = signature + count * SIGNATURE_BYTES;
  for (let i = 0; i < count; i++) {
    const job = jobs[i] as SignatureCheck;
    words[1 + i] = job.message.length;
    bytes.set(job.publicKey, key);
    bytes.set(job.signature, signature);
    bytes.set(job.message, message);
    key += PUBLIC_KEY_BYTES;
    signature += SIGNATURE_BYTES;
    message += job.message.length;
  }
  return buffer;
}

export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** Replaces the message lengths of a packed batch by verdicts; `between` runs before each job. */
export function judgeBatch(buffer: ArrayBuffer, verify: Verify, between: () => void): void {
  const count = new Uint32Array(buffer, 0, 1)[0] as number;
  const words = new Uint32Array(buffer, WORD, count);
  let key = WORD + count * WORD;
  let signature = key + count * PUBLIC_KEY_BYTES;
  let message = signature + count * SIGNATURE_BYTES;
  for (let i = 0; i < count; i++) {
    between();
    const length = words[i] as number;
    const valid = verify(
      new Uint8Array(buffer, key, PUBLIC_KEY_BYTES),
      new Uint8Array(buffer, message, length),
      new Uint8Array(buffer, signature, SIGNATURE_BYTES),
    );
    words[i] = valid ? 1 : 0;
    key += PUBLIC_KEY_BYTES;
    signature += SIGNATURE_BYTES;
    message += length;
  }
}

/** The verdicts of a judged batch, in the order of its jobs. */
export function verdictsOf(buffer: ArrayBuffer): Uint32Array {
  const count = new Uint32Array(buffer, 0, 1)[0] as number;
  return new Uint32Array(buffer, WORD, count);
}
