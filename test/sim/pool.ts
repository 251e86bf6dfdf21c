// Runs many worlds in as many processes as there are cores. A world is decided by its draw alone, so nothing depends on
// who runs it or when.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Draw } from './simulate.ts';
import type { WorldResult } from './world.ts';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

export interface Outcome {
  readonly draw: Draw;
  readonly result?: WorldResult;
  /** message: with its stack */
  readonly failure?: { readonly rule: string; readonly timeline: string; readonly message: string };
}

/** @param onOutcome called in the order in which worlds end @throws when a process dies */
export async function runAll(draws: Iterable<Draw>, onOutcome: (outcome: Outcome) => void): Promise<void> {
  const queue = draws[Symbol.iterator]();
  const lanes = Array.from({ length: availableParallelism() }, () => lane(queue, onOutcome));
  await Promise.all(lanes);
}

async function lane(queue: Iterator<Draw>, onOutcome: (outcome: Outcome) => void): Promise<void> {
  let next = queue.next();
  if (next.done) return;
  const worker = fork(WORKER, { execArgv: ['--max-semi-space-size=64', '--import', 'tsx'] });
  try {
    for (; !next.done; next = queue.next()) onOutcome(await ask(worker, next.value));
  } finally {
    worker.disconnect();
  }
}

async function ask(worker: ChildProcess, draw: Draw): Promise<Outcome> {
  const over = new AbortController();
  const { signal } = over;
  try {
    const answer = once(worker, 'message', { signal });
    const death = once(worker, 'exit', { signal }).then(([code]) => {
      throw new Error(`the process of seed ${draw.seed}, n=${draw.nodes} ended with code ${code}`);
    });
    worker.send(draw);
    const [outcome] = await Promise.race([answer, death]);
    return outcome;
  } finally {
    over.abort();
  }
}
