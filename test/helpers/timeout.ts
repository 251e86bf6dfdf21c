// uvu has no time limits of its own: what a test waits for is wrapped in one, so that a hang is a failure with a name.

/**
 * Resolves or rejects with `promise`, or rejects when `milliseconds` have passed.
 * @param what names the thing waited for in the error.
 */
export async function withTimeout<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out after ${milliseconds} ms: ${what}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
