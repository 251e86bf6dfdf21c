// One client's subscription to one channel. Those fed by blocks hold a cursor, the next height to tell of: every block
// is told of once and in order, whether it is read from the chain or comes as an event.

import type { BlockReader } from '../blocks.ts';
import { type BlockChannel, BlockEvents } from './channels.ts';

/** How a subscription reaches its client. */
export interface Outlet {
  /** Queues an event; a client that does not keep up may be dropped here. */
  event(subscription: Subscription, height: number | undefined, data: string): void;
  /** Resolves when the client has taken most of what was queued, or is gone. */
  drained(): Promise<void>;
  /** Ends the subscription and says why. */
  end(subscription: Subscription, reason: string): void;
  fail(subscription: Subscription, error: unknown): void;
}

export class Subscription {
  readonly name: string;
  /** of the last event; counts from 1 without gaps */
  seq = 0;
  /** of the block of the last event */
  height: number | undefined;

  constructor(name: string) {
    this.name = name;
  }
}

export interface BlockSource {
  readonly blocks: Pick<BlockReader, 'scan'>;
  /** the newest finalized height */
  head(): number;
}

export class BlockSubscription extends Subscription {
  readonly #channel: BlockChannel;
  readonly #source: BlockSource;
  readonly #outlet: Outlet;
  #next: number;
  /** While it reads from the chain it takes no events: it will come to those blocks. */
  #reading = true;
  #ended = false;

  /** @param next the first height to tell of; may lie in the past or the future. */
  constructor(name: string, channel: BlockChannel, next: number, source: BlockSource, outlet: Outlet) {
    super(name);
    this.#channel = channel;
    this.#next = next;
    this.#source = source;
    this.#outlet = outlet;
  }

  get next(): number {
    return this.#next;
  }

  /** Call once, when the client knows that it is subscribed. */
  begin(): void {
    this.#catchUp().catch((error: unknown) => this.#outlet.fail(this, error));
  }

  end(): void {
    this.#ended = true;
  }

  /** A block was finalized. */
  onBlock(events: BlockEvents): void {
    if (this.#ended || this.#reading || events.height < this.#next) return;
    if (events.height === this.#next) this.#tell(events);
    else this.begin();
  }

  async #catchUp(): Promise<void> {
    this.#reading = true;
    while (this.#next <= this.#source.head()) {
      const block = await this.#source.blocks.scan(this.#next);
      if (this.#ended) return;
      if (block === undefined) {
        this.#outlet.end(this, `this node has no block at height ${this.#next}`);
        return;
      }
      this.#tell(new BlockEvents(block));
      await this.#outlet.drained();
      if (this.#ended) return;
    }
    this.#reading = false;
  }

  #tell(events: BlockEvents): void {
    for (const data of events.of(this.#channel)) {
      if (this.#ended) return;
      this.#outlet.event(this, events.height, data);
    }
    this.#next = events.height + 1;
  }
}
