// One node of a storm: killed, frozen, started again and wiped on command, with its own wall clock. It notices when the
// process ends without having been told to.

import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataPaths } from '../../src/node/data-dir.ts';
import type { TestNode } from '../e2e/harness/devnet.ts';
import type { NodeProcess } from '../e2e/harness/program.ts';
import { Rpc } from '../e2e/harness/rpc.ts';
import { NodeClock } from './clock.ts';
import type { Wiped } from './faults.ts';

/** A frozen node accepts connections and says nothing: clients turn to another one soon. */
const ANSWER_MS = 4_000;

export class Victim {
  readonly index: number;
  readonly node: TestNode;
  readonly clock: NodeClock;
  /** of its database; each wipe begins another */
  generation = 0;
  readonly starts = { all: 0, cutShort: 0 };
  readonly #onDeath: (error: Error) => void;
  #rpc: Rpc | undefined;
  #wsUrl = '';
  #starting = false;
  /** counts what was done to it, so that of two plans the newer one holds */
  #turn = 0;
  /** settles when it is dead and what it was to lose is gone */
  #down: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(index: number, node: TestNode, onDeath: (error: Error) => void) {
    this.index = index;
    this.node = node;
    this.clock = new NodeClock(`${node.log}.clock`);
    this.#onDeath = onDeath;
  }

  /** Its ports stay the same, whatever becomes of its process. */
  get rpc(): Rpc {
    if (this.#rpc === undefined) throw new Error(`node ${this.index} was never started`);
    return this.#rpc;
  }

  get wsUrl(): string {
    return this.#wsUrl;
  }

  /** Resolves when it listens, or was killed before that. */
  async start(): Promise<void> {
    this.starts.all++;
    this.#starting = true;
    const turn = this.#turn;
    const starting = this.node.start(this.clock.environment);
    const { process } = this.node;
    process.ended.then(({ code, signal }) => {
      if (turn !== this.#turn) return;
      this.#onDeath(new Error(`node ${this.index} ended by itself (${code ?? signal}):\n${process.tail}`));
    });
    try {
      const { rpcUrl, wsUrl } = await starting;
      this.#rpc ??= new Rpc(rpcUrl, ANSWER_MS);
      this.#wsUrl = wsUrl;
    } catch (error) {
      if (turn === this.#turn) this.#onDeath(error as Error);
    } finally {
      if (turn === this.#turn) this.#starting = false;
    }
  }

  /** SIGKILL, and another start after `away` ms unless something else happens to it before. */
  async kill(away: number, wiped: Wiped): Promise<void> {
    const turn = ++this.#turn;
    if (this.#starting) this.starts.cutShort++;
    this.#starting = false;
    this.#down = this.#down.then(async () => {
      await this.node.kill();
      if (wiped !== 'nothing') await this.#wipe(wiped);
    });
    await this.#down;
    await sleep(away);
    if (turn === this.#turn && !this.#isOver) await this.start();
  }

  /** SIGSTOP, then SIGCONT; a node that dies meanwhile stays as it is. */
  async freeze(during: number): Promise<void> {
    const { process } = this.node;
    signal(process, 'SIGSTOP');
    await sleep(during);
    signal(process, 'SIGCONT');
  }

  /** For good. */
  async end(): Promise<void> {
    this.#turn++;
    this.#isOver = true;
    await this.node.kill();
  }

  async #wipe(wiped: Wiped): Promise<void> {
    const { db, journal } = dataPaths(this.node.directory);
    this.generation++;
    await rm(db, { recursive: true });
    if (wiped === 'database and journal') await rm(journal, { recursive: true, force: true });
  }
}

function signal({ pid, hasEnded }: NodeProcess, name: 'SIGSTOP' | 'SIGCONT'): void {
  if (!hasEnded) process.kill(pid, name);
}
