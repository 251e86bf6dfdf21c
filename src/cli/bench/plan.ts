// How long each phase of the benchmark takes and how much it sends. Durations are milliseconds, rates per second.

export interface Plan {
  /** funded senders; so many that none has more than one transfer waiting while the backlog is below it */
  readonly accounts: number;
  /** saturation before anything is measured: V8 compiles what is hot, and it tells how many transfers to sign */
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

/** Two networks take under four minutes; each latency has more than 300 samples behind it. */
export const FULL_PLAN: Plan = {
  accounts: 20_000,
  warmUpMs: 10_000,
  rampMs: 1_500,
  saturationMs: 22_000,
  busyRampMs: 1_000,
  busyMs: 6_200,
  busySamplesPerSecond: 50,
  calmMs: 60_400,
  calmPerSecond: 5,
};

export const QUICK_PLAN: Plan = {
  accounts: 4_000,
  warmUpMs: 1_000,
  rampMs: 500,
  saturationMs: 2_500,
  busyRampMs: 200,
  busyMs: 1_000,
  busySamplesPerSecond: 20,
  calmMs: 2_000,
  calmPerSecond: 5,
};
