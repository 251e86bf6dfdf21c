// Users who pay each other all the time: each sends one transfer after the other and waits until it is final, asking another
// node when one does not answer. What was reported final is remembered, to be looked for after every fault.

import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { ReceiptView } from '../../../src/rpc/views.ts';
import { withTimeout } from '../../helpers/timeout.ts';
import type { Rpc } from './rpc.ts';
import { eventually, PATIENCE_MS } from './wait.ts';
import type { Signed, Wallet } from './wallet.ts';

const AMOUNT = 1n;
/** A dead node answers at once; this keeps the users from asking it in a tight loop. */
const PAUSE_MS = 50;

export class Load {
  /** by transaction hash: what was answered once the transaction was final */
  readonly finalized = new Map<string, ReceiptView>();
  readonly #nodes: readonly { readonly rpc: Rpc }[];
  readonly #users: Promise<void>[];
  #stopped = false;
  #abandoned = false;

  constructor(nodes: readonly { readonly rpc: Rpc }[], wallets: readonly Wallet[], to: string) {
    this.#nodes = nodes;
    this.#users = wallets.map((wallet, index) => this.#user(wallet, index, to));
  }

  /** Resolves when every user has seen its last transfer finalized. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await withTimeout(Promise.all(this.#users), PATIENCE_MS, 'the last transfers are finalized');
  }

  /** Sends no more, whatever became of the last transfers. */
  abandon(): void {
    this.#stopped = true;
    this.#abandoned = true;
  }

  async #user(wallet: Wallet, index: number, to: string): Promise<void> {
    for (let turn = index; !this.#stopped; ) turn = await this.#pay(wallet.transfer(to, AMOUNT), turn);
  }

  /** @returns the turn at which a node answered. */
  async #pay({ hash, json }: Signed, turn: number): Promise<number> {
    while (!this.#abandoned) {
      const node = this.#nodes[turn % this.#nodes.length];
      try {
        const answer = await node?.rpc.sendAndWait(json);
        if (answer?.status === 'finalized' && answer.receipt !== undefined) {
          this.finalized.set(hash, answer.receipt);
          return turn;
        }
      } catch {
        // killed, starting, or halted: another one may answer
      }
      turn++;
      await sleep(PAUSE_MS);
    }
    return turn;
  }
}

/** Stops the load when the test is over, even by a failure. */
export async function underLoad(load: Load, test: (load: Load) => Promise<void>): Promise<void> {
  try {
    await test(load);
  } finally {
    load.abandon();
  }
}

/** Every transaction that was reported final is where it was, with the same result, and nowhere else in the chain. */
export async function assertKept(reported: ReadonlyMap<string, ReceiptView>, rpc: Rpc): Promise<void> {
  const places = new Map<string, ReceiptView[]>();
  const highest = Math.max(0, ...[...reported.values()].map(({ height }) => height));
  const head = await eventually(`height ${highest}, where the last one was`, async () => {
    const height = await rpc.height();
    return height >= highest && height;
  });
  for (let height = 1; height <= head; height++) {
    for (const receipt of (await rpc.block(height)).receipts) {
      places.set(receipt.tx_hash, [...(places.get(receipt.tx_hash) ?? []), receipt]);
    }
  }
  for (const [hash, receipt] of reported) {
    assert.equal(places.get(hash), [receipt], `transaction ${hash}`);
  }
  const twice = [...places].filter(([, receipts]) => receipts.length > 1).map(([hash]) => hash);
  assert.equal(twice, [], 'in the chain more than once');
}
