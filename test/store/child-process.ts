// Runs one of this folder's scripts as a process of its own and reads what it says, line by line.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { withTimeout } from '../helpers/timeout.ts';

/** Time for a process to start on a busy machine. */
const START_MS = 30_000;

export interface Child {
  readonly pid: number;
  /** everything said so far */
  readonly lines: readonly string[];
  /** Resolves when the line is said; rejects when the process ends without it. */
  said(line: string): Promise<void>;
  /** Resolves with all lines when the process has ended and everything it said is read. */
  ended(): Promise<readonly string[]>;
  /** SIGKILL. */
  kill(): Promise<readonly string[]>;
}

/** @param wrapper a command that runs the command which follows it, such as `unshare` */
export function startChild(script: string, args: readonly string[], wrapper: readonly string[] = []): Child {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const [command, ...rest] = [...wrapper, process.execPath, '--import', 'tsx', path, ...args] as [string, ...string[]];
  const child: ChildProcess = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const { stdout, stderr, pid } = child;
  if (stdout === null || stderr === null || pid === undefined) throw new Error(`${command} did not start`);
  const lines: string[] = [];
  let errors = '';
  stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const reader = createInterface({ input: stdout }).on('line', (line) => lines.push(line));
  const said = (wanted: string) =>
    new Promise<void>((resolve, reject) => {
      if (lines.includes(wanted)) resolve();
      reader.on('line', (line) => line === wanted && resolve());
      closed.then(() => reject(new Error(`${script} ended without saying "${wanted}":\n${errors}`)));
    });
  const ended = async () => {
    await withTimeout(closed, START_MS, `${script} ends`);
    return lines;
  };
  return {
    pid,
    lines,
    said: (line) => withTimeout(said(line), START_MS, `${script} says "${line}"`),
    ended,
    kill: () => {
      child.kill('SIGKILL');
      return ended();
    },
  };
}
