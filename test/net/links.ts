// The links between hosts, each in one direction: what becomes of a packet, and when it arrives.

import type { Random } from '../sim/random.ts';

export interface Link {
  /** nothing passes */
  readonly cut: boolean;
  /** part of the packets that are lost, 0 to 1 */
  readonly loss: number;
  /** milliseconds; each packet takes from `delay - jitter` to `delay + jitter` */
  readonly delay: number;
  readonly jitter: number;
}

export const GOOD_LINK: Link = { cut: false, loss: 0, delay: 0, jitter: 0 };

/** Packets under way on one link: as a queue, so that none overtakes another, which TCP would take for loss. */
export class Queue<Packet> {
  #underWay: { readonly packet: Packet; readonly arrival: number }[] = [];
  #last = 0;

  get length(): number {
    return this.#underWay.length;
  }

  /** @param now milliseconds @returns when the packet arrives, or undefined when it does not. */
  add(packet: Packet, link: Link, now: number, random: Random): number | undefined {
    if (link.cut || (link.loss > 0 && random.chance(link.loss))) return undefined;
    const { delay, jitter } = link;
    const arrival = delay === 0 ? now : now + random.between(delay - jitter, delay + jitter);
    this.#last = Math.max(this.#last, arrival);
    this.#underWay.push({ packet, arrival: this.#last });
    return this.#last;
  }

  /** Those that arrive by then, in order: timers may come early by less than a millisecond, and in another order. */
  take(time: number): Packet[] {
    const rest = this.#underWay.findIndex(({ arrival }) => arrival > time);
    return this.#underWay.splice(0, rest < 0 ? this.#underWay.length : rest).map(({ packet }) => packet);
  }
}
