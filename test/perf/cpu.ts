// Measures in CPU time of this process, which other load on the machine disturbs less than the clock.

/** Microseconds of CPU, user and system, that `work` takes with what the runtime does for it on other threads. */
export function cpuMicroseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

export function report(what: string, value: number, unit: string): void {
  process.stdout.write(`${what.padEnd(48)} ${value.toFixed(2).padStart(10)} ${unit}\n`);
}

/** The middle one: the first rounds are compiled code in the making. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}
