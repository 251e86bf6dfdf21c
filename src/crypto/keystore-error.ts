// What can be wrong with a keystore file.

/** Stable: programs branch on these. */
export type KeystoreErrorCode =
  /** the file exists already */
  | 'EXISTS'
  | 'NOT_FOUND'
  /** torn, or no keystore at all */
  | 'MALFORMED'
  | 'UNSUPPORTED_VERSION'
  | 'EMPTY_PASSPHRASE'
  | 'PASSPHRASE_REQUIRED'
  /** or the encrypted part was altered: the two cannot be told apart */
  | 'WRONG_PASSPHRASE'
  /** the key inside is not the one the file names */
  | 'MISMATCH';

/** `message` says what is wrong and what to do. */
export class KeystoreError extends Error {
  override readonly name = 'KeystoreError';
  readonly code: KeystoreErrorCode;

  constructor(code: KeystoreErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
