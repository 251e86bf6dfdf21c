// When a long-running command should stop: a signal, or the end of the process that started it. The second signal
// finds no listener any more, so that the operating system ends the process at once (exit code 130 for Ctrl-C).

import { CliError } from './errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export type StopReason = (typeof SIGNALS)[number] | 'parent ended';

export class StopRequest {
  /** Resolves once, with the first reason. */
  readonly requested: Promise<StopReason>;
  #request: (reason: StopReason) => void = () => undefined;
  #withParent = false;

  constructor() {
    this.requested = new Promise((resolve) => {
      this.#request = resolve;
    });
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals) => {
    this.#ignoreSignals();
    this.#request(signal as StopReason);
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
    this.#ignoreSignals();
    process.off('disconnect', this.#onDisconnect);
    // An open channel would keep this process alive.
    if (this.#withParent && process.connected) process.disconnect();
  }

  #ignoreSignals(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}
