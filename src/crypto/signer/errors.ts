// Why a signer does not sign.

/** Stable: programs branch on these. */
export type SignerErrorCode =
  /** the request breaks a rule; the record and the signer are fine */
  | 'REFUSED'
  | 'RECORD_MISSING'
  /** `create` found a record already there */
  | 'RECORD_EXISTS'
  /** torn or altered: what was signed is no longer known */
  | 'RECORD_CORRUPT'
  /** of another key or another network */
  | 'RECORD_FOREIGN'
  /** the disk failed; this signer signs nothing more until it is opened anew */
  | 'RECORD_IO'
  | 'CLOSED';

/** `message` says what is wrong and what to do. */
export class SignerError extends Error {
  override readonly name = 'SignerError';
  readonly code: SignerErrorCode;

  constructor(code: SignerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
