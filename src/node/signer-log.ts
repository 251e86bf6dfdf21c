// What the operator hears of the signer: loud once where somebody must act, calm and rare where votes are merely lost,
// as after the loss of a journal or while a remote signer restarts.

import type { Logger } from '../telemetry/logger.ts';

/** Calm messages of one kind are this far apart at least (ms). */
const CALM_INTERVAL_MS = 60_000;

/** Codes of a signer that signs again by itself, and what is said of it. */
const CALM: Readonly<Record<string, string>> = {
  REFUSED:
    'the signer refused to sign; expected for a while after a journal was lost, for it remembers more than consensus',
  UNREACHABLE: 'the signer does not answer; this validator does not vote until it does',
  OTHER_KEY:
    'the signer holds another key than this validator has in this epoch; it does not vote until they are the same',
  LISTENING: 'listening to the network before the first signature, so that no other copy of the key is at work',
};

export interface SignerLogOptions {
  readonly logger: Logger;
  /** ms */
  readonly now: () => number;
  /** each failure, by its code */
  readonly onFailure: (code: string) => void;
  /** The signer signs nothing more until somebody helps; told once for each reason. */
  readonly onStopped: (error: Error) => void;
}

export class SignerLog {
  readonly #o: SignerLogOptions;
  /** by code: when it was told last, and how often it has happened since */
  readonly #told = new Map<string, { at: number; since: number }>();

  constructor(options: SignerLogOptions) {
    this.#o = options;
  }

  failed(error: Error): void {
    const { logger, now, onFailure, onStopped } = this.#o;
    const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
    onFailure(code);
    const calm = CALM[code];
    const told = this.#told.get(code);
    if (calm === undefined) {
      if (told !== undefined) return;
      this.#told.set(code, { at: now(), since: 0 });
      logger.error({ err: error }, 'this validator does not sign any more');
      return onStopped(error);
    }
    if (told !== undefined && now() - told.at < CALM_INTERVAL_MS) {
      told.since++;
      return;
    }
    this.#told.set(code, { at: now(), since: 0 });
    logger.warn({ code, reason: error.message, ...(told?.since ? { more: told.since } : {}) }, calm);
  }
}
