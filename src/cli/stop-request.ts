// When a long-running command should stop: a signal, or the end of the process that started it. A second signal
// ends the process at once, in the way that the operating system does (exit code 130 for Ctrl-C).

import { CliError } from './errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * One Ctrl-C can arrive twice, from the terminal and passed on by npx or timeout. People take longer than this (ms).
 */
const SAME_SIGNAL_MS = 200;

export type StopReason = (typeof SIGNALS)[number] | 'parent ended';

export class StopRequest {
  /** Resolves once, with the first reason. */
  readonly requested: Promise<StopReason>;
  #request: (reason: StopReason) => void = () => undefined;
  readonly #atOnce: () => void;
  #withParent = false;
  #signalled = false;
  #closed = false;

  /** @param atOnce what a second signal does before it ends this process. */
  constructor(atOnce: () => void = () => undefined) {
    this.#atOnce = atOnce;
    this.requested = new Promise((resolve) => {
      this.#request = resolve;
    });
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals) => {
    if (this.#signalled) return;
    this.#signalled = true;
    setTimeout(() => this.#listenAgain(), SAME_SIGNAL_MS).unref();
    this.#request(signal as StopReason);
  };

  #listenAgain(): void {
    if (this.#closed) return;
    this.#ignoreSignals();
    for (const signal of SIGNALS) process.once(signal, this.#onSecondSignal);
  }

  readonly #onSecondSignal = (signal: NodeJS.Signals) => {
    this.#ignoreSignals();
    this.#atOnce();
    process.kill(process.pid, signal);
  };

  readonly #onDisconnect = () => this.#request('parent ended');

  /**
   * Stops too when the channel to the parent closes, so that nothing outlives a killed parent.
   * @throws {CliError} when the parent opened none.
   */
  withParent(): void {
    if (process.send === undefined) throw new CliError('usage', '--stop-with-parent needs a parent with a channel');
    this.#withParent = true;
    process.once('disconnect', this.#onDisconnect);
    if (!process.connected) this.#onDisconnect();
  }

  /** Stops listening, and lets the process end by itself. */
  close(): void {
    this.#closed = true;
    this.#ignoreSignals();
    process.off('disconnect', this.#onDisconnect);
    // An open channel would keep this process alive.
    if (this.#withParent && process.connected) process.disconnect();
  }

  #ignoreSignals(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal).off(signal, this.#onSecondSignal);
  }
}
