// One line in the log for what was finalized, at most one a second however fast the chain goes.

import type { FinalizedEvent } from '../chain/types.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Below the heartbeat of an idle chain, so that each of its blocks has a line. */
const INTERVAL_MS = 900;

export class FinalityLog {
  readonly #logger: Logger;
  #blocks = 0;
  #transactions = 0;
  #lastLineAt = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  finalized({ hash, block, envelopes }: FinalizedEvent): void {
    this.#blocks++;
    this.#transactions += envelopes.length;
    const now = performance.now();
    if (this.#lastLineAt !== 0 && now - this.#lastLineAt < INTERVAL_MS) return;
    this.#logger.info(
      { height: block.header.height, hash: toHex(hash), blocks: this.#blocks, transactions: this.#transactions },
      'finalized',
    );
    this.#blocks = 0;
    this.#transactions = 0;
    this.#lastLineAt = now;
  }
}
