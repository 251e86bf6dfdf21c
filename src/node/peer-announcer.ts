// Says to the network which of its peers this node's validator is: when it takes its seat and again before others forget.

import type { Signer } from '../crypto/signer/signer.ts';
import type { Network } from '../network/network.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Seat } from './epochs.ts';

export interface PeerAnnouncerOptions {
  readonly network: Pick<Network, 'peerBinding' | 'announce'>;
  readonly signer: Pick<Signer, 'signPeerBinding'>;
  /** undefined while it has none */
  readonly seat: () => Seat | undefined;
  /** milliseconds of a clock that never goes back */
  readonly now: () => number;
  readonly logger: Logger;
}

/** Peers forget after an hour; who was away or behind has heard of everybody after this time. */
const RENEW_MS = 600_000;
/** A signer process that was away, or a clock that was off, is tried again soon. */
const LOOK_MS = 5_000;

export class PeerAnnouncer {
  readonly #o: PeerAnnouncerOptions;
  #timer: NodeJS.Timeout | undefined;
  #last: { readonly validator: Uint8Array; readonly at: number } | undefined;
  #signing = false;

  constructor(options: PeerAnnouncerOptions) {
    this.#o = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The epoch may be another now. */
  look(): void {
    const seat = this.#o.seat();
    if (seat === undefined || this.#signing || this.#isFresh(seat.publicKey)) return;
    this.#signing = true;
    this.#announce(seat.publicKey)
      .catch((error: unknown) => {
        this.#o.logger.debug({ err: error }, 'peers were not told that this is a validator; tried again soon');
      })
      .finally(() => {
        this.#signing = false;
      });
  }

  #isFresh(validator: Uint8Array): boolean {
    const last = this.#last;
    return last !== undefined && equalBytes(last.validator, validator) && this.#o.now() - last.at < RENEW_MS;
  }

  async #announce(validator: Uint8Array): Promise<void> {
    const { network, signer, now } = this.#o;
    const binding = network.peerBinding(validator);
    const signature = await signer.signPeerBinding(binding);
    // it may not be one in the network's eyes yet: then the epoch's begin asks again
    if (network.announce({ binding, signature })) this.#last = { validator, at: now() };
  }
}
