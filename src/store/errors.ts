// What can go wrong in the store, as one error class with stable codes. Text for people is made here;
// nobody above ever sees an error of the database library itself.

export type StoreErrorCode =
  /** another process, or this one, has the directory open */
  | 'LOCKED'
  /** the directory belongs to a chain with another genesis */
  | 'WRONG_GENESIS'
  /** what is on disk contradicts itself */
  | 'CORRUPT'
  /** the disk or the file system refused; after a failed write nothing more is written */
  | 'IO'
  /** more is waiting to be written than may wait */
  | 'BUSY';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Turns what LevelDB or the file system threw into a StoreError; a StoreError stays what it is.
 * @param doing completes the sentence "could not …".
 */
export function toStoreError(error: unknown, doing: string): StoreError {
  if (error instanceof StoreError) return error;
  const root = rootCause(error);
  const code = codeOf(root) === 'LEVEL_CORRUPTION' ? 'CORRUPT' : 'IO';
  const reason = root instanceof Error ? root.message : String(root);
  return new StoreError(code, `could not ${doing}: ${reason}`, { cause: error });
}

/** The library wraps what LevelDB said in an error of its own; the code that matters is the innermost one's. */
export function rootCause(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  return root;
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
