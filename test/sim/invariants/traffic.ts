// A node whose chain stands still must not flood the network: what it hands to the network in a second is bounded.

import { InvariantViolation } from './violation.ts';

export interface TrafficBounds {
  /** ms without a new Final after which a node counts as stalled */
  readonly stalledAfter: number;
  /** handed out in one second of a standstill, every copy for a neighbour counted */
  readonly messages: number;
  readonly bytes: number;
}

interface Meter {
  finalizedAt: number;
  second: number;
  messages: number;
  bytes: number;
}

export class TrafficRules {
  readonly #bounds: TrafficBounds;
  readonly #meters = new Map<number, Meter>();
  /** the busiest second of a stalled node */
  readonly busiest = { messages: 0, bytes: 0 };

  constructor(bounds: TrafficBounds) {
    this.#bounds = bounds;
  }

  /** @param now ms */
  finalized(node: number, now: number): void {
    this.#meter(node, now).finalizedAt = now;
  }

  /** @throws {InvariantViolation} */
  sent(node: number, bytes: number, now: number): void {
    const meter = this.#meter(node, now);
    const { stalledAfter, ...bounds } = this.#bounds;
    const second = Math.floor(now / 1000);
    if (meter.second !== second) {
      meter.second = second;
      meter.messages = 0;
      meter.bytes = 0;
    }
    if (now - meter.finalizedAt < stalledAfter) return;
    meter.messages++;
    meter.bytes += bytes;
    this.busiest.messages = Math.max(this.busiest.messages, meter.messages);
    this.busiest.bytes = Math.max(this.busiest.bytes, meter.bytes);
    if (meter.messages <= bounds.messages && meter.bytes <= bounds.bytes) return;
    throw new InvariantViolation(
      'traffic',
      `node ${node} sent ${meter.messages} messages of ${meter.bytes} bytes within a second of a standstill`,
    );
  }

  #meter(node: number, now: number): Meter {
    let meter = this.#meters.get(node);
    if (meter === undefined) {
      meter = { finalizedAt: now, second: 0, messages: 0, bytes: 0 };
      this.#meters.set(node, meter);
    }
    return meter;
  }
}
