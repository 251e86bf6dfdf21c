// What this node makes of its own clock when those of its peers say something else: it warns, and when it is too far
// ahead proposes nothing, since nobody would vote for it in time. Votes go on: they do not depend on a clock being right.

import { MAX_CLOCK_AHEAD } from '../consensus/voter.ts';
import type { ClockOffset } from '../network/peer-clocks.ts';
import type { Parameters } from '../primitives/parameters.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Half of what others allow a proposal to be ahead: there is still time to mend it. */
const WARN_MS = MAX_CLOCK_AHEAD / 2;

type State = 'right' | 'off' | 'wrong';

export interface ClockWatchOptions {
  readonly network: { readonly clockOffset: ClockOffset };
  /** of the present epoch */
  readonly parameters: () => Pick<Parameters, 'messageDelay'>;
  /** whether this node finalizes blocks without anyone else: then nobody else's clock matters */
  readonly isAlone: () => boolean;
  readonly logger: Logger;
}

export class ClockWatch {
  readonly #o: ClockWatchOptions;
  #told: State = 'right';

  constructor(options: ClockWatchOptions) {
    this.#o = options;
  }

  /**
   * Others vote for a proposal at once while its time is at most MAX_CLOCK_AHEAD past theirs; it takes a message's delay
   * to reach them. A clock that is behind harms no proposal: its time is past its parent's in any case. Only configured
   * peers can keep this node from proposing, or strangers could.
   */
  get mayPropose(): boolean {
    return this.#state !== 'wrong' || this.#o.isAlone();
  }

  /** For people; undefined while the clock is right. */
  get complaint(): string | undefined {
    return this.#state === 'right' ? undefined : this.#words;
  }

  /** News of a peer's clock: what has changed is logged. */
  look(): void {
    const state = this.#state;
    if (state === this.#told) return;
    this.#told = state;
    const { logger } = this.#o;
    if (state === 'right') logger.info('the clock agrees with those of the peers');
    else logger.warn(`${this.#words}. Check the time service of this machine`);
  }

  get #state(): State {
    const { certainMs, configured } = this.#o.network.clockOffset;
    if (Math.abs(certainMs) <= WARN_MS) return 'right';
    return configured && certainMs > MAX_CLOCK_AHEAD + this.#o.parameters().messageDelay ? 'wrong' : 'off';
  }

  get #words(): string {
    const { ms, peers } = this.#o.network.clockOffset;
    const consequence = this.mayPropose ? '' : ': this node proposes no blocks';
    const seconds = (Math.abs(ms) / 1000).toFixed(1);
    return `the clock is ${seconds} s ${ms > 0 ? 'ahead of' : 'behind'} the median of ${peers} peers${consequence}`;
  }
}
