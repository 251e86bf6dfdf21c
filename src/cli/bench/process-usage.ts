// CPU time and memory of processes, threads included, as Linux tells them in /proc.

import { readFileSync } from 'node:fs';

/** USER_HZ: the unit of times in /proc/<pid>/stat, the same on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/<pid>/stat after the name in parentheses, counted from the state. */
const UTIME = 11;
const STIME = 12;

/** Seconds that a process has computed since it began, in user and system mode. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_PER_SECOND;
}

/** Memory of a process that is in RAM now. */
export function residentMiB(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return Number(kibibytes) / 1024;
}
