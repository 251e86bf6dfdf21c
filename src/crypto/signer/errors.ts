// Why a signer does not sign.

import type { Place } from './entry.ts';

/** Stable: programs branch on these, and a remote signer sends their position in the list: append only. */
export const SIGNER_ERROR_CODES = [
  /** the request breaks a rule; the record and the signer are fine */
  'REFUSED',
  'RECORD_MISSING',
  /** a record is there already */
  'RECORD_EXISTS',
  /** torn or altered: what was signed is no longer known */
  'RECORD_CORRUPT',
  /** of another key or another network */
  'RECORD_FOREIGN',
  /** the disk failed; this signer signs nothing more until it is opened anew */
  'RECORD_IO',
  'CLOSED',
  /** a signature of the key was seen that the record lacks; nothing is signed until the operator has dealt with it */
  'COPIED',
  /** the record was exported: another host signs with the key */
  'SEALED',
  /** the network must be listened to first; `listenMs` says for how long */
  'LISTENING',
  /** a remote signer does not answer, or not in time */
  'UNREACHABLE',
  /** no export of a signer, or a damaged one */
  'EXPORT_MALFORMED',
  'EXPORT_EXISTS',
  /** a signer process holds another key than the validator has in this epoch; in another epoch it may be the right one */
  'OTHER_KEY',
] as const;
export type SignerErrorCode = (typeof SIGNER_ERROR_CODES)[number];

export interface SignerErrorOptions extends ErrorOptions {
  /** with LISTENING */
  readonly listenMs?: number;
}

/** `message` says what is wrong and what to do. */
export class SignerError extends Error {
  override readonly name = 'SignerError';
  readonly code: SignerErrorCode;
  /** How long the network must be listened to before this signer signs (ms); with LISTENING. */
  readonly listenMs: number | undefined;

  constructor(code: SignerErrorCode, message: string, options: SignerErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.listenMs = options.listenMs;
  }

  /** Whether the same request may succeed later without anybody's help. */
  get isTransient(): boolean {
    return this.code === 'UNREACHABLE' || this.code === 'LISTENING';
  }
}

const RECOVER = '`aitbc-node signer recover` makes it sign again';

/** @param foreign where a signature was seen that the record lacks */
export function copied({ epoch, slot }: Place): SignerError {
  return new SignerError(
    'COPIED',
    `the validator's key has signed in epoch ${epoch}, slot ${slot}, and this signer has not: the key is in use ` +
      'elsewhere, or this record is an old copy. Two that sign contradict each other, so this one has stopped for good. ' +
      `Stop the other one; then ${RECOVER}`,
  );
}

export function sealed(file: string): SignerError {
  return new SignerError(
    'SEALED',
    `the signer's record ${file} was exported, so that another host signs with this key. Set validator_key: none to ` +
      'follow the chain here. To bring the validator back, export it there and import it here with `aitbc-node signer import`',
  );
}

/** How a signer comes back whose record is of no use. */
export function recoverHint(): string {
  return `When no other copy of the key signs, ${RECOVER}, above everything it may have signed`;
}
