// The wall clock of one node process, which a test can set wrong while the node runs and while it does not.

import { renameSync, writeFileSync } from 'node:fs';

const HOOK = new URL('./clock-hook.js', import.meta.url).href;

export class NodeClock {
  readonly #file: string;

  /** @param file where the offset is kept for the process */
  constructor(file: string) {
    this.#file = file;
    this.set(0);
  }

  /** For the process, which follows within a tenth of a second. */
  get environment(): Record<string, string> {
    return { NODE_OPTIONS: `--import ${HOOK}`, AITBC_TEST_CLOCK_FILE: this.#file };
  }

  /** @param offset milliseconds ahead of the true time */
  set(offset: number): void {
    // Put in place whole: the process may read at any moment.
    writeFileSync(`${this.#file}.new`, String(offset));
    renameSync(`${this.#file}.new`, this.#file);
  }
}
