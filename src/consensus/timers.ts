// Timers that end together: those of one instance with it, those of the driver with the node.

import type { Clock } from './ports.ts';

export class Timers {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #cancels = new Set<() => void>();
  #over = false;

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** Calls back unless these timers have ended by then. */
  after(milliseconds: number, call: () => void): void {
    if (this.#over) return;
    const cancel = this.#clock.after(milliseconds, () => {
      this.#cancels.delete(cancel);
      call();
    });
    this.#cancels.add(cancel);
  }

  end(): void {
    this.#over = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}
