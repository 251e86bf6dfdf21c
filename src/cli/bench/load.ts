// The load on a network: as much as it takes, or so much a second. Spread over all nodes; each sender always uses the
// same node, so that its nonces arrive in order.

import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../errors.ts';
import type { Chains } from './chains.ts';
import type { NodeClient } from './node-client.ts';
import type { Transfers } from './transfers.ts';

/** Transfers in one JSON-RPC batch: about 55 kB. */
export const BATCH_TRANSFERS = 128;
/** Batches under way at once, to all nodes together: enough to keep signature checks busy. */
const BATCHES_UNDER_WAY = 8;
/** At saturation, what was sent and is not final stays below what is finalized in this time. */
export const BACKLOG_MS = 1_000;
/** So that all batches under way can be used. */
const MIN_BACKLOG = BATCHES_UNDER_WAY * BATCH_TRANSFERS;
/** Each sender has about one transfer waiting, and no mempool comes near its bounds. */
const MAX_BACKLOG = 20_000;
const BACKLOG_ADJUST_MS = 250;
/** Without a block, a sender looks again after this long. */
const LOOK_MS = 100;
/** Between two batches of a steady load. */
const TICK_MS = 20;
const DRAIN_LIMIT_MS = 20_000;

export class Load {
  readonly #clients: readonly NodeClient[];
  readonly #transfers: Transfers;
  readonly #chains: Chains;
  readonly #signal: AbortSignal;
  #sent = 0;
  #nextNode = 0;
  #backlogLimit = MIN_BACKLOG;
  #highestBacklog = 0;

  constructor(clients: readonly NodeClient[], transfers: Transfers, chains: Chains, signal: AbortSignal) {
    this.#clients = clients;
    this.#transfers = transfers;
    this.#chains = chains;
    this.#signal = signal;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Sent, and not yet finalized on every node. */
  get backlog(): number {
    return this.#sent - this.#chains.finalized;
  }

  /** The most there was since this was last asked for. */
  takeHighestBacklog(): number {
    const highest = this.#highestBacklog;
    this.#highestBacklog = 0;
    return highest;
  }

  /** As much as the network finalizes, for this time, with a bounded backlog. */
  async saturate(durationMs: number): Promise<void> {
    const end = performance.now() + durationMs;
    const senders = Math.max(1, Math.floor(BATCHES_UNDER_WAY / this.#clients.length));
    const nodes = this.#clients.flatMap((_, node) => new Array<number>(senders).fill(node));
    await Promise.all([this.#adjustBacklog(end), ...nodes.map((node) => this.#saturateNode(node, end))]);
  }

  /** A steady load that nobody waits for. */
  async steady(perSecond: number, durationMs: number): Promise<void> {
    const start = performance.now();
    const requests: Promise<void>[] = [];
    for (let sent = 0, elapsed = 0; elapsed < durationMs; elapsed = performance.now() - start) {
      const count = Math.min(Math.floor((perSecond * elapsed) / 1000) - sent, BATCH_TRANSFERS);
      if (count > 0) {
        sent += count;
        const request = this.#sendBatch(this.#turn(), count);
        request.catch(() => undefined); // it is waited for below
        requests.push(request);
      }
      // A full batch means that more is due at once.
      if (count < BATCH_TRANSFERS) await sleep(TICK_MS, undefined, { signal: this.#signal });
    }
    await Promise.all(requests);
  }

  /** Single transfers at random moments, one in each interval. @returns their latencies, milliseconds. */
  async sample(perSecond: number, durationMs: number): Promise<number[]> {
    const interval = 1000 / perSecond;
    const start = performance.now();
    return Promise.all(
      Array.from({ length: Math.floor(durationMs / interval) }, async (_, index) => {
        // Regular moments would meet every block at the same age.
        const moment = start + interval * (index + Math.random());
        await sleep(Math.max(0, moment - performance.now()), undefined, { signal: this.#signal });
        return this.#sampleOne(this.#turn());
      }),
    );
  }

  /** Waits until every node has finalized everything that was sent. @throws {CliError} */
  async drain(): Promise<void> {
    const deadline = performance.now() + DRAIN_LIMIT_MS;
    while (this.backlog > 0) {
      if (performance.now() > deadline) {
        const seconds = DRAIN_LIMIT_MS / 1000;
        throw new CliError('checkFailed', `${this.backlog} transfers were not finalized on every node in ${seconds} s`);
      }
      await this.#chains.advanced(LOOK_MS);
      this.#signal.throwIfAborted();
    }
    if (this.backlog < 0) {
      throw new CliError('checkFailed', `the nodes finalized ${-this.backlog} transfers more than were sent`);
    }
  }

  async #saturateNode(node: number, end: number): Promise<void> {
    while (performance.now() < end) {
      this.#signal.throwIfAborted();
      if (this.backlog + BATCH_TRANSFERS <= this.#backlogLimit) await this.#sendBatch(node, BATCH_TRANSFERS);
      else await this.#chains.advanced(LOOK_MS);
    }
  }

  async #adjustBacklog(end: number): Promise<void> {
    while (performance.now() < end) {
      const recent = this.#chains.finalizedSince(performance.now() - BACKLOG_MS);
      const smoothed = (this.#backlogLimit + recent) / 2;
      this.#backlogLimit = Math.min(Math.max(smoothed, MIN_BACKLOG), MAX_BACKLOG);
      await sleep(BACKLOG_ADJUST_MS, undefined, { signal: this.#signal });
    }
  }

  async #sendBatch(node: number, count: number): Promise<void> {
    const transfers = this.#transfers.take(node, count);
    this.#count(count);
    await this.#client(node).sendBatch(transfers);
  }

  async #sampleOne(node: number): Promise<number> {
    const [transfer] = this.#transfers.take(node, 1);
    this.#count(1);
    const start = performance.now();
    await this.#client(node).sendAndWait(transfer as Uint8Array);
    return performance.now() - start;
  }

  #count(transfers: number): void {
    this.#sent += transfers;
    this.#highestBacklog = Math.max(this.#highestBacklog, this.backlog);
  }

  #client(node: number): NodeClient {
    return this.#clients[node] as NodeClient;
  }

  #turn(): number {
    this.#nextNode = (this.#nextNode + 1) % this.#clients.length;
    return this.#nextNode;
  }
}
