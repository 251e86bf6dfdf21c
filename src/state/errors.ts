// Errors of the state tree and its overlays. Each is either a caller's mistake or a damaged store; none is a peer's doing.

export type StateErrorCode =
  /** a change to an overlay after `seal()` */
  | 'SEALED'
  /** root or changes asked of an overlay, or of an overlay's parent, before `seal()` */
  | 'NOT_SEALED'
  /** the new parent has not the state of the old one */
  | 'ROOT_MISMATCH'
  /** a stored page that this program did not write */
  | 'CORRUPT_PAGE'
  /** a page names a page below it that the source does not have */
  | 'MISSING_PAGE'
  /** one key twice among the entries of a state */
  | 'DUPLICATE_KEY';

export class StateError extends Error {
  override readonly name = 'StateError';
  readonly code: StateErrorCode;

  constructor(code: StateErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
