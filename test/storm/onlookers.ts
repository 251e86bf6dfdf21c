// The clients of a storm: users who pay each other through changing nodes, readers, and listeners on WebSockets. Whatever
// a node tells them is written down, for the checker.

import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { RpcFailure } from '../e2e/harness/rpc.ts';
import type { Wallet } from '../e2e/harness/wallet.ts';
import type { Random } from '../sim/random.ts';
import type { Observation } from './checker.ts';
import type { Victim } from './victim.ts';

/** What an observation says besides who said it and when. */
type Said = Observation extends infer Seen
  ? Seen extends Observation
    ? Omit<Seen, 'node' | 'generation' | 'asked' | 'at'>
    : never
  : never;

const PAUSE_MS = 50;
/** Between two transfers of one user, at most: the machine is for the nodes. */
const LEISURE_MS = 150;
const READERS = 3;
const REMEMBERED = 500;

export class Onlookers {
  readonly observations: Observation[] = [];
  readonly totals = { transfers: 0, attempts: 0, answers: 0, failures: 0, events: 0, connections: 0 };
  readonly #victims: readonly Victim[];
  readonly #wallets: readonly Wallet[];
  readonly #random: Random;
  readonly #remembered: string[] = [];
  readonly #sockets: Listener[];
  #tasks: Promise<void>[] = [];
  #stopped = false;
  #abandoned = false;

  constructor(victims: readonly Victim[], wallets: readonly Wallet[], random: Random) {
    this.#victims = victims;
    this.#wallets = wallets;
    this.#random = random;
    this.#sockets = victims.map((victim) => new Listener(victim, this));
  }

  start(): void {
    for (const socket of this.#sockets) socket.open();
    const users = this.#wallets.map((wallet) => this.#user(wallet));
    const readers = Array.from({ length: READERS }, () => this.#reader());
    this.#tasks = [...users, ...readers];
  }

  /** Resolves when every user has seen its last transfer finalized. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#tasks);
    this.abandon();
  }

  /** Whatever became of the last transfers. */
  abandon(): void {
    this.#stopped = true;
    this.#abandoned = true;
    for (const socket of this.#sockets) socket.close();
  }

  /** Writes down what a node told. @param asked when the question left; now for what is told unasked */
  note({ index: node }: Victim, generation: number, asked: number, said: Said): void {
    this.observations.push({ node, generation, asked, at: performance.now(), ...said } as Observation);
    if (said.kind !== 'final') return;
    this.#remembered.push(said.transaction);
    if (this.#remembered.length > REMEMBERED) this.#remembered.shift();
  }

  async #user(wallet: Wallet): Promise<void> {
    while (!this.#stopped) {
      const to = this.#random.pick(this.#wallets).address;
      const { hash, json } = wallet.transfer(to, BigInt(1 + this.#random.integer(1000)));
      while (!(await this.#isPaid(hash, json)) && !this.#abandoned) await sleep(PAUSE_MS);
      this.totals.transfers++;
      await sleep(this.#random.between(0, LEISURE_MS));
    }
  }

  /** Hands the transfer to any node, and waits there until it is final or something else happens. */
  async #isPaid(hash: string, json: unknown): Promise<boolean> {
    this.totals.attempts++;
    const answer = await this.#ask(this.#random.pick(this.#victims), async ({ rpc }) => {
      const { status, receipt } = await rpc.sendAndWait(json);
      if (status !== 'finalized' || receipt === undefined) return [];
      return [{ kind: 'final', transaction: hash, height: receipt.height, hash: receipt.block_hash }];
    });
    return answer.length > 0;
  }

  async #reader(): Promise<void> {
    while (!this.#stopped) {
      const victim = this.#random.pick(this.#victims);
      const { address } = this.#random.pick(this.#wallets);
      const transaction = this.#remembered.length === 0 ? undefined : this.#random.pick(this.#remembered);
      await this.#ask(victim, async ({ rpc }) => {
        const { height, hash, state_root: stateRoot } = await rpc.head();
        return [{ kind: 'head', height, hash, stateRoot }];
      });
      await this.#ask(victim, async ({ rpc }) => {
        const { balance, nonce, height } = await rpc.balance(address);
        return [{ kind: 'balance', address, balance, nonce, height }];
      });
      if (transaction !== undefined) await this.#ask(victim, (asked) => lookUp(asked, transaction));
      await sleep(PAUSE_MS);
    }
  }

  /** @returns what the node told; nothing when it does not answer: killed, frozen, starting or halted, as it may be. */
  async #ask(victim: Victim, question: (victim: Victim) => Promise<Said[]>): Promise<Said[]> {
    const { generation } = victim;
    const asked = performance.now();
    try {
      const answer = await question(victim);
      if (victim.generation !== generation) return [];
      this.totals.answers++;
      for (const said of answer) this.note(victim, generation, asked, said);
      return answer;
    } catch {
      this.totals.failures++;
      return [];
    }
  }
}

async function lookUp({ rpc }: Victim, transaction: string): Promise<Said[]> {
  try {
    const { status, height, block_hash: hash } = await rpc.receipt(transaction);
    return [status === 'finalized' ? { kind: 'final', transaction, height, hash } : { kind: 'absent', transaction }];
  } catch (error) {
    if (error instanceof RpcFailure && error.code === 'NOT_FOUND') return [{ kind: 'absent', transaction }];
    throw error;
  }
}

interface BlockEvent {
  readonly channel: string;
  readonly height: number;
  readonly data: {
    readonly hash: string;
    readonly state_root: string;
    readonly tx_hash: string;
    readonly status: string;
    readonly receipt: { readonly block_hash: string };
  };
}

/** Follows the blocks and transactions of one node, and resumes behind the last it was told when it is cut off. */
class Listener {
  readonly #victim: Victim;
  readonly #onlookers: Onlookers;
  #socket: WebSocket | undefined;
  #generation = 0;
  #next = 1;
  #closed = false;

  constructor(victim: Victim, onlookers: Onlookers) {
    this.#victim = victim;
    this.#onlookers = onlookers;
  }

  open(): void {
    const { generation, wsUrl } = this.#victim;
    if (generation !== this.#generation) this.#next = 1;
    this.#generation = generation;
    const socket = new WebSocket(wsUrl);
    this.#socket = socket;
    socket.on('open', () => {
      this.#onlookers.totals.connections++;
      const params = { channels: ['new_blocks', 'new_transactions'], from_height: this.#next };
      socket.send(JSON.stringify({ id: 1, method: 'subscribe', params }));
    });
    socket.on('message', (data) => {
      const { method, params } = JSON.parse(String(data)) as { method?: string; params: BlockEvent };
      if (method === 'event') this.#onEvent(params);
    });
    socket.on('error', () => undefined); // `close` follows
    socket.once('close', () => {
      if (!this.#closed) setTimeout(() => !this.#closed && this.open(), PAUSE_MS);
    });
  }

  close(): void {
    this.#closed = true;
    this.#socket?.terminate();
  }

  #onEvent({ channel, height, data }: BlockEvent): void {
    if (this.#generation !== this.#victim.generation) return;
    this.#onlookers.totals.events++;
    const said: Said =
      channel === 'new_blocks'
        ? { kind: 'block', height, hash: data.hash, stateRoot: data.state_root }
        : { kind: 'final', transaction: data.tx_hash, height, hash: data.receipt.block_hash };
    // Once more from this height after a cut: the transactions of a block follow it.
    if (channel === 'new_blocks') this.#next = height;
    this.#onlookers.note(this.#victim, this.#generation, performance.now(), said);
  }
}
