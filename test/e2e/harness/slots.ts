// How long slots take, as one node tells of them over its WebSocket.

import { WebSocket } from 'ws';

interface SlotEvent {
  readonly type: string;
  readonly slot: number;
}

export class SlotWatch {
  readonly #socket: WebSocket;
  /** by slot: when it was entered, `performance.now()` */
  readonly #entered = new Map<number, number>();
  readonly #skipped = new Set<number>();
  #count = 0;

  constructor(wsUrl: string) {
    this.#socket = new WebSocket(wsUrl);
    this.#socket.on('open', () => this.#socket.send('{"id":1,"method":"subscribe","params":["consensus_events"]}'));
    this.#socket.on('message', (text) => {
      const { method, params } = JSON.parse(String(text)) as { method?: string; params?: { data: SlotEvent } };
      if (method === 'event' && params !== undefined) this.#take(params.data);
    });
    this.#socket.on('error', () => undefined); // the node has ended: then there is nothing more to tell
  }

  /** slots entered */
  get count(): number {
    return this.#count;
  }

  /** Milliseconds that each slot took which ended without a block, oldest first. */
  get skipped(): number[] {
    const took = [...this.#skipped].map(
      (slot) => (this.#entered.get(slot + 1) ?? NaN) - (this.#entered.get(slot) ?? NaN),
    );
    return took.filter((milliseconds) => !Number.isNaN(milliseconds));
  }

  /** Counts anew from now. */
  forget(): void {
    this.#entered.clear();
    this.#skipped.clear();
    this.#count = 0;
  }

  close(): void {
    this.#socket.terminate();
  }

  #take({ type, slot }: SlotEvent): void {
    if (type === 'skipped') this.#skipped.add(slot);
    if (type !== 'slot_entered') return;
    this.#entered.set(slot, performance.now());
    this.#count++;
  }
}
