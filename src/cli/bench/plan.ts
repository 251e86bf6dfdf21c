// How long each phase of the benchmark takes and how much it sends. Durations are milliseconds, rates per second.

export interface Plan {
  /** funded senders; so many that none has more than one transfer waiting while the backlog is below it */
  readonly accounts: number;
  /** saturation before anything is measured, which also tells how many transfers to sign */
  readonly warmUpMs: number;
  /** saturation until the backlog has its size, not counted */
  readonly rampMs: number;
  readonly saturationMs: number;
  /** 80 % of saturation before the first sample, and while samples are taken */
  readonly busyRampMs: number;
  readonly busyMs: number;
  /** of the load at 80 %, those whose latency is measured */
  readonly busySamplesPerSecond: number;
  readonly calmMs: number;
  readonly calmPerSecond: number;
}

/** Two networks take 3½ minutes; each latency has more than 300 samples behind it. */
export const FULL_PLAN: Plan = {
  accounts: 20_000,
  warmUpMs: 4_000,
  rampMs: 2_000,
  saturationMs: 22_000,
  busyRampMs: 1_000,
  busyMs: 6_500,
  busySamplesPerSecond: 50,
  calmMs: 61_000,
  calmPerSecond: 5,
};

export const QUICK_PLAN: Plan = {
  accounts: 4_000,
  warmUpMs: 1_500,
  rampMs: 500,
  saturationMs: 3_000,
  busyRampMs: 500,
  busyMs: 1_500,
  busySamplesPerSecond: 20,
  calmMs: 3_000,
  calmPerSecond: 5,
};
