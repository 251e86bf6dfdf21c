// One node as a child process: its log lines, its message that it is up, its end. The channel between the two is also
// what ends the child when this process is killed, since a killed process tells nobody.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { environmentName, SETTING_NAMES } from '../node/config/settings.ts';
import type { Environment } from '../node/config/sources.ts';
import type { NodeInfo } from '../node/lifecycle.ts';
import { programFile } from '../node/package-root.ts';

/**
 * How Node.js runs a node, as in the first line of bin/aitbc-node.js. Transactions live for a second or two: a larger
 * nursery keeps them from growing old there and saves a fifth of the CPU under load. MiB.
 */
const NODE_FLAGS = ['--max-semi-space-size=64'];

export class NodeProcess {
  /** Where it is, once it is up; rejects when it ends before. */
  readonly started: Promise<NodeInfo>;
  /** Resolves when it has ended: how, or undefined when it was asked to. */
  readonly ended: Promise<string | undefined>;
  readonly #child: ChildProcess;
  #stopping = false;

  /**
   * @param print receives each line that it writes.
   * @param nodeOptions arguments of Node.js itself.
   */
  constructor(
    args: readonly string[],
    environment: Environment,
    print: (line: string) => void,
    nodeOptions: readonly string[] = [],
  ) {
    this.#child = spawn(process.execPath, [...NODE_FLAGS, ...nodeOptions, programFile(), ...args], {
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C on the terminal reaches this process only, which then stops the nodes in order.
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', print);
    }
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => resolve(this.#stopping ? undefined : describeExit(code, signal)));
    });
    this.started = new Promise((resolve, reject) => {
      this.#child.on('message', (message) => {
        if (isStarted(message)) resolve(message.started);
      });
      this.ended.then((how) => reject(new Error(how ?? 'stopped')));
    });
    this.started.catch(() => undefined); // whoever waits for it is told; `ended` tells everyone else
  }

  /** @throws when it could not even be started. */
  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the process did not start');
    return pid;
  }

  /** Asks it to stop, and kills it when it has not after `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), limitMs);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** The config file of such a node says everything; a variable meant for one node would give all the same port. */
export function nodeEnvironment(environment: Environment): Environment {
  const settings = new Set(SETTING_NAMES.map(environmentName).filter((name) => name !== 'LOG_LEVEL'));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !settings.has(name)));
}

function isStarted(message: unknown): message is { readonly started: NodeInfo } {
  return typeof message === 'object' && message !== null && 'started' in message;
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit code ${code}` : `by ${signal}`;
}
