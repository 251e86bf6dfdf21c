// Looks which nodes have banned somebody new, and how soon.

import { setTimeout as sleep } from 'node:timers/promises';
import type { PeersView } from '../../src/rpc/handlers/node.ts';
import type { TestNode } from '../e2e/harness/devnet.ts';

const WATCH_MS = 200;

export class BanWatch {
  readonly #nodes: readonly TestNode[];
  readonly #start = Date.now();
  readonly #after = new Map<TestNode, number>();
  #over = false;

  constructor(nodes: readonly TestNode[]) {
    this.#nodes = nodes;
    for (const node of nodes) void this.#watch(node);
  }

  /**
   * Resolves when all have, or so long after the start.
   * @returns a cell of the table.
   */
  async end(milliseconds: number): Promise<string> {
    while (this.#after.size < this.#nodes.length && Date.now() < this.#start + milliseconds) await sleep(WATCH_MS);
    this.#over = true;
    const times = [...this.#after.values()].map((time) => time / 1000);
    if (times.length === 0) return 'nobody';
    const range = [Math.min(...times), Math.max(...times)].map((time) => time.toFixed(1));
    return `${times.length} of ${this.#nodes.length}, ${[...new Set(range)].join(' to ')} s`;
  }

  async #watch(node: TestNode): Promise<void> {
    while (!this.#over) {
      const { bans } = await node.rpc.get<PeersView>('rpc/peers').catch(() => ({ bans: [] }));
      if (bans.some(({ since }) => since >= this.#start)) {
        this.#after.set(node, Date.now() - this.#start);
        return;
      }
      await sleep(WATCH_MS);
    }
  }
}
