// A time limit and a caller's signal for one step of work. AbortSignal.any and AbortSignal.timeout keep their listeners
// and timers until they fire; here both are let go as soon as the step is done.

import { NetworkError } from './errors.ts';

/**
 * Runs `work` with a signal that fires after the time or together with `parent`.
 * @param what names the work in the error.
 * @throws {NetworkError} TIMEOUT, if `work` heeds the signal; else what `work` throws.
 */
export async function withDeadline<T>(
  milliseconds: number,
  what: string,
  parent: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  parent.throwIfAborted();
  const controller = new AbortController();
  const cancel = () => controller.abort(parent.reason);
  const timer = setTimeout(() => {
    controller.abort(new NetworkError('TIMEOUT', `${what}: nothing for ${milliseconds} ms`));
  }, milliseconds);
  parent.addEventListener('abort', cancel, { once: true });
  try {
    return await work(controller.signal);
  } catch (error) {
    // libraries throw an AbortError of their own in place of the reason
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    parent.removeEventListener('abort', cancel);
  }
}
