// The program as its users run it: bin/aitbc-node.js in processes of its own, with an environment that holds nothing of
// the developer's.

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import type { NodeInfo } from '../../../src/node/lifecycle.ts';
import { programFile } from '../../../src/node/package-root.ts';
import { withTimeout } from '../../helpers/timeout.ts';
import { PATIENCE_MS } from './wait.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** a command that runs the one after it, such as `sh -c 'ulimit -n 64; exec "$@"' sh` */
  readonly wrapper?: readonly string[];
}

/** Lines of a node's output that an error repeats. */
const TAIL_LINES = 40;

function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { PATH, NODE_V8_COVERAGE } = process.env;
  return { PATH, HOME: tmpdir(), ...(NODE_V8_COVERAGE === undefined ? {} : { NODE_V8_COVERAGE }), ...more };
}

/** Runs a command to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Exit> {
  const [command, ...rest] = [...(options.wrapper ?? []), process.execPath, programFile(), ...args] as [
    string,
    ...string[],
  ];
  const child = spawn(command, rest, { env: environment(options.environment), stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined); // it need not read what it is given
  child.stdin.end(options.input ?? '');
  try {
    return await withTimeout(exitOf(child), PATIENCE_MS, `\`aitbc-node ${args.join(' ')}\` ends`);
  } finally {
    child.kill('SIGKILL');
  }
}

/** As `run`, for a command that must succeed with `--json`. @returns what it printed. */
export async function runJson<T = Record<string, unknown>>(args: readonly string[], options?: RunOptions): Promise<T> {
  const exit = await run([...args, '--json'], options);
  if (exit.code !== 0) throw new Error(`\`aitbc-node ${args.join(' ')}\` exited with ${exit.code}:\n${exit.stderr}`);
  return JSON.parse(exit.stdout) as T;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** A process that runs until it is told to stop, and tells `Info` when it is up. It ends by itself when the test does. */
export class NodeProcess<Info = NodeInfo> {
  readonly pid: number;
  /** When everything listens; rejects when the process ends before. */
  readonly started: Promise<Info>;
  readonly ended: Promise<Exit>;
  readonly #child: ChildProcess;
  #output = '';

  /**
   * @param log file to which its output is added
   * @param program another copy of the program than that of this repository
   * @param wrapper a command that becomes the one after it, such as `ip netns exec <name>`
   */
  constructor(
    args: readonly string[],
    log: string,
    environmentVariables: Readonly<Record<string, string>> = {},
    program: string = programFile(),
    wrapper: readonly string[] = [],
  ) {
    const [command = '', ...rest] = [...wrapper, process.execPath, program, ...args, '--stop-with-parent'];
    this.#child = spawn(command, rest, {
      env: environment(environmentVariables),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.pid = this.#child.pid ?? 0;
    const file = createWriteStream(log, { flags: 'a' });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.pipe(file, { end: false });
      stream?.on('data', (chunk: Buffer) => {
        this.#output = `${this.#output}${chunk}`.split('\n').slice(-TAIL_LINES).join('\n');
      });
    }
    this.ended = exitOf(this.#child).finally(() => file.end());
    this.started = withTimeout(this.#whenStarted(), PATIENCE_MS, `\`aitbc-node ${args.join(' ')}\` starts`);
    this.started.catch(() => undefined);
  }

  /** The last lines that it wrote. */
  get tail(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<Exit> {
    return this.end('SIGKILL');
  }

  end(signal: NodeJS.Signals): Promise<Exit> {
    this.#child.kill(signal);
    return withTimeout(this.ended, PATIENCE_MS, `process ${this.pid} ends after ${signal}`);
  }

  #whenStarted(): Promise<Info> {
    return new Promise((resolve, reject) => {
      this.#child.on('message', (message: { started?: Info }) => message.started && resolve(message.started));
      this.ended.then(
        ({ code, signal }) => reject(new Error(`it ended (${code ?? signal}) before it had started:\n${this.#output}`)),
        reject,
      );
    });
  }
}
