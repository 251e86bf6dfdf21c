// How long finality takes for users and for blocks, measured from outside on all nodes at once; they share one clock with
// the test.

import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { percentile } from '../../../src/cli/bench/statistics.ts';
import type { TestNode } from './devnet.ts';
import { type Rpc, RpcFailure } from './rpc.ts';
import type { Wallet } from './wallet.ts';

export interface Finality {
  /** from the proposal of a block, by its timestamp, until a node tells that it is final: for each node, ms */
  readonly blocks: readonly number[];
  /** from handing a transfer to some node until that node tells that it is final, ms */
  readonly transfers: readonly number[];
}

/** Sends `count` transfers, so many a second, to one node after the other. */
export async function measureFinality(
  nodes: readonly TestNode[],
  wallets: readonly Wallet[],
  { count, perSecond }: { readonly count: number; readonly perSecond: number },
): Promise<Finality> {
  const watches = await Promise.all(nodes.map(async ({ process }) => BlockWatch.open((await process.started).wsUrl)));
  try {
    const start = performance.now();
    const under: Promise<number>[] = [];
    for (let number = 0; number < count; number++) {
      await sleep(Math.max(0, start + (1000 * number) / perSecond - performance.now()));
      under.push(pay(nodes[number % nodes.length] as TestNode, wallets[number % wallets.length] as Wallet));
    }
    const transfers = await Promise.all(under);
    return { transfers, blocks: watches.flatMap(({ ages }) => ages) };
  } finally {
    for (const watch of watches) watch.close();
  }
}

/** `p50 / p99 of 300 transfers 400 / 800 ms, …` */
export function describe({ blocks, transfers }: Finality): string {
  const line = (samples: readonly number[]) =>
    `p50 ${percentile(samples, 0.5).toFixed(0)} ms, p99 ${percentile(samples, 0.99).toFixed(0)} ms`;
  return `proposed to final ${line(blocks)} (${blocks.length} blocks seen by nodes); submitted to final ${line(transfers)} (${transfers.length} transfers)`;
}

class BlockWatch {
  readonly ages: number[] = [];
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (text) => {
      const { method, params } = JSON.parse(String(text)) as {
        method?: string;
        params?: { data: { timestamp: number } };
      };
      if (method === 'event' && params !== undefined) this.ages.push(Date.now() - params.data.timestamp);
    });
  }

  static async open(url: string): Promise<BlockWatch> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const watch = new BlockWatch(socket);
    socket.send('{"id":1,"method":"subscribe","params":["new_blocks"]}');
    return watch;
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** @returns what it took until the transfer was final, ms. */
export async function pay({ rpc }: TestNode, wallet: Wallet): Promise<number> {
  const start = performance.now();
  const { json } = wallet.transfer(wallet.address, 1n);
  while (!(await isFinal(rpc, json)));
  return performance.now() - start;
}

/** A node waits for so long and not longer; asked again, it goes on waiting. */
async function isFinal(rpc: Rpc, transfer: unknown): Promise<boolean> {
  try {
    return (await rpc.sendAndWait(transfer)).status === 'finalized';
  } catch (error) {
    if (error instanceof RpcFailure && error.code === 'TIMEOUT') return false;
    throw error;
  }
}
