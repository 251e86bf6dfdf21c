// Waiting in end-to-end tests: always for a condition, never for a time, and always bounded. The bounds are far above what
// an idle machine needs, because what is tested is that something happens, not how soon.

import { setTimeout as sleep } from 'node:timers/promises';
import { withTimeout } from '../../helpers/timeout.ts';

/** For a process to start or end, and for a chain with enough validators to do anything at all. */
export const PATIENCE_MS = 60_000;
const POLL_MS = 50;

/**
 * Polls until `probe` gives something else than undefined or false. A probe that throws has not succeeded yet, since a
 * node that was just killed or started does not answer; what it threw last is told when time is up.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  milliseconds: number = PATIENCE_MS,
): Promise<T> {
  let over = false;
  let trouble = '';
  const poll = async (): Promise<T> => {
    while (!over) {
      try {
        const found = await probe();
        if (found !== undefined && found !== false) return found;
        trouble = '';
      } catch (error) {
        trouble = `; the last attempt failed: ${String(error)}`;
      }
      await sleep(POLL_MS);
    }
    throw new Error('nobody waits any more');
  };
  try {
    return await withTimeout(poll(), milliseconds, what);
  } catch (error) {
    throw new Error(`${(error as Error).message}${trouble}`);
  } finally {
    over = true;
  }
}

/** Runs `work` for every item, at most `width` at once. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const rest = items.entries();
  const lane = async () => {
    for (const [index, item] of rest) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}
