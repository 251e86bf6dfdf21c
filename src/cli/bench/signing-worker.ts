// A thread that signs transfers while nothing is measured.

import { parentPort, workerData } from 'node:worker_threads';
import { type TransferPlan, TransferSigner } from './transfer-signer.ts';

/** Transfers `first … first + count − 1` of a lane; the answer is their bytes in one array. */
export interface SigningJob {
  readonly lane: number;
  readonly first: number;
  readonly count: number;
}

const signer = new TransferSigner(workerData as TransferPlan);

parentPort?.on('message', ({ lane, first, count }: SigningJob) => {
  const encoded = Array.from({ length: count }, (_, index) => signer.sign(lane, first + index));
  const size = encoded[0]?.length ?? 0;
  const packed = new Uint8Array(count * size);
  for (const [index, bytes] of encoded.entries()) packed.set(bytes, index * size);
  parentPort?.postMessage(packed, [packed.buffer]);
});
