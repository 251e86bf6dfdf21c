// What was started is stopped in the opposite order, each part even when another fails to stop.

import type { Logger } from '../telemetry/logger.ts';

export class Teardown {
  readonly #steps: { readonly part: string; readonly stop: () => unknown }[] = [];

  /** Remembers how to stop a part that runs now. */
  add(part: string, stop: () => unknown): void {
    this.#steps.push({ part, stop });
  }

  async run(logger: Logger): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.stop();
      } catch (error) {
        logger.error({ err: error, stopping: step.part }, 'a part did not stop cleanly');
      }
    }
  }
}
