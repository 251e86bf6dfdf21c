// The supply of signed transfers: signed by threads before a phase, handed out in order while it runs.

import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { startWorkerThread } from '../../crypto/worker-thread.ts';
import type { SigningJob } from './signing-worker.ts';
import { type TransferPlan, TransferSigner } from './transfer-signer.ts';

/** A message to a thread: a few tenths of a second of work. */
const JOB_TRANSFERS = 4_096;
const MAX_THREADS = 8;

interface Lane {
  /** signed and not yet handed out, oldest first */
  ready: Uint8Array[];
  /** number of the next transfer to sign */
  next: number;
}

export class Transfers {
  readonly #plan: TransferPlan;
  readonly #signer: TransferSigner;
  readonly #lanes: Lane[];
  #signedLate = 0;

  constructor(plan: TransferPlan) {
    this.#plan = plan;
    this.#signer = new TransferSigner(plan);
    this.#lanes = Array.from({ length: plan.lanes }, () => ({ ready: [], next: 0 }));
  }

  /** Transfers that had to be signed while they were sent: there were too few. */
  get signedLate(): number {
    return this.#signedLate;
  }

  /** Signs until every lane has this many. */
  async prepare(perLane: number, signal: AbortSignal): Promise<void> {
    const jobs: SigningJob[] = [];
    for (const [index, lane] of this.#lanes.entries()) {
      for (let missing = perLane - lane.ready.length; missing > 0; missing -= JOB_TRANSFERS) {
        const count = Math.min(missing, JOB_TRANSFERS);
        jobs.push({ lane: index, first: lane.next, count });
        lane.next += count;
      }
    }
    const threads = Math.min(availableParallelism(), MAX_THREADS, jobs.length);
    const results = new Map<SigningJob, Uint8Array>();
    const waiting = [...jobs];
    await Promise.all(
      Array.from({ length: threads }, async () => {
        const worker = startWorkerThread('./signing-worker', import.meta.url, { workerData: this.#plan });
        try {
          for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
            results.set(job, await ask(worker, job, signal));
          }
        } finally {
          await worker.terminate();
        }
      }),
    );
    for (const job of jobs) this.#put(job, results.get(job) as Uint8Array);
  }

  /** The next transfers of a lane, each ssz(SignedTransaction). */
  take(index: number, count: number): Uint8Array[] {
    const lane = this.#lanes[index] as Lane;
    const taken = lane.ready.splice(0, count);
    while (taken.length < count) {
      taken.push(this.#signer.sign(index, lane.next++));
      this.#signedLate++;
    }
    return taken;
  }

  #put({ lane, count }: SigningJob, packed: Uint8Array): void {
    const size = packed.length / count;
    const { ready } = this.#lanes[lane] as Lane;
    for (let start = 0; start < packed.length; start += size) ready.push(packed.subarray(start, start + size));
  }
}

async function ask(worker: Worker, job: SigningJob, signal: AbortSignal): Promise<Uint8Array> {
  worker.postMessage(job);
  const [packed] = await once(worker, 'message', { signal });
  return packed as Uint8Array;
}
