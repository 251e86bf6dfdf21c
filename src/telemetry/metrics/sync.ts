// How far a node that is behind has come, in blocks and in the state of a snapshot.

import { Gauge, type Registry } from 'prom-client';

/** Asked at every scrape. */
export interface SyncLevels {
  /** height that peers say to have */
  readonly target: number;
  /** 0 to 1, of the blocks or of the snapshot that is coming in */
  readonly progress: number;
  /** undefined while none are fetched */
  readonly blocksPerSecond: number | undefined;
  /** undefined while no snapshot comes in */
  readonly bytesPerSecond: number | undefined;
}

export function registerSyncMetrics(registry: Registry, levels: () => SyncLevels): void {
  const gauge = (name: string, help: string, level: (levels: SyncLevels) => number) =>
    new Gauge({
      name: `blockchain_sync_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(level(levels()));
      },
    });
  gauge('target_height', 'Height that peers say to have.', ({ target }) => target);
  gauge(
    'progress_ratio',
    'How much of what peers have is here: of the blocks, or of the snapshot that is coming in.',
    (l) => l.progress,
  );
  gauge('blocks_per_second', 'Blocks applied a second while catching up.', (l) => l.blocksPerSecond ?? 0);
  gauge('snapshot_bytes_per_second', 'Bytes of a snapshot that come in a second.', (l) => l.bytesPerSecond ?? 0);
}
