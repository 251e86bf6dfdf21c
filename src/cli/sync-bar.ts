// How far a node that is behind has come, as a bar at the bottom of the terminal.

import type { SyncStatus } from '../rpc/dependencies.ts';
import type { StatusLine } from '../telemetry/status-line.ts';

const WIDTH = 30;
const INTERVAL_MS = 500;

/** Shows the bar while there is something to show. @returns what ends it */
export function showSync(line: StatusLine, status: () => SyncStatus | undefined): () => void {
  const timer = setInterval(() => line.show(syncBar(status())), INTERVAL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    line.show('');
  };
}

/** @returns nothing for a node that is where the others are */
export function syncBar(status: SyncStatus | undefined): string {
  if (status === undefined || status.phase === 'synced') return '';
  const { phase, head, target, progress, blocksPerSecond, bytesPerSecond, etaSeconds } = status;
  const done = Math.round(WIDTH * progress);
  const bar = `${'█'.repeat(done)}${'░'.repeat(WIDTH - done)}`;
  const what = phase === 'snapshot' ? 'snapshot' : `block ${head} of ${target}`;
  const rate =
    phase === 'snapshot'
      ? `${((bytesPerSecond ?? 0) / 1024).toFixed(0)} KiB/s`
      : `${(blocksPerSecond ?? 0).toFixed(0)} blocks/s`;
  const left = etaSeconds === undefined ? '' : `, ${duration(etaSeconds)} left`;
  return `${bar} ${Math.floor(100 * progress)} %  ${what}, ${rate}${left}`;
}

function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
