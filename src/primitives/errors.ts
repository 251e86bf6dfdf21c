// What was thrown may be anything.

/** Any thrown value as an Error, for whatever takes one. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
