// Whom to ask for snapshots: those who helped or are new first, who did not help after them. Who lied is asked no more,
// and pays for it.

import type { OffenceKind } from '../network/offences.ts';
import { StoreError } from '../store/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { OFFENCES, SyncError } from './errors.ts';

export interface SnapshotPeersOptions {
  readonly network: {
    peers(): readonly { readonly id: string; readonly height: number }[];
    report(peer: string, kind: OffenceKind, reason: string): void;
  };
  readonly logger: Logger;
}

export class SnapshotPeers {
  readonly #o: SnapshotPeersOptions;
  readonly #liars = new Set<string>();
  /** of peers that did not help: in the order of the last time */
  readonly #turns = new Map<string, number>();
  #nextTurn = 1;

  constructor(options: SnapshotPeersOptions) {
    this.#o = options;
  }

  /** The highest block that one of them says to have. */
  get height(): number {
    return Math.max(0, ...this.#o.network.peers().map(({ height }) => height));
  }

  /** In the order in which to ask them. */
  inTurn(): string[] {
    const ids = this.#o.network.peers().map(({ id }) => id);
    for (const known of [this.#turns, this.#liars]) {
      for (const id of known.keys()) if (!ids.includes(id)) known.delete(id);
    }
    return ids.filter((id) => !this.#liars.has(id)).sort((a, b) => this.turn(a) - this.turn(b));
  }

  /** The lower the sooner; 0 while nothing speaks against a peer. */
  turn(peer: string): number {
    return this.#turns.get(peer) ?? 0;
  }

  /** Who lied is asked again. */
  forgive(): void {
    this.#liars.clear();
  }

  helped(peer: string): void {
    this.#turns.delete(peer);
  }

  didNotHelp(peer: string): void {
    this.#turns.set(peer, this.#nextTurn++);
  }

  /** @throws {StoreError} where that is what went wrong */
  failed(peer: string, error: unknown): void {
    if (error instanceof StoreError) throw error;
    this.didNotHelp(peer);
    const { network, logger } = this.#o;
    if (error instanceof SyncError) {
      this.#liars.add(peer);
      network.report(peer, OFFENCES[error.code], `its answer to a snapshot request: ${error.message}`);
    }
    logger.warn({ peer, reason: String(error) }, 'a peer did not help with a snapshot');
  }
}
