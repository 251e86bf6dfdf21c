// Histogram buckets that several parts share, so that their latencies can be compared.

/** Seconds. Finer between 25 and 250 ms, where finality of a healthy network lies. */
export const LATENCY_BUCKETS_SECONDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** Seconds. For work inside one process: a request, a database batch. */
export const WORK_BUCKETS_SECONDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10,
];
