// Signature verification off the main thread: worker threads that call libsodium on packed batches. A batch leaves as
// soon as a worker has room for it and gathers only while all are busy, so a lone signature never waits for a timer.
// Which signatures are valid is decided in primitives/ed25519.ts; nothing here may widen or narrow that.

import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../primitives/ed25519.ts';
import type { SignatureCheck } from '../primitives/signing.ts';
import { packBatch, verdictsOf } from './signature-batch.ts';
import type { BatchMessage, VerifierWorkerData } from './verifier-worker.ts';
import { startWorkerThread } from './worker-thread.ts';

/** `urgent` (votes, proposals, certificates) overtakes `bulk` (transactions), even inside a batch under way. */
export type Priority = 'urgent' | 'bulk';

interface LaneLimits {
  /** Jobs in one message to a worker. */
  readonly batch: number;
  /** Batches that one worker may hold. */
  readonly depth: number;
  /** Jobs waiting for a worker; owners bound the bytes behind them (mempool, gossip and block limits). */
  readonly queue: number;
}

const LANES: Readonly<Record<Priority, LaneLimits>> = {
  // One batch at a time, so that bulk jobs run between urgent batches and are never starved.
  // The queue holds the four fullest blocks of unknown transactions: consensus can't do without any of them.
  urgent: { batch: 32, depth: 1, queue: 65_536 },
  // A message costs about 40 µs of the main thread, 64 signatures about 5 ms of a worker; the second batch keeps the
  // worker busy while the main thread does something else. The queue holds the two fullest blocks.
  bulk: { batch: 64, depth: 2, queue: 32_768 },
};

/** A few jobs are split among the workers down to this many each: below it a message costs more than it saves. */
const MIN_SHARE = 4;

/** The jobs do not fit into the lane's queue: none of them was taken. Retry later or shed load. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
  readonly code = 'QUEUE_FULL';
}

/** `CLOSED`: the pool was closed. `WORKER_FAILED`: a worker died; the pool is dead, `cause` says why. */
export class VerifierError extends Error {
  override readonly name = 'VerifierError';
  readonly code: 'CLOSED' | 'WORKER_FAILED';

  constructor(code: VerifierError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Jobs that one caller waits for together. */
interface Request {
  readonly verdicts: boolean[];
  open: number;
  readonly resolve: (verdicts: boolean[]) => void;
  readonly reject: (error: Error) => void;
}

interface QueuedJob {
  readonly job: SignatureCheck;
  readonly request: Request;
  readonly index: number;
}

interface Member {
  readonly worker: Worker;
  readonly urgentPort: MessagePort;
  readonly load: Record<Priority, number>;
}

interface SentBatch {
  readonly member: Member;
  readonly lane: Priority;
  readonly jobs: readonly QueuedJob[];
}

export class VerifierPool {
  readonly #members: Member[] = [];
  readonly #waiting: Record<Priority, QueuedJob[]> = { urgent: [], bulk: [] };
  readonly #sent = new Map<number, SentBatch>();
  #nextBatchId = 0;
  #failure: VerifierError | undefined;

  /** @param options.threads workers to start, at least 1: the cores that may be spent on signatures. */
  constructor(options: { readonly threads: number }) {
    for (let i = 0; i < options.threads; i++) this.#members.push(this.#startMember());
  }

  /** Jobs waiting for a worker, both priorities. */
  get queued(): number {
    return this.#waiting.urgent.length + this.#waiting.bulk.length;
  }

  /** Like `verifyAll` for one job. */
  async verify(job: SignatureCheck, priority: Priority = 'bulk'): Promise<boolean> {
    const [verdict] = await this.verifyAll([job], priority);
    return verdict === true;
  }

  /**
   * One verdict for each job, in order. The bytes must not change until then.
   * @throws {QueueFullError} when the lane has no room for all of them; none was taken.
   * @throws {VerifierError} when the pool is closed or a worker died.
   */
  async verifyAll(jobs: readonly SignatureCheck[], priority: Priority = 'bulk'): Promise<boolean[]> {
    if (this.#failure !== undefined) throw this.#failure;
    const queue = this.#waiting[priority];
    const bound = LANES[priority].queue;
    if (queue.length + jobs.length > bound) {
      throw new QueueFullError(`${queue.length} of ${bound} ${priority} signatures wait, no room for ${jobs.length}`);
    }
    return new Promise((resolve, reject) => {
      const request: Request = { verdicts: new Array(jobs.length).fill(false), open: 0, resolve, reject };
      jobs.forEach((job, index) => {
        if (!hasRightLengths(job)) return;
        queue.push({ job, request, index });
        request.open += 1;
      });
      if (request.open === 0) resolve(request.verdicts);
      else this.#dispatch(priority);
    });
  }

  /** Stops the workers; jobs without a verdict reject with `CLOSED`. */
  async close(): Promise<void> {
    this.#fail(new VerifierError('CLOSED', 'the signature verifier was closed'));
    await Promise.all(this.#members.map((member) => member.worker.terminate()));
  }

  #startMember(): Member {
    const { port1, port2 } = new MessageChannel();
    const workerData: VerifierWorkerData = { urgent: port2 };
    const worker = startWorkerThread('./verifier-worker', import.meta.url, { workerData, transferList: [port2] });
    const member: Member = { worker, urgentPort: port1, load: { urgent: 0, bulk: 0 } };
    worker.on('message', (batch: BatchMessage) => this.#settle(batch));
    worker.on('error', (cause) => this.#failWorker('a signature worker crashed', cause));
    worker.on('exit', (code) => this.#failWorker(`a signature worker exited with code ${code}`, undefined));
    worker.unref();
    return member;
  }

  #dispatch(lane: Priority): void {
    const limits = LANES[lane];
    const queue = this.#waiting[lane];
    while (queue.length > 0) {
      const member = this.#leastLoaded(lane);
      if (member === undefined || member.load[lane] >= limits.depth) return;
      const share = Math.max(MIN_SHARE, Math.ceil(queue.length / this.#members.length));
      this.#send(member, lane, queue.splice(0, Math.min(limits.batch, share)));
    }
  }

  #leastLoaded(lane: Priority): Member | undefined {
    let best: Member | undefined;
    for (const member of this.#members) {
      if (best === undefined || member.load[lane] < best.load[lane]) best = member;
    }
    return best;
  }

  #send(member: Member, lane: Priority, jobs: readonly QueuedJob[]): void {
    const id = this.#nextBatchId++;
    const buffer = packBatch(jobs.map((queued) => queued.job));
    const batch: BatchMessage = { id, buffer };
    // A worker with work keeps the process alive, an idle one does not.
    if (isIdle(member)) member.worker.ref();
    member.load[lane] += 1;
    this.#sent.set(id, { member, lane, jobs });
    const port = lane === 'urgent' ? member.urgentPort : member.worker;
    port.postMessage(batch, [buffer]);
  }

  #settle(batch: BatchMessage): void {
    const sent = this.#sent.get(batch.id);
    if (sent === undefined) return; // already rejected: the pool was closed
    this.#sent.delete(batch.id);
    sent.member.load[sent.lane] -= 1;
    if (isIdle(sent.member)) sent.member.worker.unref();
    this.#dispatch(sent.lane); // the worker first, then the callers
    const verdicts = verdictsOf(batch.buffer);
    sent.jobs.forEach(({ request, index }, i) => {
      request.verdicts[index] = verdicts[i] === 1;
      request.open -= 1;
      if (request.open === 0) request.resolve(request.verdicts);
    });
  }

  #failWorker(message: string, cause: unknown): void {
    this.#fail(new VerifierError('WORKER_FAILED', message, { cause }));
  }

  /** The first failure is final: every job without a verdict rejects with it, and so does every later call. */
  #fail(failure: VerifierError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    const jobs = [...this.#waiting.urgent, ...this.#waiting.bulk];
    for (const sent of this.#sent.values()) jobs.push(...sent.jobs);
    this.#waiting.urgent = [];
    this.#waiting.bulk = [];
    this.#sent.clear();
    for (const request of new Set(jobs.map((queued) => queued.request))) request.reject(failure);
    for (const member of this.#members) member.urgentPort.close();
  }
}

function isIdle(member: Member): boolean {
  return member.load.urgent === 0 && member.load.bulk === 0;
}

function hasRightLengths(job: SignatureCheck): boolean {
  return job.publicKey.length === PUBLIC_KEY_BYTES && job.signature.length === SIGNATURE_BYTES;
}
