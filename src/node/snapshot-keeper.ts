// Has a snapshot made when an epoch ends. It is made beside everything else, in small steps with long rests, since nobody
// waits for it; a node that is catching up makes none of epochs that are long over.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Chain } from '../chain/chain.ts';
import type { Clock } from '../consensus/ports.ts';
import type { ChainStore } from '../store/chain-store.ts';
import type { Snapshots } from '../store/snapshots.ts';
import type { Logger } from '../telemetry/logger.ts';

/** At most a quarter of the main thread, in pieces that delay a vote by no more than this (ms). */
const BUSY_MS = 4;
const IDLE_MS = 12;
/** The state of a boundary older than so many epochs will be of use to nobody by the time it is copied. */
const RECENT_EPOCHS = 2;

export interface SnapshotKeeperOptions {
  readonly chain: Chain;
  readonly store: Pick<ChainStore, 'head' | 'freeze'>;
  readonly snapshots: Snapshots;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

/** Also of the present head, when that ends an epoch: the process may have ended while its snapshot was made. */
export function keepSnapshots(options: SnapshotKeeperOptions): void {
  const { chain } = options;
  chain.on('finalized', () => consider(options));
  chain.on('restored', () => consider(options));
  consider(options);
}

function consider({ chain, store, snapshots, clock, logger }: SnapshotKeeperOptions): void {
  const { epoch, height, timestamp } = chain.head.header;
  const present = chain.epoch;
  const isRecent = clock.now() - timestamp < RECENT_EPOCHS * present.parameters.epochDuration;
  if (present.epoch === epoch || height === 0 || !isRecent || !snapshots.wants(height)) return;
  const start = performance.now();
  snapshots.make(store.freeze()).then(
    (offer) => {
      if (offer === undefined) return;
      const { entries, bytes } = offer;
      logger.info({ height, epoch, entries, bytes, ms: Math.round(performance.now() - start) }, 'snapshot kept');
    },
    (error: unknown) => logger.error({ err: error, height }, 'no snapshot could be made'),
  );
}

/** Resolves at once until the thread was busy for some milliseconds, and then after a rest. */
export function restNowAndThen(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < BUSY_MS) return;
    await sleep(IDLE_MS);
    since = performance.now();
  };
}
