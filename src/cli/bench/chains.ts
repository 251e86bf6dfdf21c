// What every node says it has finalized, as it happens: the benchmark counts here, and sees here whether nodes disagree.

import { WebSocket } from 'ws';
import { sum } from './statistics.ts';

export interface SeenBlock {
  readonly hash: string;
  readonly stateRoot: string;
  readonly transactions: number;
  /** when this process learned of it, `performance.now()` */
  readonly at: number;
}

/** The finalized blocks of one node, from height 1 on. */
export interface SeenChain {
  readonly blocks: readonly SeenBlock[];
}

export interface Throughput {
  readonly perSecond: number;
  /** between the first and the last block that count, seconds */
  readonly seconds: number;
  readonly blocks: number;
}

/**
 * Transfers finalized between the last block before `from` and the last one before `to`, over the time between these two.
 * Undefined when they are the same block.
 */
export function throughputOf({ blocks }: SeenChain, from: number, to: number): Throughput | undefined {
  const before = blocks.findLastIndex(({ at }) => at <= from);
  const until = blocks.findLastIndex(({ at }) => at <= to);
  const [first, last] = [blocks[before], blocks[until]];
  if (first === undefined || last === undefined || first === last) return undefined;
  const counted = blocks.slice(before + 1, until + 1);
  const seconds = (last.at - first.at) / 1000;
  return { perSecond: sum(counted.map(({ transactions }) => transactions)) / seconds, seconds, blocks: counted.length };
}

/** The first height at which two nodes have different blocks or states, in words; undefined when they agree. */
export function disagreement(chains: readonly SeenChain[]): string | undefined {
  const [first, ...others] = chains;
  for (const [index, chain] of others.entries()) {
    const height = chain.blocks.findIndex((block, at) => {
      const expected = first?.blocks[at];
      return expected !== undefined && (block.hash !== expected.hash || block.stateRoot !== expected.stateRoot);
    });
    const [ours, theirs] = [first?.blocks[height], chain.blocks[height]];
    if (ours === undefined || theirs === undefined) continue;
    return (
      `at height ${height + 1} node 0 has block ${ours.hash} with state root ${ours.stateRoot}, ` +
      `node ${index + 1} block ${theirs.hash} with state root ${theirs.stateRoot}`
    );
  }
  return undefined;
}

/** Follows one node over its WebSocket. */
class Follower implements SeenChain {
  readonly blocks: SeenBlock[] = [];
  transactions = 0;
  readonly #socket: WebSocket;

  constructor(url: string, onBlock: () => void, onError: (error: Error) => void) {
    this.#socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket.on('open', () => {
      this.#socket.send('{"method":"subscribe","params":["new_blocks"],"from_height":1}');
    });
    this.#socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.method === 'event') {
        this.#take(message.params, onError);
        onBlock();
      } else if (message.error !== undefined || message.method === 'dropped') {
        onError(new Error(`a node ended a subscription: ${String(data)}`));
      }
    });
    this.#socket.on('error', onError);
  }

  close(): void {
    this.#socket.terminate();
  }

  #take({ height, data }: { height: number; data: Record<string, unknown> }, onError: (error: Error) => void): void {
    if (height !== this.blocks.length + 1) onError(new Error(`height ${height} came after ${this.blocks.length}`));
    const transactions = Number(data.tx_count);
    this.blocks.push({
      hash: String(data.hash),
      stateRoot: String(data.state_root),
      transactions,
      at: performance.now(),
    });
    this.transactions += transactions;
  }
}

export class Chains {
  readonly #followers: readonly Follower[];
  readonly #waiting = new Set<() => void>();

  /** @param onError is told when a node can not be followed any more. */
  constructor(wsUrls: readonly string[], onError: (error: Error) => void) {
    this.#followers = wsUrls.map((url) => new Follower(url, () => this.#wake(), onError));
  }

  get all(): readonly SeenChain[] {
    return this.#followers;
  }

  /** Transfers that every node has finalized. */
  get finalized(): number {
    return Math.min(...this.#followers.map(({ transactions }) => transactions));
  }

  /** Heights of the node that is furthest behind. */
  get height(): number {
    return Math.min(...this.#followers.map(({ blocks }) => blocks.length));
  }

  /** Transfers finalized on every node since a time, `performance.now()`. */
  finalizedSince(time: number): number {
    return Math.min(...this.#followers.map(({ blocks }) => finalizedSince(blocks, time)));
  }

  /** Resolves with the next block of any node, or after this time. */
  async advanced(limitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, limitMs);
      this.#waiting.add(done);
    });
  }

  close(): void {
    for (const follower of this.#followers) follower.close();
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

function finalizedSince(blocks: readonly SeenBlock[], time: number): number {
  let count = 0;
  for (let index = blocks.length - 1; (blocks[index]?.at ?? 0) >= time; index--) {
    count += blocks[index]?.transactions ?? 0;
  }
  return count;
}
