// What people and scripts are shown of a benchmark.

import { availableParallelism, cpus, loadavg } from 'node:os';
import type { BuildInfo } from '../../node/package-root.ts';
import { BACKLOG_MS, BATCH_TRANSFERS } from './load.ts';
import type { Measurement } from './measure.ts';

/** One network in bench-results.json. Latencies at five transfers a second unless named. */
export interface BenchResult {
  readonly validators: number;
  /** finalized transfers per second at saturation */
  readonly tps: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly p50_ms_at_80: number;
  readonly p99_ms_at_80: number;
  /** of all nodes together, at saturation */
  readonly cpu_s_per_1000_tx: number;
  /** of all nodes together, at the end of saturation */
  readonly rss_mib: number;
  /** behind each of the latencies, at least */
  readonly samples: number;
  /** version of Node.js */
  readonly node: string;
  readonly commit: string;
}

export function resultOf(measurement: Measurement, { commit }: BuildInfo): BenchResult | undefined {
  const { validators, saturation, latencies } = measurement;
  if (latencies === undefined) return undefined;
  const { calm, busy } = latencies;
  return {
    validators,
    tps: round(saturation.throughput.perSecond, 1),
    p50_ms: round(calm.p50, 1),
    p99_ms: round(calm.p99, 1),
    p50_ms_at_80: round(busy.p50, 1),
    p99_ms_at_80: round(busy.p99, 1),
    cpu_s_per_1000_tx: round(cpuPerThousand(measurement), 3),
    rss_mib: round(saturation.residentMiB, 1),
    samples: Math.min(calm.samples, busy.samples),
    node: process.version,
    commit,
  };
}

/** Where it is measured; say it before, since the benchmark itself loads the machine. */
export function machineLine({ version, commit }: BuildInfo): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const load = loadavg()[0] ?? 0;
  const busy =
    load > availableParallelism() / 4 ? ', so it is busy with something else: these numbers are too low' : '';
  return (
    `aitbc-node ${version} (commit ${commit}), Node.js ${process.version}, ` +
    `${availableParallelism()} cores (${model}), load average ${load.toFixed(1)} before${busy}`
  );
}

const HEAD = [
  'validators',
  'finalized tx/s',
  'CPU s / 1,000 tx',
  'RSS MiB',
  'p50 at 5 tx/s',
  'p99',
  'p50 at 80 %',
  'p99',
] as const;

export function table(measurements: readonly Measurement[]): string[] {
  const rows = measurements.map((measurement) => {
    const { validators, saturation, latencies } = measurement;
    const times =
      latencies === undefined
        ? ['', '', '', '']
        : [latencies.calm.p50, latencies.calm.p99, latencies.busy.p50, latencies.busy.p99].map(milliseconds);
    return [
      String(validators),
      Math.round(saturation.throughput.perSecond).toLocaleString('en'),
      cpuPerThousand(measurement).toFixed(3),
      saturation.residentMiB.toFixed(0),
      ...times,
    ];
  });
  const widths = HEAD.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ');
  return [line(HEAD), ...rows.map(line)];
}

/** How the numbers of a network came about. */
export function notes({ validators, saturation, latencies, transfers, height }: Measurement): string[] {
  const { throughput, highestBacklog, cpuPerSecond, loadCpuPerSecond, signedLate } = saturation;
  const backlogSeconds = (highestBacklog / throughput.perSecond).toFixed(1);
  const lines = [
    `saturated for ${throughput.seconds.toFixed(1)} s in ${throughput.blocks} blocks by JSON-RPC batches of ` +
      `${BATCH_TRANSFERS}, at most ${highestBacklog} transfers (${backlogSeconds} s) not finalized, ` +
      `${BACKLOG_MS / 1000} s aimed at`,
    `cores in use at saturation: nodes ${cpuPerSecond.toFixed(2)}, load generator ${loadCpuPerSecond.toFixed(2)}`,
  ];
  if (signedLate > 0) lines.push(`${signedLate} transfers were signed while they were sent: there were too few`);
  if (latencies !== undefined) {
    const { calm, busy, busyPerSecond } = latencies;
    lines.push(`latency: ${calm.samples} samples at 5 tx/s, ${busy.samples} at ${busyPerSecond.toFixed(0)} tx/s`);
  }
  lines.push(`${transfers} transfers finalized on every node, same blocks and state roots up to height ${height}`);
  return [`${validators} validator${validators === 1 ? '' : 's'}:`, ...lines.map((text) => `  ${text}`)];
}

function cpuPerThousand({ saturation: { cpuPerSecond, throughput } }: Measurement): number {
  return (1000 * cpuPerSecond) / throughput.perSecond;
}

function milliseconds(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
