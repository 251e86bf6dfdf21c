// Whether this node is well, and how far it has come: what load balancers, operators and scripts ask.

import type { Chain } from '../chain/chain.ts';
import type { Network } from '../network/network.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { baseTimeout } from '../primitives/parameters.ts';
import type { Health, HealthSource, SyncStatus } from '../rpc/dependencies.ts';
import { CATCH_UP_DISTANCE, type CatchUp } from '../sync/catch-up.ts';
import type { ClockWatch } from './clock-watch.ts';

/** A chain without a new final block for this many first timers is stalled: several leaders in a row have failed. */
const STALLED_AFTER_TIMEOUTS = 5;

export interface HealthOptions {
  readonly chain: Pick<Chain, 'head'>;
  readonly network: Pick<Network, 'peers'>;
  readonly catchUp: Pick<CatchUp, 'status'>;
  readonly clock: Pick<ClockWatch, 'complaint'>;
  /** of the present epoch */
  readonly parameters: () => Parameters;
  /** whether this node can finalize blocks without anyone else */
  readonly isAlone: () => boolean;
  /** ms of a clock that is never set back: a stalled chain must not look well because somebody corrected the time */
  readonly now: () => number;
  /** ms since 1970 */
  readonly wallClock: () => number;
}

export class NodeHealth implements HealthSource {
  readonly #o: HealthOptions;
  #lastFinalAt: number;
  #failure: Error | undefined;
  #signerStop: Error | undefined;
  #draining = false;

  constructor(options: HealthOptions) {
    this.#o = options;
    this.#lastFinalAt = options.now();
  }

  finalized(): void {
    this.#lastFinalAt = this.#o.now();
  }

  failed(error: Error): void {
    this.#failure = error;
  }

  signerStopped(error: Error): void {
    this.#signerStop = error;
  }

  draining(): void {
    this.#draining = true;
  }

  health(): Health {
    const reasons: string[] = [];
    if (this.#failure !== undefined) reasons.push(`stopped: ${this.#failure.message}`);
    const silence = this.#o.now() - this.#lastFinalAt;
    if (silence > STALLED_AFTER_TIMEOUTS * baseTimeout(this.#o.parameters())) {
      reasons.push(`no block was finalized for ${Math.round(silence / 1000)} s`);
    }
    if (!this.#o.isAlone() && this.#o.network.peers().length === 0) reasons.push('no peers');
    const works = reasons.length === 0;
    // What this node serves is none the worse for it.
    if (this.#signerStop !== undefined) reasons.push(`the validator does not sign: ${this.#signerStop.message}`);
    const { refusal } = this.#o.catchUp.status;
    if (refusal !== undefined) reasons.push(`does not catch up: ${refusal}`);
    const { complaint } = this.#o.clock;
    if (complaint !== undefined) reasons.push(complaint);
    const healthy = reasons.length === 0;
    const behind = this.#behind();
    if (behind) reasons.push('catching up');
    if (this.#draining) reasons.push('stopping');
    return { healthy, ready: works && !behind && !this.#draining, reasons };
  }

  syncStatus(): SyncStatus {
    const head = this.#o.chain.head.header.height;
    const { target: claimed, blocksPerSecond, snapshot } = this.#o.catchUp.status;
    const behind = this.#behind();
    const target = behind || snapshot !== undefined ? claimed : Math.min(claimed, head + CATCH_UP_DISTANCE);
    if (snapshot !== undefined) {
      // What there is to fetch is what peers say.
      const left = Math.max(0, snapshot.totalBytes - snapshot.bytes);
      return {
        head,
        target,
        peers: this.#o.network.peers().length,
        phase: 'snapshot',
        progress: snapshot.totalBytes === 0 ? 0 : Math.min(1, snapshot.bytes / snapshot.totalBytes),
        blocksPerSecond: undefined,
        bytesPerSecond: snapshot.bytesPerSecond,
        etaSeconds: snapshot.bytesPerSecond > 0 ? Math.ceil(left / snapshot.bytesPerSecond) : undefined,
      };
    }
    return {
      head,
      target,
      peers: this.#o.network.peers().length,
      phase: behind ? 'syncing' : 'synced',
      progress: target === 0 ? 1 : head / target,
      blocksPerSecond: behind ? blocksPerSecond : undefined,
      bytesPerSecond: undefined,
      etaSeconds: behind && blocksPerSecond > 0 ? Math.ceil((target - head) / blocksPerSecond) : undefined,
    };
  }

  /** That a peer says to be far ahead shows nothing while the newest final block has just been made. */
  #behind(): boolean {
    const { syncing, target } = this.#o.catchUp.status;
    const age = Math.abs(this.#o.wallClock() - this.#o.chain.head.header.timestamp);
    if (age < CATCH_UP_DISTANCE * this.#o.parameters().blockTime) return false;
    return syncing || target >= this.#o.chain.head.header.height + CATCH_UP_DISTANCE;
  }
}
